"""The HTTP client without sockets: what may be called, what is sent, what is followed, what is tried again."""

import asyncio
import gzip
import json
import logging
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import httpcore
import httpx
import pytest
import structlog

from core.connectors.http import (
    Answer,
    ConnectFailed,
    HttpClient,
    HttpError,
    Refused,
    Requests,
    TimedOut,
    TooLarge,
    TooManyRedirects,
)
from core.models import HandleRule, Manifest

RULE = HandleRule(pattern=".+", hint="", example="glow")
SECRET = "s3cr3t-t0ken"
Reply = httpx.Response | Exception


def manifest(**fields: Any) -> Manifest:
    own = {"hosts": ("api.example.com", "*.cdn.example.com"), "base_url": "https://api.example.com/v1/"}
    return Manifest(name="example", label="Example", handles=RULE, **(own | fields))


BLOG = manifest(hosts=(), base_url="https://{instance}/", follow_hosts=True, allow_http=True)
MASTODON = manifest(hosts=(), base_url="https://{instance}/api/v1/", follow_hosts=True)


class Server:
    """Answers with the given replies one after the other (the last one for ever) and remembers the requests."""

    def __init__(self, *replies: Reply | Callable[[httpx.Request], Reply]) -> None:
        self.replies = list(replies or [httpx.Response(200, json={})])
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(reply):
            reply = reply(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def client(self, **options: Any) -> HttpClient:
        return HttpClient(user_agent="Clout/0.1 (+https://clout.example)", transport=httpx.MockTransport(self),
                          **({"retry_wait": 0.0} | options))  # fmt: skip

    def scoped(self, of: Manifest | None = None, **scope: Any) -> Requests:
        return self.client().scoped(of or manifest(), **scope)


def to(location: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"location": location})


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


# --- where we may go --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a", "https://api.example.com.evil.example/", "https://evilcdn.example.com/",
        "http://api.example.com/a", "https://api.example.com:8443/a", "https://api.example.com:22/",
        f"https://user:{SECRET}@api.example.com/a", "https://api.example.com@evil.example/", "ftp://api.example.com/a",
        "file:///etc/passwd", "https:///a", "https://127.0.0.1/", "https://[::1]/", "https://localhost/",
        "https://api.example.com:99999999/", "https://api.example.com:x/", f"https://exa mple.com/?key={SECRET}",
        "https://\x00/", "https://" + "a" * 70_000, "https://\ud800.example/", "gopher://api.example.com/",
        "https://api.example.com\\@evil.example/",
    ],
)  # fmt: skip
async def test_other_addresses_are_refused_before_anything_is_sent(url: str) -> None:
    server = Server()
    with pytest.raises(Refused) as caught:
        await server.scoped().get(url)
    assert server.seen == []
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url", ["https://api.example.com/b", "HTTPS://API.Example.com:443/b", "https://x.y.cdn.example.com/"]
)
async def test_the_manifests_own_hosts_are_open(url: str) -> None:
    assert (await Server().scoped().get(url)).status == 200


@pytest.mark.parametrize("path", ["../admin", "users/../../x", "a/..", "a/./b", "%2e%2E/x", "a/.%2e?b", "..#x"])
async def test_a_path_may_not_climb(path: str) -> None:
    server = Server()
    with pytest.raises(Refused, match="climb"):
        await server.scoped().get(path)
    assert server.seen == []


@pytest.mark.parametrize("path", ["//evil.example/x", "/a", "@evil.example/", "a/..b/c", "\\\\evil.example", ":8443/"])
async def test_a_path_cannot_leave_its_host(path: str) -> None:
    server = Server()
    await server.scoped().get(path)
    assert server.seen[0].url.host == "api.example.com"
    assert server.seen[0].url.port is None


async def test_a_surrogate_in_a_parameter_is_refused_and_not_shown() -> None:
    with pytest.raises(Refused) as caught:
        await Server().scoped().get("a", params={"q": f"{SECRET}\ud800"})
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_followers_of_links_may_name_any_public_host_in_any_script() -> None:
    server = Server()
    answer = await server.scoped(BLOG).get("http://Straße.Example/feed?x=1")
    assert answer.url == "http://xn--strae-oqa.example/feed"
    with pytest.raises(Refused, match="https only"):
        await server.scoped(MASTODON).get("http://mastodon.example/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "a.internal", "db", "evil.example/x?", "a.example@b", "", "a.example:22"]
)
def test_a_strangers_server_name_is_judged_before_it_enters_a_base(host: str) -> None:
    with pytest.raises(Refused):
        Server().scoped(MASTODON).base_for(host)


def test_one_base_for_each_instance() -> None:
    assert Server().scoped(MASTODON).base_for("social.example") == "https://social.example/api/v1/"


async def test_a_base_with_a_placeholder_wants_its_server_first() -> None:
    with pytest.raises(Refused, match="base_for"):
        await Server().scoped(MASTODON).get("accounts/lookup")


# --- the operator's overrides -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1/"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1/"),
        ("http://127.0.0.1:8000/pretend", "http://127.0.0.1:8000/pretend/"),
        ("http://[::1]:8000", "http://[::1]:8000/v1/"),
        ("https://mirror.internal", "https://mirror.internal/v1/"),
    ],
)
async def test_an_override_opens_its_host_and_takes_over_the_path(base_url: str, expected: str) -> None:
    server = Server()
    client = server.scoped(base_url=base_url)
    assert client.base == expected
    await client.get("users")
    assert str(server.seen[0].url) == f"{expected}users"


async def test_an_override_opens_nothing_else() -> None:
    client = Server().scoped(base_url="http://127.0.0.1:8000")
    for url in ("http://127.0.0.1:8001/", "http://127.0.0.2:8000/", "http://localhost:8000/", "http://127.0.0.1/"):
        with pytest.raises(Refused):
            await client.get(url)


async def test_one_scopes_override_is_closed_to_the_others() -> None:
    server = Server()
    owner = server.client()
    await owner.scoped(manifest(), base_url="http://127.0.0.1:8000").get("a")
    with pytest.raises(Refused):
        await owner.scoped(BLOG).get("http://127.0.0.1:8000/v1/a")


def test_an_override_stands_for_every_instance() -> None:
    server = Server()
    assert server.scoped(MASTODON, base_url="http://127.0.0.1:1").base_for("a.example") == "http://127.0.0.1:1/api/v1/"
    one_each = server.scoped(MASTODON, base_url="http://127.0.0.1:1/{instance}/api/v1")
    assert one_each.base_for("a.example") == "http://127.0.0.1:1/a.example/api/v1/"


async def test_an_override_with_a_strangers_host_opens_nothing() -> None:
    client = Server().scoped(MASTODON, base_url="http://{instance}/api/v2")
    with pytest.raises(Refused, match="https only"):
        await client.get(client.base_for("a.example"))


async def test_the_token_address_can_be_overridden_too() -> None:
    server = Server()
    client = server.scoped(auth_url="http://127.0.0.1:8000")
    address = client.auth_for("https://id.example.com/oauth2/token")
    assert address == "http://127.0.0.1:8000/oauth2/token"
    assert (await client.post(address, form={"a": "b"})).status == 200
    assert server.scoped().auth_for("https://id.example.com/t") == "https://id.example.com/t"


@pytest.mark.parametrize(
    "base_url",
    ["127.0.0.1:8000", "ftp://a.example", "http://", f"http://u:{SECRET}@a.example", "http://a.example/?x=1"],
)
def test_a_broken_override_says_how_to_write_it(base_url: str) -> None:
    with pytest.raises(ValueError, match="http") as caught:
        Server().scoped(base_url=base_url)
    assert SECRET not in str(caught.value)


async def test_named_exceptions_are_open_for_every_scope() -> None:
    server = Server()
    client = server.client(allow_hosts=["127.0.0.1:8000", "[::1]:9", "Feeds.Corp:80"])
    for url in ("http://127.0.0.1:8000/a", "http://[::1]:9/", "http://feeds.corp/"):
        assert (await client.scoped(manifest()).get(url)).status == 200
    with pytest.raises(Refused):
        await client.scoped(manifest()).get("http://127.0.0.1:8001/")


@pytest.mark.parametrize("entry", ["", "localhost", "localhost:", ":80", "a:b", "a:0", "a:70000"])
def test_a_broken_exception_says_how_to_write_it(entry: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        Server().client(allow_hosts=[entry])


# --- redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_and_the_last_address_is_told(status: int) -> None:
    server = Server(to("/v2/b?x=1", status), httpx.Response(200, text="there"))
    answer = await server.scoped().get("a", params={"key": SECRET}, headers={"Authorization": SECRET})
    assert answer.text == "there"
    assert answer.url == "https://api.example.com/v2/b"
    assert server.seen[1].headers["authorization"] == SECRET
    assert "key" not in server.seen[1].url.params


async def test_three_redirects_are_followed_and_not_a_fourth() -> None:
    steps = [to(f"/{n}") for n in range(4)]
    assert (await Server(*steps[:3], httpx.Response(200)).scoped().get("a")).url == "https://api.example.com/2"
    server = Server(*steps, httpx.Response(200))
    with pytest.raises(TooManyRedirects):
        await server.scoped().get("a")
    assert len(server.seen) == 4


async def test_a_redirect_without_a_destination_is_an_answer() -> None:
    assert (await Server(httpx.Response(302)).scoped().get("a")).status == 302


async def test_no_secret_crosses_to_another_host_and_none_comes_back() -> None:
    server = Server(to("https://other.example/"), to("https://blog.example/c"), httpx.Response(200))
    given = {"Authorization": SECRET, "Cookie": SECRET, "X-Api-Key": SECRET, "If-None-Match": SECRET, "Accept": "a/b"}
    await server.scoped(BLOG).get("https://blog.example/a", headers=given)
    assert SECRET in str(server.seen[0].headers.raw)
    for request in server.seen[1:]:
        assert SECRET not in str(request.headers.raw)
        assert request.headers["accept"] == "a/b"
        assert "user-agent" in request.headers
    assert [request.headers["host"] for request in server.seen] == ["blog.example", "other.example", "blog.example"]


@pytest.mark.parametrize(
    "location", ["http://blog.example/b", "https://blog.example:80/b", "https://www.blog.example/"]
)
async def test_another_scheme_or_port_is_another_host_too(location: str) -> None:
    server = Server(to(location), httpx.Response(200))
    await server.scoped(BLOG).get("https://blog.example/a", headers={"Authorization": SECRET})
    assert "authorization" not in server.seen[1].headers


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "https://localhost/", "http://[::1]/", "file:///etc",
        "https://a.example:22/", f"https://u:{SECRET}@a.example/", "https://metadata.google.internal/", "https://\x00/",
        "//127.0.0.1/", "https://2130706433/", "gopher://a.example/", "https://[::1", "http://[fe80::1%25eth0]/",
    ],
)  # fmt: skip
async def test_a_redirect_is_judged_like_a_first_address(location: str) -> None:
    server = Server(to(location))
    with pytest.raises(Refused) as caught:
        await server.scoped(BLOG).get("https://blog.example/")
    assert len(server.seen) == 1
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_a_redirect_may_not_leave_the_manifests_hosts() -> None:
    with pytest.raises(Refused, match=r"evil\.example"):
        await Server(to("https://evil.example/")).scoped().get("a")


async def test_https_is_not_left_unless_the_network_allows_http() -> None:
    with pytest.raises(Refused, match="https to http"):
        await Server(to("http://social.example/b")).scoped(MASTODON).get("https://social.example/a")
    server = Server(to("http://blog.example/b"), httpx.Response(200))
    assert (await server.scoped(BLOG).get("https://blog.example/a")).status == 200


@pytest.mark.parametrize(
    ("status", "method", "body"), [(301, "GET", b""), (303, "GET", b""), (307, "POST", b"a=b"), (308, "POST", b"a=b")]
)
async def test_a_post_keeps_its_content_only_where_it_is_asked_to(status: int, method: str, body: bytes) -> None:
    server = Server(to("/b", status), httpx.Response(200))
    await server.scoped().post("a", form={"a": "b"})
    assert (server.seen[1].method, server.seen[1].content) == (method, body)
    assert ("content-type" in server.seen[1].headers) is bool(body)


@pytest.mark.parametrize("status", [307, 308])
async def test_a_posts_content_never_goes_to_another_host(status: int) -> None:
    server = Server(to("https://x.cdn.example.com/", status))
    with pytest.raises(Refused, match="content"):
        await server.scoped().post("a", form={"client_secret": SECRET})
    assert len(server.seen) == 1


# --- second attempts --------------------------------------------------------------------------------------------------

FAULTS = [
    httpx.ConnectError("no"), httpx.ReadError("no"), httpx.RemoteProtocolError("no"), httpcore.ReadError("no"),
    httpcore.RemoteProtocolError("no"), ConnectionResetError("no"), httpcore.WriteError("no"),
]  # fmt: skip
SLOW = [httpx.ReadTimeout("no"), httpcore.ConnectTimeout("no"), httpcore.PoolTimeout("no"), TimeoutError("no")]


@pytest.mark.parametrize("fault", FAULTS + SLOW, ids=lambda fault: f"{type(fault).__module__}.{type(fault).__name__}")
async def test_a_broken_get_is_tried_twice(fault: Exception) -> None:
    server = Server(fault, httpx.Response(200))
    assert (await server.scoped().get("a")).status == 200
    assert len(server.seen) == 2


@pytest.mark.parametrize(("faults", "kind"), [(FAULTS, ConnectFailed), (SLOW, TimedOut)])
async def test_after_two_attempts_the_fault_is_told(faults: Sequence[Exception], kind: type[HttpError]) -> None:
    for fault in faults:
        server = Server(fault)
        with pytest.raises(kind, match=r"api\.example\.com"):
            await server.scoped().get("a")
        assert len(server.seen) == 2


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_busy_server_is_asked_twice_and_then_believed(status: int) -> None:
    server = Server(httpx.Response(status), httpx.Response(200))
    assert (await server.scoped().get("a")).status == 200
    server = Server(httpx.Response(status))
    assert (await server.scoped().get("a")).status == status
    assert len(server.seen) == 2


async def test_the_second_attempts_own_fault_is_told() -> None:
    with pytest.raises(ConnectFailed):
        await Server(httpx.Response(503), httpx.ConnectError("no")).scoped().get("a")
    assert (await Server(httpx.ConnectError("no"), httpx.Response(404)).scoped().get("a")).status == 404
    with pytest.raises(Refused):
        await Server(httpx.ReadError("no"), to("https://evil.example/")).scoped().get("a")


@pytest.mark.parametrize("after", ["3", "3600", "Sun, 22 Nov 2026 20:10:00 GMT", "soon"])
async def test_a_server_that_wants_a_long_pause_is_not_asked_again(after: str) -> None:
    server = Server(httpx.Response(503, headers={"Retry-After": after}))
    answer = await server.scoped().get("a")
    assert answer.headers["retry-after"] == after
    assert len(server.seen) == 1


async def test_a_short_pause_is_kept() -> None:
    server = Server(httpx.Response(503, headers={"Retry-After": "0"}), httpx.Response(200))
    assert (await server.scoped().get("a")).status == 200


@pytest.mark.parametrize("reply", [httpx.Response(503), httpx.ReadError("no"), httpx.ReadTimeout("no")])
async def test_a_post_is_never_sent_twice(reply: Reply) -> None:
    server = Server(reply)
    if isinstance(reply, Exception):
        with pytest.raises((ConnectFailed, TimedOut)):
            await server.scoped().post("a", form={"a": "b"})
    else:
        assert (await server.scoped().post("a")).status == 503
    assert len(server.seen) == 1


@pytest.mark.parametrize("reply", [httpx.Response(503), httpx.ConnectError("no")])
async def test_no_second_attempt_whose_wait_would_pass_the_deadline(reply: Reply) -> None:
    server = Server(reply)
    loop = asyncio.get_running_loop()
    client = server.client(retry_wait=30.0).scoped(manifest(), deadline=loop.time() + 5)
    began = loop.time()
    if isinstance(reply, Exception):
        with pytest.raises(ConnectFailed):
            await client.get("a")
    else:
        assert (await client.get("a")).status == 503
    assert loop.time() - began < 1
    assert len(server.seen) == 1


async def test_nothing_is_sent_after_the_deadline() -> None:
    server = Server()
    client = server.scoped(deadline=asyncio.get_running_loop().time() - 1)
    with pytest.raises(TimedOut, match="no time left"):
        await client.get("a")
    assert server.seen == []


async def test_a_cancelled_lookup_stays_cancelled() -> None:
    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    client = HttpClient(user_agent="Clout/0.1", transport=Hanging(), retry_wait=0).scoped(manifest())
    task = asyncio.create_task(client.get("a"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


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
