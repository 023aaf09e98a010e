"""Orders to `tests/jobs/zygote.py`: any number at a time, each a process of its own that may be killed."""

import atexit
import itertools
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

PATIENCE_S = 180.0  # longer than any order takes on a busy machine


class Zygote:
    """The process that forks a Clout for each order."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._numbers = itertools.count()
        self._waiting: dict[int, SimpleQueue[dict[str, Any]]] = {}
        self._line = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            self._waiting.pop(told.pop("number")).put(told)

    def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry an order out and return what its process said at the end, and the signal that killed it."""
        number, answer = next(self._numbers), SimpleQueue[dict[str, Any]]()
        self._waiting[number] = answer
        assert self._process.stdin is not None
        with self._line:
            self._process.stdin.write(json.dumps({**order, "number": number}) + "\n")
            self._process.stdin.flush()
        return answer.get(timeout=PATIENCE_S)


@cache
def the_zygote() -> Zygote:
    """The one of this test process, started when the first test wants it; it ends with it."""
    root = Path(__file__).parents[2]
    clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    given = [sys.executable, "-m", "tests.jobs.zygote"]
    process = subprocess.Popen(given, cwd=root, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)  # closes its orders, at which it ends
    return Zygote(process)
