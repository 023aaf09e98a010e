"""Direction and invariants of the score card; how it looks is held by tests/bots."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.card import Headline, Listing, Table, plain
from core.cards_history import chart, history_card, sparkline, week_change
from core.cards_score import Percentile, partial_card, score_card
from core.figures import shown
from tests.core.readings_by_hand import (
    EVERY,
    MANIFESTS,
    MODEL,
    NOW,
    account,
    failed,
    glowguru,
    inputs,
    namesakes,
    network_score,
    only_youtube,
    point,
    quiet,
    reading,
    slow,
    starter,
    total,
    unheard,
)


def card_of(known, **fields):
    return score_card(known, NOW, zone="UTC", manifests=MANIFESTS, **fields)


def headline(card):
    return card.blocks[0]


def words(card):
    return " | ".join(card.facts())


def simple(score=60.0, history=(), **fields):
    return reading("@glow", total(score, **fields), [account("instagram", score, handle="glow")], history=history)


# --- the week's change ------------------------------------------------------------------------------------------------


@given(st.floats(5, 95), st.floats(5, 95))
def test_tone_and_change_follow_the_shown_scores(now, before):
    card = card_of(simple(now, history=(point(7, before),)))
    change = shown(now) - shown(before)
    assert week_change(simple(now, history=(point(7, before),))) == change
    assert card.tone == ("up" if change > 0 else "down" if change < 0 else "flat")


@pytest.mark.parametrize("days", [0, 1, 4.9, 9.1, 30])
def test_no_change_without_a_point_a_week_back(days):
    assert week_change(simple(history=(point(days, 40.0),))) is None


def test_the_point_nearest_a_week_back_is_taken():
    assert week_change(simple(60.0, history=(point(9, 10.0), point(6.5, 55.0), point(5, 20.0)))) == 5


@pytest.mark.parametrize("fields", [{"version": "1.1"}, {"state": "stale"}, {"state": "dormant"}])
def test_other_versions_and_weak_points_are_not_compared(fields):
    known = simple(history=(point(7, 40.0, **fields), point(20, 30.0, **fields)))
    assert week_change(known) is None
    assert sparkline(known) is None


@pytest.mark.parametrize("state", ["stale", "dormant"])
def test_a_score_that_is_not_of_today_shows_no_change(state):
    card = card_of(simple(history=(point(7, 40.0),), state=state))
    assert "this week" not in words(card)
    assert card.tone == "warn"


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "first"),
    [
        (glowguru, "@glowguru 62 (58 to 65) ▲ 4 this week"),
        (EVERY["newcomer"], "@newcomer provisional, 4 posts so far about 31 (22 to 41)"),
        (starter, "@starter no score yet, 2 posts so far"),
        (quiet, "@quiet last score 44 on 3 Aug, no post since"),
        (unheard, "@unheard last score 52 (49 to 54) on 4 Nov, not renewed since"),
        (only_youtube, "@tuber YouTube 54 (50 to 58)"),
    ],
)
def test_the_first_line_says_how_far_to_trust_the_number(known, first):
    assert " ".join(plain(cell) for cell in headline(card_of(known())).cells) == first


def test_the_percentile_needs_twenty_creators_and_a_firm_score():
    enough = Percentile(above=92, of=140)
    assert "above 92 % of your 140 tracked creators" in words(card_of(glowguru(), percentile=enough))
    assert "above" not in words(card_of(glowguru(), percentile=Percentile(above=92, of=19)))
    assert "above" not in words(card_of(EVERY["newcomer"](), percentile=enough))


def test_a_failed_network_is_named_and_says_when_it_is_asked_again():
    busy = failed("x", "RateLimited", "X: too many questions.", retry_at=NOW + timedelta(hours=12))
    said = words(card_of(reading("@glow", total(60.0), [account("instagram", 60.0), busy])))
    assert "not counted: too many questions; asked again from" in said


def test_networks_apart_say_so_and_stay_out_of_the_sums():
    said = words(card_of(glowguru()))
    assert "its own score, not part of the total (YouTube's terms)" in said
    assert "YouTube 54" not in said.split(" | ")[3]
    assert "320 reactions a week" in words(card_of(only_youtube()))


def test_a_rate_is_shown_only_where_followers_and_benchmark_are_known():
    assert "3.1 % of followers react to a post, 1.6 times creators of this size" in words(card_of(glowguru()))
    assert "react to a post" not in words(card_of(simple()))


@pytest.mark.parametrize(
    ("networks", "compared"),
    [
        (("instagram",), "times creators of this size"),
        (("bluesky",), "times an assumed rate for this size"),
        (("bluesky", "x"), "times an assumed rate for this size"),
        (("instagram", "bluesky", "x"), "times creators of this size (assumed for Bluesky, X)"),
    ],
)
def test_what_nobody_has_measured_is_called_assumed(networks, compared):
    known = inputs(20, followers=10_000, expected_rate=0.02)
    accounts = [account(network, network_score(network, 50.0, inputs=known)) for network in networks]
    assert f"4.0 {compared}" in words(card_of(reading("@glow", total(60.0), accounts)))


@pytest.mark.parametrize(("known", "end"), [(unheard, "4 Nov 2026"), (quiet, "3 Aug 2026"), (glowguru, "22 Nov 2026")])
def test_the_window_ends_when_the_score_was_made(known, end):
    window = card_of(known()).blocks[1].facts[0]
    assert plain(window.aside) == f"90 days to {end}"


def test_what_several_networks_lack_is_said_once():
    note = ("There is no benchmark for this network yet.",)
    accounts = [account(network, network_score(network, 50.0, notes=note)) for network in ("github", "x")]
    assert (
        "GitHub, X: There is no benchmark for this network yet"
        in card_of(reading("@glow", total(60.0), accounts)).facts()
    )


def test_an_account_of_another_name_says_so():
    other = account("tiktok", 40.0, handle="glow.shop")
    assert "as @glow.shop" in words(
        card_of(reading("@glow", total(60.0), [account("instagram", 60.0, handle="glow"), other]))
    )


def test_only_addresses_of_the_network_itself_become_links():
    known = glowguru()
    post = known.networks[0].best_posts[0]
    foreign = post.model_copy(update={"post": post.post.model_copy(update={"url": "https://evil.example/p"})})
    network = known.networks[0].model_copy(update={"best_posts": (foreign,)})
    card = card_of(known.model_copy(update={"networks": (network,)}))
    spans = [s for b in card.blocks if isinstance(b, Table) for r in b.rows for c in r.cells for s in c]
    assert all(span.url is None for span in spans)
    linked = [s for b in card_of(glowguru()).blocks if isinstance(b, Table) for r in b.rows for c in r.cells for s in c]
    assert [s.url for s in linked if s.url] == ["https://www.instagram.com/p/p1/"]


def test_choices_offer_to_show_and_to_link_with_the_evidence():
    listing = next(block for block in card_of(namesakes()).blocks if isinstance(block, Listing))
    assert listing.choose
    assert [[b.typed for b in item.buttons] for item in listing.items] == [
        ["influence tiktok:glow", "link instagram:glow tiktok:glow"],
        ["influence github:glow", "link instagram:glow github:glow"],
    ]
    assert "its profile links to instagram.com/glow" in plain(listing.items[0].detail)


def test_a_partial_card_names_who_is_still_to_answer_and_claims_no_change():
    card = partial_card(slow(), NOW, zone="UTC", manifests=MANIFESTS)
    assert "1 of 3 networks answered; waiting for TikTok and Bluesky" in words(card)
    assert "this week" not in words(card)
    assert not card.buttons


def test_a_partial_card_of_nothing_yet():
    nothing = reading("@slow", total(None, state="insufficient"), [], pending=("tiktok",))
    card = partial_card(nothing, NOW, zone="UTC")
    assert isinstance(headline(card), Headline)
    assert "waiting for Tiktok" in words(card)
    assert "Updated" not in words(card), "nothing has been read"


def test_the_same_reading_gives_the_same_card():
    assert card_of(glowguru()).model_dump_json() == card_of(glowguru()).model_dump_json()
    mixed = glowguru().model_copy(update={"networks": glowguru().networks[::-1]})
    assert card_of(mixed).facts() == card_of(glowguru()).facts()


@pytest.mark.parametrize("name", EVERY)
def test_words_that_no_card_uses(name):
    known = EVERY[name]()
    for card in (card_of(known), partial_card(known, NOW, zone="UTC"), history_card(known, NOW, zone="UTC")):
        said = words(card).casefold()
        assert not any(word in said for word in ("fake", "unfortunately", "!", "sorry", "oops"))


# --- history ----------------------------------------------------------------------------------------------------------


def test_the_sparkline_ends_at_the_card_s_own_score():
    spark = sparkline(glowguru())
    assert spark is not None
    assert spark.bars() == "▁▂▂▃▃▄▄▅▅▆▇█"
    assert plain(spark.caption) == "48 to 62 in 12 weeks"


@pytest.mark.parametrize("hours", [0, 7, 23])
def test_the_course_and_the_picture_tell_of_the_same_days(hours):
    oldest = point(0, 46.0, at=NOW - timedelta(weeks=12, hours=hours))
    known = simple(60.0, history=(oldest, point(40, 50.0)))
    assert plain(sparkline(known).caption) == "46 to 60 in 12 weeks"
    assert chart(known, "UTC").alt.startswith("Score 46 to 60 from")


def test_a_steady_score_is_drawn_level():
    spark = sparkline(simple(60.0, history=tuple(point(d, 60.0) for d in (30, 20, 10))))
    assert spark is not None
    assert len(set(spark.bars())) == 1


def test_history_has_a_row_a_week_and_its_changes_never_mix_versions():
    points = tuple(point(d, 50.0 + d / 10, version="1.1" if d > 40 else MODEL) for d in range(1, 90))
    card = history_card(simple(60.0, history=points), NOW, zone="UTC")
    table = next(block for block in card.blocks if isinstance(block, Table))
    assert 12 <= len(table.rows) <= 14
    assert plain(table.rows[0].cells[1]) == "60"
    changes = [plain(row.cells[3]) for row in table.rows]
    assert changes.count("") == 2  # the oldest row, and the first of the new version
    assert "not compared" in words(card)
    assert len(table.columns) == 4  # no column of remarks that nobody made


def test_history_of_nothing_says_what_to_do():
    empty = reading("@new", total(None, state="insufficient"), [])
    assert "no score stored yet" in words(history_card(empty, NOW, zone="UTC"))


def test_the_chart_says_its_numbers():
    spec = chart(glowguru(), "UTC")
    assert spec is not None
    assert spec.alt == "Score 48 to 62 from 30 Aug 2026 to 22 Nov 2026, highest 62 on 22 Nov 2026."
    assert chart(simple(), "UTC") is None
