import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.card import Span, outside
from core.inert import inert

hostile = st.lists(
    st.one_of(
        st.characters(),
        st.sampled_from(
            [
                "\x1b[31m",
                "\x1b]8;;http://x\x07",
                "\x9b2J",
                "\u202e",
                "\u200b",
                "\r\n",
                "\u0301" * 9,
                "👩\u200d💻",
                "\x00",
            ]
        ),
    ),
    max_size=60,
).map("".join)


@given(hostile, st.integers(0, 80))
def test_cleaned_text_is_short_visible_and_stays_as_it_is(text, limit):
    clean = inert(text, limit)
    assert len(clean) <= limit
    assert clean == clean.strip()
    assert inert(clean, limit) == clean
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for c in clean)
    assert not any(unicodedata.category(c) == "Cf" and c != "\u200d" for c in clean)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  Glow   Guru ", "Glow Guru"),
        ("a\r\nb\n\n c", "a / b / c"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("\x9b31mred", "red"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("a\u200bb\u2060c\ufeffd\u00ade", "abcde"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("a\u200db", "ab"),
        ("e\u0301", "é"),
        ("Z" + "\u0351" * 40, "Z" + "\u0351" * 4),
        ("\ud800x", "x"),
        ("بررسی", "بررسی"),
        ("日本語", "日本語"),
    ],
)
def test_examples(text, clean):
    assert inert(text, 50) == clean


def test_long_text_is_cut_before_a_mark_or_a_joined_emoji():
    assert inert("x" * 10_000, 10) == "x" * 9 + "…"
    assert inert("abcq\u0323\u0323d", 5) == "abc…"
    assert inert("ab👩\u200d💻cd", 5) == "ab…"


def test_a_span_cleans_outside_text_by_itself():
    assert Span(text="a\x1b[1mb\n", untrusted=True).text == "ab"
    assert outside("a\u202eb", 10).untrusted


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://a.b/",
        "https://a.b/ c",
        "https://a.b/\n",
        "https://a\u202eb/",
        "https://u@h/",
        "https://a.b/" + "x" * 600,
    ],
)
def test_links_other_than_plain_https_are_dropped(url):
    assert Span(text="x", url=url).url is None


def test_plain_links_stay():
    url = "https://bsky.app/profile/a.b/post/3k?x=1&y=%20#z"
    assert Span(text="x", url=url).url == url
