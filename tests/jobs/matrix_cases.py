"""Every fault that jobs survive, as it stands in docs/operate.md: what is broken, and what is seen of it."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    """One row of the table; `only` is the database that alone knows such a fault."""

    name: str
    fault: str
    outcome: str
    only: str = ""


CASES = {
    case.name: case
    for case in (
        Case("before-claim", "kill -9 before a delivery is claimed", "posted once after the restart"),
        Case("after-claim", "kill -9 after the claim, before sending", "posted once when the claim has run out"),
        Case("after-send", "kill -9 after sending", "posted once; `digest status` says that its fate is unknown"),
        Case("before-mark", "kill -9 before the sent one is marked", "posted once; `digest status` says it is unknown"),
        Case("inbox-after-send", "kill -9 after sending to the terminal's inbox", "there once, marked as sent"),
        Case("before-fetch", "kill -9 before a refresh asks the network", "read and recorded after the restart"),
        Case("after-fetch", "kill -9 after fetching, before recording", "read again and recorded after the restart"),
        Case("after-record", "kill -9 after recording", "nobody is asked twice; nothing is recorded twice"),
        Case("alert-after-record", "kill -9 after a reading, before its watches are judged", "alerted once"),
        Case("alert-before-claim", "kill -9 after a watch fired, before its alert is sent", "alerted once"),
        Case("alert-after-send", "kill -9 after an alert is sent, before the mark", "there once, marked as unknown"),
        Case("disk-full", "the disk is full", "nothing half written; all is caught up when there is room"),
        Case("network-429", "a network answers 429 for an hour", "left alone until it said; every score stays"),
        Case("slack-5xx", "Slack answers 503 to everything", "not sent again blindly; `digest status` says unknown"),
        Case("platform-down", "a platform is down for less than a day", "posted once when it is back, marked as late"),
        Case("clock-back", "the clock steps back one hour", "nothing is posted twice, nothing waits for ever"),
        Case(
            "server-restarts",
            "the database server is stopped and started again",
            "posted once; no score is lost",
            "PostgreSQL",
        ),
        Case(
            "server-away",
            "a worker is cut off from the database, and back later",
            "others go on, nothing doubles",
            "PostgreSQL",
        ),
        Case(
            "worker-frozen",
            "a process stands still past its lease and wakes",
            "posted once, by the one who took over",
            "PostgreSQL",
        ),
        Case(
            "worker-gone",
            "a worker dies and never returns",
            "another takes its jobs over within 4 minutes",
            "PostgreSQL",
        ),
        Case("two-senders", "two `clout run` with one token", "one posts; the other waits for its lease", "PostgreSQL"),
        Case(
            "second-process",
            "a second process on the same SQLite file",
            "refuses to start and names the first",
            "SQLite",
        ),
    )
}


def noting(database: str) -> Iterator[Callable[[str], None]]:
    """Yield what notes a case, for the table in docs/operate.md; only a test that passed to its end is written down."""
    held: list[str] = []
    yield held.append
    path = os.environ.get("CLOUT_MATRIX")
    for name in held:
        assert name in CASES
        if path:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps({**CASES[name]._asdict(), "database": database}) + "\n")
