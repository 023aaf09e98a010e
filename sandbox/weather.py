"""Plays an answer on the wire, in good and in bad weather."""

import asyncio
import gzip
import json
from typing import Any

from sandbox.asgi import Send
from sandbox.wire import JSON_TYPE, Answer, Ask, Network, as_html

HUGE_BYTES = 8 * 1024 * 1024  # above every sensible cap
PRIVATE = "http://169.254.169.254/latest/meta-data/"
AWAY = "http://elsewhere.example/"
ODD_NUMBERS: tuple[Any, ...] = (-1, "12k", None, 1e30, 3.5, True, [], "7")


def transformed(kind: str, answer: Answer) -> Answer | None:
    """Return the answer a body-changing fault makes of a good one; None for other faults."""
    if kind in ("changed", "odd_counts"):
        if answer.status != 200 or b"html" in answer.wire_headers[0][1]:
            return answer
        value = json.loads(answer.body)
        return _as(answer, _renamed_keys(value) if kind == "changed" else _odd(value))
    if kind == "not_json":
        return Answer(200, b'{"oops": \xff\xfe', (("content-type", JSON_TYPE),))
    if kind == "empty":
        return Answer(200, b"", (("content-type", JSON_TYPE),))
    if kind == "html":
        return as_html("Bad gateway", 502)
    if kind == "html200":
        return as_html("We are improving things for you", 200)
    return None


def _as(answer: Answer, value: object) -> Answer:
    return Answer(answer.status, json.dumps(value).encode(), answer.headers)


def _renamed_keys(value: Any) -> Any:
    """Return the same answer as a careless new version would give it: other names, lists wrapped."""
    if isinstance(value, list):
        return {"items": [_renamed_keys(item) for item in value]}
    if isinstance(value, dict):
        return {f"{key}V2": item for key, item in value.items()}
    return value


def _odd(value: Any, place: int = 0) -> Any:
    """Return the same shape with every number replaced by something that is no count."""
    if isinstance(value, dict):
        return {
            key: item if key == "id" else _odd(item, place + number) for number, (key, item) in enumerate(value.items())
        }
    if isinstance(value, list):
        return [_odd(item, place + number) for number, item in enumerate(value)]
    if isinstance(value, int) and not isinstance(value, bool):
        return ODD_NUMBERS[place % len(ODD_NUMBERS)]
    return value


def redirected(kind: str, here: str) -> Answer | None:
    """Return a redirect to a private address, to another host or to itself; None for other faults."""
    target = {"redirect_private": PRIVATE, "redirect_away": AWAY, "redirect_loop": here}.get(kind)
    return None if target is None else Answer(302, b"", (("location", target),))


def paged(network: Network, ask: Ask, kind: str) -> Answer | Ask | None:
    """Return what a paging fault does: an answer, another question, or None."""
    if kind == "bad_cursor" and network.has_cursor(ask):
        return network.broken(500, ask)
    return network.first_page(ask) if kind == "repeat_page" else None


async def send_dripping(send: Send, answer: Answer, ms: int, stopping: asyncio.Event) -> None:
    """Send the body byte by byte, with a pause after each, until it ends or the sandbox stops."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.wire_headers})
    for byte in answer.body:
        if stopping.is_set():
            return
        await send({"type": "http.response.body", "body": bytes((byte,)), "more_body": True})
        await asyncio.sleep(ms / 1000)
    await send({"type": "http.response.body", "body": b""})


async def send_truncated(send: Send, answer: Answer) -> None:
    """Promise the whole body and hang up after half of it."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.wire_headers})
    half = answer.body[: len(answer.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})


async def send_huge(send: Send) -> None:
    """Send eight megabytes of valid JSON without saying how long it is."""
    headers = [(b"content-type", JSON_TYPE.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"pad":"', "more_body": True})
    for _ in range(HUGE_BYTES // 65_536):
        await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
    await send({"type": "http.response.body", "body": b'"}'})


def bomb() -> Answer:
    """Return a small gzip body that unpacks to 32 MB."""
    packed = gzip.compress(b'{"pad":"' + b"x" * (32 * 1024 * 1024) + b'"}', 9, mtime=0)
    return Answer(200, packed, (("content-type", JSON_TYPE), ("content-encoding", "gzip")))
