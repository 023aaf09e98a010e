"""Reading an answer's body without ever holding more than was agreed.

Unpacking is ours, because a common decoder turns one small packed piece into as many bytes as its sender likes.
"""

import zlib
from collections.abc import AsyncIterable, Mapping

from core.connectors.faults import ConnectFailed, TooLarge

MAX_BODY_BYTES = 5_000_000  # CONNECTORS rule 11: 5 MB, after unpacking


class _Gzip:
    """Unpacks gzip, member after member, never beyond `room` bytes at a time."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._fed = False

    def feed(self, packed: bytes, room: int) -> bytes:
        """Return what `packed` unpacks to; more than `room` bytes mean that there is too much."""
        self._fed = self._fed or bool(packed)
        out = bytearray()
        while packed and len(out) <= room:
            if self._member.eof:
                if packed[:1] != b"\x1f":  # padding after the last member is legal
                    break
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            out += self._member.decompress(packed, room + 1 - len(out))
            packed = self._member.unconsumed_tail or self._member.unused_data
        return bytes(out)

    @property
    def complete(self) -> bool:
        """Whether the last member was read to its end."""
        return self._member.eof or not self._fed


async def read_body(
    pieces: AsyncIterable[bytes], headers: Mapping[str, str], host: str, limit: int = MAX_BODY_BYTES
) -> bytes:
    """Return the unpacked body, at most `limit` bytes.

    `headers` have lower-case names; `host` only names the culprit. Raises `TooLarge` (at once if Content-Length says
    so) and `ConnectFailed` when the body is packed in a way we did not ask for, or badly.
    """
    length = headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > limit):
        raise TooLarge(f"{host} sends more than {limit // 1_000_000} MB")
    unpack = _unpacker(headers.get("content-encoding", ""), host)
    body = bytearray()
    try:
        async for piece in pieces:
            body += piece if unpack is None else unpack.feed(piece, limit - len(body))
            if len(body) > limit:
                raise TooLarge(f"{host} sends more than {limit // 1_000_000} MB")
    except zlib.error as err:
        raise ConnectFailed(f"{host}: the answer is badly packed", again=True) from err
    if unpack is not None and not unpack.complete:
        raise ConnectFailed(f"{host}: the answer was cut off", again=True)
    return bytes(body)


def _unpacker(encoding: str, host: str) -> _Gzip | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return _Gzip()
        case _:
            raise ConnectFailed(f"{host}: the answer is packed in a way that was not asked for")
