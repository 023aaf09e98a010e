"""Web addresses and domain names taken apart."""

import pytest

from core.addresses import display_domain, domain, looks_like_address, split_address
from core.errors import BadHandle


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://Blog.Example", "https://blog.example/"),
        ("HTTP://blog.example:80/a/", "http://blog.example/a/"),
        ("https://blog.example:443/a?b=c#d", "https://blog.example/a?b=c"),
        ("//blog.example/a", "https://blog.example/a"),
        ("blog.example./a", "https://blog.example/a"),
        ("https://blog.example/ä b"[:-2], "https://blog.example/%C3%A4"),
        ("https://blog.example/%C3%A4", "https://blog.example/%C3%A4"),
        ("https://blog.example/?u=https%3A%2F%2Fa", "https://blog.example/?u=https%3A%2F%2Fa"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    ],
)
def test_one_way_of_writing(typed: str, url: str) -> None:
    assert split_address(typed).url == url
    assert split_address(url).url == url


@pytest.mark.parametrize(
    "typed",
    [
        "ftp://blog.example/",
        "https://",
        "https://?a",
        "https://blog.example:8080/",
        "https://blog.example:/",
        "https://a:b@blog.example/",
        "https://blog.example/a b",
        "https://blog.example/../a",
        "https://blog.example/.%2E/a",
        "https://blog.example/a/..",
        "https://blog.example/a%2f..%2fb",
        "https://blog.example/%00",
        "https://blog.example/?a=%0d%0a",
        "https://blog.example/{a}",
        "https://blog.example\\@evil.example/",
        "https://10.0.0.1/",
        "https://0x7f.1/",
        "https://[fe80::1]/",
        "https://server/",
    ],
)
def test_leads_astray(typed: str) -> None:
    with pytest.raises(BadHandle):
        split_address(typed)


@pytest.mark.parametrize("text", ["x.com/a", "https:/" + "/x", "//x.com", "a.b?c", "a.b:80/"])
def test_means_an_address(text: str) -> None:
    assert looks_like_address(text)


@pytest.mark.parametrize("text", ["x.com", "u/a", "@a", "a@b.c", "../a", "x:a.b/c"])
def test_means_no_address(text: str) -> None:
    assert not looks_like_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a..b", ".a.b", "-a.b", "a-.b", "a_b.c", "1.2.3.4", "a.1", "a b.c", "x" * 64 + ".test", "xn--.test"],
)
def test_no_domain(text: str) -> None:
    with pytest.raises(BadHandle):
        domain(text)


def test_longest_domain() -> None:
    longest = ".".join(["a" * 49] * 5) + ".io"
    assert len(longest) == 252
    assert domain(longest) == longest
    with pytest.raises(BadHandle):
        domain("ab." + longest)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("social.example", "social.example"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("xn--fiqs8s.example", "中国.example"),
        ("xn--pypal-4ve.example", "xn--pypal-4ve.example"),
        ("xn--80ak6aa92e.example", "xn--80ak6aa92e.example"),
        ("xn--zzzzzzzz.example", "xn--zzzzzzzz.example"),
    ],
)
def test_shown_in_its_own_letters_only_where_they_cannot_deceive(name: str, shown: str) -> None:
    assert display_domain(name) == shown
