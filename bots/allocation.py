"""How glibc keeps memory in a process that runs for weeks; docs/decisions/008 tells what it is worth.

Elsewhere (musl, macOS, Windows) nothing changes: those have no such settings, and Clout runs all the same.
"""

import ctypes
import sys

# the numbers of mallopt(3), from glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8

_OF_ITS_OWN = 256 << 10  # bytes from which a block is mapped alone, and given back as soon as it is freed
_LEFT_FREE = 4 << 20  # bytes at the top of the heap kept for the next need: with less it goes and comes with each crowd
_ARENAS = 1  # Python's threads take turns anyway; each further arena keeps room that nobody else can use


def keep_small() -> bool:
    """Share one arena among all threads and give large blocks back; call it before threads start. True where it took.

    Without it glibc has an arena for each of a dozen threads, and raises its threshold with every picture freed, so
    that the next ones leave holes in the heap.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = {_ARENA_MAX: _ARENAS, _MMAP_THRESHOLD: _OF_ITS_OWN, _TRIM_THRESHOLD: _LEFT_FREE}
    taken = [mallopt(name, value) == 1 for name, value in settings.items()]
    return all(taken)
