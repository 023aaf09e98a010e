"""Where the files of tests live when there is memory for them: what no test keeps need not reach a disk."""

import os
import shutil
from functools import cache
from pathlib import Path

NEEDED = 4 * 1024**3  # bytes free; a run of the whole suite, PostgreSQL and all, fills a tenth of it


@cache
def folder() -> Path | None:
    """The folder that Linux keeps in memory, or None where it is missing, small or not ours to write to."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or not os.access(shared, os.W_OK | os.X_OK):
        return None
    return shared if shutil.disk_usage(shared).free > NEEDED else None
