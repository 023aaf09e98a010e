"""Strangers' HTML becomes plain text, whatever they write."""

import time

import pytest

from core.connectors.markup import LIMIT, plain


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain words", "plain words"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("  a \n\t b &nbsp; c ", "a\nb c"),
        ("1 &lt; 2 &amp; &#x41;&#66; &bogus;", "1 < 2 & AB &bogus;"),
        ("I <3 you, a < b > c", "I <3 you, a < b > c"),
        ("<b>bold</b><i>er</i>", "bolder"),
        ("keep<!-- not this -->this", "keepthis"),
        ("a<script>alert('<p>x</p>')</script>b", "ab"),
        ("a<style>p{}</style>b<script>never closed <p>x", "ab"),
        ("<img src=x onerror=alert(1)>left", "left"),
        ("<p", "<p"),
        ("&lt;script&gt;", "<script>"),  # text it was, text it stays
    ],
)
def test_text(markup: str, text: str) -> None:
    assert plain(markup).text == text


def test_links_of_the_author_but_not_of_others() -> None:
    markup = (
        '<a href="https://boats.example/?a=1&amp;b=2" rel="me">x</a><A CLASS=u-url HREF=https://two.example>y</A>'
        "<a href='https://boats.example/?a=1&amp;b=2'>again</a><a>nowhere</a><a data-href='https://no.example'>z</a>"
        '<a href="https://pond.example/@otto" class="u-url mention">@otto</a>'
        '<a class="mention hashtag" href="https://pond.example/tags/x">#x</a>'
    )
    assert plain(markup).links == ("https://boats.example/?a=1&b=2", "https://two.example")


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", "<a href", '<a href="', "<a href=' ", "<script>", "<!--", "&#", "&amp;", "<p>", "a ", "\n", " "],
)
def test_hostile_repetition_takes_no_time(piece: str) -> None:
    started = time.perf_counter()
    plain(piece * (LIMIT // len(piece) + 1))
    plain(f"<a {piece * (LIMIT // len(piece))}>")
    assert time.perf_counter() - started < 0.5


def test_only_the_beginning_of_a_flood_is_read() -> None:
    assert len(plain("x" * 10_000_000).text) == LIMIT
