"""The HTTP client without sockets: what is sent, what comes back, what never shows."""

import gzip
import json
import logging
import traceback
from typing import Any

import httpx
import pytest
import structlog

from core.connectors.http import (
    Answer,
    ConnectFailed,
    HttpError,
    Refused,
    TooLarge,
)
from tests.core.connectors.http_pretended import SECRET, Reply, Server, manifest, to

# --- what is sent -----------------------------------------------------------------------------------------------------


async def test_a_path_is_read_beneath_the_base_with_its_parameters() -> None:
    server = Server()
    answer = await server.scoped().get("users/glow", params={"ids": ["a", "b c"], "limit": 100, "raw": True})
    assert str(server.seen[0].url) == "https://api.example.com/v1/users/glow?ids=a&ids=b+c&limit=100&raw=true"
    assert answer.url == "https://api.example.com/v1/users/glow"


async def test_parameters_join_a_query_that_is_there() -> None:
    server = Server()
    await server.scoped().get("search?type=a", params={"q": "x&y=ü"})
    assert dict(server.seen[0].url.params) == {"type": "a", "q": "x&y=ü"}


async def test_every_request_says_who_we_are_and_asks_for_gzip_only() -> None:
    server = Server()
    await server.scoped().get("a", headers={"Authorization": "Bearer x", "ACCEPT": "application/json"})
    headers = server.seen[0].headers
    assert headers["user-agent"] == "Clout/0.1 (+https://clout.example)"
    assert headers["accept-encoding"] == "gzip"
    assert headers["accept"] == "application/json"
    assert headers["authorization"] == "Bearer x"
    assert headers["host"] == "api.example.com"


async def test_posts_carry_json_or_a_form() -> None:
    server = Server()
    await server.scoped().post("a", json={"name": "ü"})
    await server.scoped().post("a", form={"grant_type": "client_credentials", "scope": "a b"})
    first, second = server.seen
    assert json.loads(first.content) == {"name": "ü"}
    assert first.headers["content-type"] == "application/json"
    assert second.content == b"grant_type=client_credentials&scope=a+b"
    assert second.headers["content-type"] == "application/x-www-form-urlencoded"
    assert second.headers["content-length"] == str(len(second.content))


async def test_no_cookie_is_kept_or_shown() -> None:
    server = Server(httpx.Response(200, headers={"set-cookie": f"session={SECRET}"}))
    client = server.scoped()
    answer = await client.get("a")
    await client.get("a")
    assert "cookie" not in server.seen[1].headers
    assert SECRET not in str(answer.headers)


@pytest.mark.parametrize(
    "value", [f"Bearer {SECRET}\n", f"Bearer {SECRET}\r\nHost: evil", f" {SECRET}", f"{SECRET}ü", f"{SECRET}\0"]
)
async def test_a_header_that_cannot_be_sent_is_refused_without_being_shown(value: str) -> None:
    server = Server()
    with pytest.raises(Refused, match="authorization") as caught:
        await server.scoped().get("a", headers={"Authorization": value})
    assert SECRET not in str(caught.value)
    assert server.seen == []


# --- what comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204, 300, 304, 400, 401, 403, 404, 410, 418, 429, 500, 501, 505])
async def test_any_status_is_an_answer_and_asked_for_once(status: int) -> None:
    server = Server(httpx.Response(status, text="no", headers={"Retry-After": "1"}))
    answer = await server.scoped().get("a")
    assert (answer.status, answer.headers["retry-after"]) == (status, "1")
    assert len(server.seen) == 1


async def test_header_names_are_lower_case_and_repeated_ones_joined() -> None:
    headers = [(b"Link", b"<a>"), (b"LINK", b"<b>"), (b"X-Thing", "ü".encode("latin-1"))]
    server = Server(httpx.Response(200, headers=headers))
    answer = await server.scoped().get("a")
    assert answer.headers["link"] == "<a>, <b>"
    assert answer.headers["x-thing"] == "ü"


def packed_as(encoding: str, body: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-encoding": encoding}, stream=httpx.ByteStream(body))


async def test_packed_answers_are_unpacked() -> None:
    packed = gzip.compress(b'{"a":') + gzip.compress(b"1}") + b"\0\0"
    server = Server(lambda _: packed_as("GZip", packed))
    assert (await server.scoped().get("a")).json() == {"a": 1}


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"abc"), ("gzip, gzip", b"abc"), ("gzip", b"not gzip at all"), ("gzip", gzip.compress(b"a" * 999)[:-12])],
    ids=["not-asked-for", "twice", "no-gzip", "cut-off"],  # gzip holds the time, so the bytes would differ by worker
)
async def test_badly_packed_answers_are_failed_connections(encoding: str, body: bytes) -> None:
    server = Server(lambda _: packed_as(encoding, body))
    with pytest.raises(ConnectFailed):
        await server.scoped().get("a")


async def test_an_empty_answer_may_call_itself_packed() -> None:
    server = Server(httpx.Response(304, headers={"content-encoding": "gzip"}))
    assert (await server.scoped().get("a")).body == b""


async def test_a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    server = Server(lambda request: httpx.Response(200, content=b"x" * int(request.url.params["n"])))
    client = server.client(max_body_bytes=1000).scoped(manifest())
    assert len((await client.get("a", params={"n": 1000})).body) == 1000
    with pytest.raises(TooLarge):
        await client.get("a", params={"n": 1001})


def answered(body: bytes, content_type: str = "") -> Answer:
    return Answer(200, {"content-type": content_type}, body, "https://api.example.com/a")


def test_text_follows_the_declared_charset_and_never_fails() -> None:
    assert answered("ü".encode("latin-1"), "text/html; Charset=ISO-8859-1").text == "ü"
    assert answered("ü".encode(), 'text/html; charset="utf-8"').text == "ü"
    assert answered("ü".encode()).text == "ü"
    for charset in ("klingon", "base64", "rot13", "idna", "undefined", "unicode_escape"):
        assert isinstance(answered(b"\xff\xfe\x80", f"text/plain; charset={charset}").text, str)


def test_the_content_type_comes_without_parameters() -> None:
    assert answered(b"", "Application/JSON ; charset=utf-8").content_type == "application/json"
    assert Answer(200, {}, b"", "").content_type == ""


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"a": NaN}', b"[Infinity]", b"\xff\xfe\xff", b"[" * 100_000, b"9" * 5000]
)
def test_what_is_not_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's
        answered(body).json()


def test_json_may_begin_with_a_mark_of_its_byte_order() -> None:
    assert answered(b'\xef\xbb\xbf{"a":1}').json() == {"a": 1}


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, text=SECRET, headers={"x-echo": SECRET}), httpx.Response(503, text=SECRET),
        httpx.ReadTimeout("no"), httpx.ReadError("no"), to("https://evil.example/?key=" + SECRET),
        to(f"https://api.example.com/loop?key={SECRET}"), httpx.Response(200, headers={"content-encoding": "br"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post"])
async def test_no_secret_is_logged_or_shown(reply: Reply, method: str, caplog: pytest.LogCaptureFixture) -> None:
    client = Server(reply).scoped()
    own: dict[str, Any] = {"form": {"client_secret": SECRET}} if method == "post" else {}
    shown = [repr(client), str(client)]
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as lines:
        try:
            ask = getattr(client, method)
            answer = await ask("a", params={"key": SECRET}, headers={"Authorization": f"Bearer {SECRET}"}, **own)
            shown += [repr(answer), str(answer)]
        except HttpError as err:
            shown += [repr(err), *traceback.format_exception(err)]
    shown += [str(line) for line in lines] + [record.getMessage() for record in caplog.records]
    assert not [text for text in shown if SECRET in text]
