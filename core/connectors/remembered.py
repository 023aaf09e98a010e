"""The last answers of servers that can tell whether they would still give the same, so that they need not send it.

Kept in memory for as long as the process lives, the least used given up first. What a server says is unchanged was
confirmed at that moment: an answer is as fresh as if it had come again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from core.connectors.answers import Answer

NOT_MODIFIED = 304
MOST_BYTES = 16_000_000  # of bodies altogether
LARGEST = 2_000_000  # of one body

_CONDITION = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,299}")
Key = tuple[str, tuple[tuple[str, str], ...]]
"""What was asked: the address and all headers, which say who asks and for what."""


@dataclass(frozen=True, slots=True)
class Known:
    """An answer, and the headers that ask for another one only if it is another one (RFC 9110, 13.1.2 and 13.1.3)."""

    answer: Answer
    conditions: Mapping[str, str]

    def still(self, told: Answer) -> Answer:
        """Return the answer as the server confirms it, with the headers that it sent now (RFC 9110, 15.4.5)."""
        return replace(self.answer, headers={**self.answer.headers, **told.headers})


class Remembered:
    """Answers by what was asked, at most so many bytes of them."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._known: dict[bytes, Known] = {}  # what was not used for longest comes first
        self._bytes = 0

    def get(self, key: Key) -> Known | None:
        """Return what is known of a question; None where nothing is."""
        digest = _digest(key)
        known = self._known.pop(digest, None)
        if known is not None:
            self._known[digest] = known
        return known

    def put(self, key: Key, answer: Answer) -> Answer:
        """Keep an answer that can be asked about again, in place of what was known; returns the answer."""
        digest, conditions = _digest(key), _conditions(answer)
        self._drop(digest)
        if answer.status == 200 and conditions and len(answer.body) <= LARGEST:
            self._known[digest] = Known(answer, conditions)
            self._bytes += len(answer.body)
        while self._bytes > self._most:
            self._drop(next(iter(self._known)))
        return answer

    def _drop(self, digest: bytes) -> None:
        known = self._known.pop(digest, None)
        if known is not None:
            self._bytes -= len(known.answer.body)


def _digest(key: Key) -> bytes:
    """Return what stands for a question; no key of a network is a key that somebody prints."""
    return sha256(repr(key).encode()).digest()


def _conditions(answer: Answer) -> dict[str, str]:
    given = {"if-none-match": answer.headers.get("etag"), "if-modified-since": answer.headers.get("last-modified")}
    return {name: value for name, value in given.items() if value and _CONDITION.fullmatch(value)}
