"""`python -m sandbox`: run the pretend internet until it is interrupted."""

import argparse
import asyncio
import contextlib
import sys
from datetime import datetime

from sandbox.control import describe
from sandbox.server import Sandbox


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A pretend internet on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one (default: 8765)")
    parser.add_argument("--seed", type=int, default=20, help="another seed makes another world (default: 20)")
    parser.add_argument("--start", type=datetime.fromisoformat, help="stand still at this moment, with time zone")
    parser.add_argument("--crowd", type=int, default=0, help="so many plain accounts more, for load")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    async with Sandbox(arguments.seed, arguments.start, port=arguments.port, crowd=arguments.crowd) as box:
        lines = [f"{name}={value}" for name, value in box.env().items()]
        people = [f"{one['slug']:13} {one['shows']}" for one in describe(box)]
        sys.stdout.write("\n".join([f"Sandbox on {box.origin}", *lines, "", *people, "Ctrl-C ends it.", ""]))
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Run until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(_arguments()))


if __name__ == "__main__":
    main()
