"""The fediverse's own dialects: whose home is where, which page is next, which token is whose."""

import json

import pytest

from core.connectors.answers import Answer
from core.connectors.fediverse import Finger, Place, host_of, is_last, next_cursor, server_name, server_tokens

HERE = "https://pond.example/api/v1/accounts/1/statuses"


def page(link: str | None, url: str = HERE) -> Answer:
    return Answer(200, {} if link is None else {"link": link}, b"[]", url)


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        (None, None),
        ("", None),
        (f'<{HERE}?limit=40&max_id=77>; rel="next"', "77"),
        (f'<{HERE}?min_id=99>; rel="prev", <{HERE}?max_id=77&limit=40>; rel=next', "77"),
        (f"<{HERE}?max_id=a_B-9.~=>;REL=NEXT;title=more", "a_B-9.~="),
        ("</api/v1/accounts/1/statuses?max_id=77>; rel=next", "77"),
        ('<http://pond.example/x?max_id=77>; rel="next"', "77"),  # behind a proxy that hides its https
        (f'<{HERE}?min_id=99>; rel="prev"', None),
        (f'<{HERE}?limit=40>; rel="next"', None),
        (f'<{HERE}?max_id=>; rel="next"', None),
        (f'<{HERE}?max_id=..%2F..%2Fapps>; rel="next"', None),
        (f"<{HERE}?max_id={'7' * 101}>; rel=next", None),
        ('<https://trap.example/api?max_id=77>; rel="next"', None),
        ('<https://pond.example@trap.example/api?max_id=77>; rel="next"', None),
        ('<https://[/api?max_id=77>; rel="next"', None),
        (f'<{HERE}?max_id=77>; rel="nextish"', None),
        ("<" * 5_000, None),
        ("; rel=" * 5_000, None),
    ],
)
def test_next_page(link: str | None, cursor: str | None) -> None:
    assert next_cursor(page(link)) == cursor


@pytest.mark.parametrize(
    ("link", "items", "last"),
    [
        (None, 0, True),
        (None, 19, True),
        (None, 20, False),
        (f'<{HERE}?min_id=9>; rel="prev"', 40, True),
        ('<https://trap.example/?max_id=7>; rel="next"', 3, False),
        ('<https://trap.example/?max_id=7>; rel="next"', 0, True),
    ],
)
def test_last_page(link: str | None, items: int, last: bool) -> None:
    assert is_last(page(link), items, 20) is last


def finger(subject: str, *links: tuple[str, str | None, str]) -> Finger:
    rows = [{"rel": rel, "type": kind, "href": href} for rel, kind, href in links]
    return Finger.model_validate_json(json.dumps({"subject": subject, "links": rows}))


ACTOR = ("self", "application/activity+json", "https://web.pond.example/users/mara")
PAGE = ("http://webfinger.net/rel/profile-page", "text/html", "https://page.example/@mara")


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (finger("acct:mara@pond.example", PAGE, ACTOR), Place("web.pond.example", "mara@pond.example")),
        (finger("acct:Mara@Pond.Example", ACTOR), Place("web.pond.example", "mara@pond.example")),
        (finger("acct:mara@pond.example", PAGE), Place("page.example", "mara@pond.example")),
        (finger("acct:marabel@web.pond.example", ACTOR), Place("web.pond.example", "marabel@web.pond.example")),
        (finger("acct:mara@famous.example", ACTOR), Place("web.pond.example", "mara@web.pond.example")),
        (finger("acct:mara@pond.example"), None),
        (finger("", ACTOR), None),
        (finger("acct:mara@pond.example", ("self", "text/html", "https://web.pond.example")), None),
        (finger("acct:mara@pond.example", ("self", "application/activity+json", "https://10.0.0.1/mara")), None),
        (finger("acct:mara@pond.example", ("self", "application/activity+json", "ftp://web.pond.example/")), None),
    ],
)
def test_home_of_an_address(found: Finger, place: Place | None) -> None:
    assert found.place("mara@pond.example") == place


def test_server_names() -> None:
    assert server_name("Pond.Example") == "pond.example"
    assert server_name("bücher.example") == "xn--bcher-kva.example"
    assert server_name("localhost") == server_name("10.0.0.1") == server_name("") == server_name("a b.example") == ""
    assert host_of("https://Pond.example:8443/x") == "pond.example"
    assert host_of(None) == host_of("https://[") == host_of("mailto:a@pond.example") == ""


def test_tokens() -> None:
    assert server_tokens("") == {}
    assert server_tokens("Pond.Example=abc=, https://lake.example/=x-y_z\nsea.example=1") == {
        "pond.example": "abc=",
        "lake.example": "x-y_z",
        "sea.example": "1",
    }


@pytest.mark.parametrize("text", ["secret", "pond.example=", "=secret", "localhost=secret", "pond.example=sec\x7fret"])
def test_tokens_that_cannot_be_read_are_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="server=token") as caught:
        server_tokens(text)
    assert "sec" not in str(caught.value)
