"""Which creators a message names; everything else a message may hold names nobody."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.connectors import manifests
from core.handles import Handle
from core.mentions import MOST, creators_in

MANIFESTS = manifests()


def named(*texts):
    return creators_in(texts, MANIFESTS).creators


@pytest.mark.parametrize(
    ("text", "creators"),
    [
        ("https://bsky.app/profile/glow.bsky.social/post/3k", ("bluesky:@glow.bsky.social",)),
        ("see https://x.com/nasa/status/12?s=20, and github.com/torvalds/linux.", ("x:@nasa", "github:@torvalds")),
        ("https://www.tiktok.com/@a.b/video/7", ("tiktok:@a.b",)),
        ("@glow@mastodon.social and (@glow)", ("@glow@mastodon.social", "@glow")),
        ("glow.bsky.social or http://dana.bsky.social/", ("bluesky:@glow.bsky.social", "bluesky:@dana.bsky.social")),
        ("youtube:@mkb is there", ("youtube:@mkb",)),
        ("@glow is https://x.com/glow", ("x:@glow",)),
        ("@\u200bglow on our own card", ("@glow",)),
        ("@glow @GLOW @glow.", ("@glow",)),
    ],
)
def test_links_to_profiles_and_posts_and_handles_count(text, creators):
    assert named(text) == creators


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail mia@bean.example or mia@bean",
        "@everyone @here @channel",
        "https://news.example/world/2026/today",
        "https://x.com/i/status/1 https://x.com/hashtag/beans https://www.instagram.com/p/abc",
        "https://www.youtube.com/watch?v=abc https://youtu.be/abc",
        "http:// https://[::: note: this https://x.com",
        "example.org/blog and end.Next",
    ],
)
def test_what_says_nobody_names_nobody(text):
    assert named(text) == ()


def test_six_are_taken_in_order_and_the_others_counted():
    found = creators_in([" ".join(f"@name{at}" for at in range(9))], MANIFESTS)
    assert (found.creators, found.more) == (tuple(f"@name{at}" for at in range(MOST)), 3)


def test_a_creator_is_named_in_the_form_that_means_the_same_again():
    for text in named("https://x.com/nasa @a@b.social github.com/torvalds glow.bsky.social"):
        assert Handle.parse(text, MANIFESTS).shown == text


@given(st.text(alphabet="@a.b:/x-_<>|\u200b \n", max_size=300))
def test_no_text_fails(text):
    assert len(named(text, f"https://{text}")) <= MOST


@pytest.mark.parametrize("part", ["@a", "a.", "a@", "x/", "https://a.b/", "@a@b.", "-"])
def test_long_texts_cost_little(part):
    begun = time.process_time()
    named(part * 40_000)
    assert time.process_time() - begun < 1.0
