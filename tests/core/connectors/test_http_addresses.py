"""The HTTP client without sockets: where it may go, by itself, by the operator's word, by a redirect."""

import traceback

import httpx
import pytest

from core.connectors.http import (
    Refused,
    TooManyRedirects,
)
from tests.core.connectors.http_pretended import BLOG, MASTODON, SECRET, Server, manifest, to

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
