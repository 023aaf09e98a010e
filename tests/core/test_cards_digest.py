"""Digest cards as people read them, line by line, on every front end."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bots.render_discord import render as render_discord
from bots.render_slack import render as render_slack
from bots.render_text import render as render_text
from core.card import Card
from core.cards_delivery import late
from core.cards_digest import CARD_MOVES, PART_MOVES, Frame, digest_cards, weekly
from core.cards_subscriptions import confirmed_card, edited_card, list_card, status_card
from core.connectors import manifests
from core.digests import Background, Cause, Digest, Move, NewName, Scored, Silent
from core.messenger import Place
from core.models import ChartPoint, Post
from core.schedules import LastPost, Run, Schedule, Subscribed, Subscription
from tests.bots.slack_contract import of_message

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTILE = "@everyone <!channel> \u202e<@U1> *bold* `x`"


def line_of(before: float, after: float) -> tuple[ChartPoint, ...]:
    return tuple(
        ChartPoint(at=NOW - week * 7 * DAY, score=after if week == 0 else before, low=before - 4, high=before + 4)
        for week in range(12, -1, -1)
    )


GLOW = Move(creator_id=1, name="glowguru", before=58, after=62)
BEAN = Move(creator_id=2, name="beanco", before=48, after=51)
OLD = Move(creator_id=3, name="oldstar", before=66, after=61)
POST = Post(network="instagram", native_id="1", created_at=NOW - 9 * DAY, url="https://www.instagram.com/p/x")
WEEK = Digest(
    since=NOW - 7 * DAY,
    until=NOW,
    least=3,
    tracked=42,
    risers=(GLOW, BEAN),
    fallers=(OLD,),
    newcomers=(Scored(name="mara", score=37), Scored(name="tiko", score=29, state="provisional")),
    new=2,
    silent=(
        Silent(name="shy", network="instagram", status="private", since=NOW - 4 * DAY),
        Silent(name="tikker", network="tiktok", status="needs_owner_consent"),
    ),
    renamed=(NewName(name="beanco", network="instagram", before="bean", handle="beanco"),),
    steady=35,
    scored=40,
    middle=41,
    middle_before=41,
    middle_after=41,
)
KNOWN = {
    1: Background(
        causes=(Cause(name="later_counts", points=1.1), Cause(name="new_posts", points=2.9, post=POST)),
        points=line_of(58, 62),
    ),
    2: Background(causes=(Cause(name="followers", points=-0.4),), points=line_of(48, 51)),
    3: Background(last_post_at=NOW - 21 * DAY, points=line_of(66, 61)),
}
FRAME = Frame(
    number=1,
    place="#creators",
    cadence="weekly",
    days=(date(2026, 11, 16), date(2026, 11, 22)),
    zone="Europe/Berlin",
    top=5,
    now=NOW,
    next_at=NOW + 7 * DAY,
)

SHOWN = """\
Influence this week   16 to 22 Nov   #creators                        42 tracked, median 41 (steady)

▲ @glowguru   58 to 62   Instagram post of 14 Nov +2.9 · later reactions on earlier posts +1.1
▲ @beanco     48 to 51
▼ @oldstar    66 to 61   no post since 2 Nov

● 35 steady · 2 new: @mara 37, @tiko 29 (provisional)
No news from @shy (Instagram private since 19 Nov) · @tikker (TikTok needs its owner)
New names: @beanco on Instagram was @bean

A post's figure is what the score would lose without it
Next Mon 30 Nov 09:00 Europe/Berlin

[Status] [Edit] [Pause]"""


def cards(digest: Digest = WEEK, frame: Frame = FRAME) -> tuple[Card, ...]:
    return digest_cards(digest, KNOWN, frame, manifests())


def test_a_whole_digest_in_the_terminal() -> None:
    (card,) = cards()
    assert render_text(card, colour=True).replace("\x1b[0m", "").count("glowguru") == 1
    drawn = "\n".join(one.rstrip() for one in render_text(card).splitlines())
    assert drawn.replace(" (https://www.instagram.com/p/x)", "") == SHOWN


def test_the_picture_holds_the_movers_over_twelve_weeks() -> None:
    spec = cards()[0].chart
    assert spec is not None
    assert [series.name for series in spec.series] == ["@oldstar", "@glowguru", "@beanco"]
    assert all(len(series.points) == 13 for series in spec.series)
    assert spec.alt == (
        "Who moved this week, with 12 weeks of scores: @oldstar 66 to 61; @glowguru 58 to 62; @beanco 48 to 51."
    )
    daily = tuple(ChartPoint(at=NOW - day * DAY, score=50, low=48, high=52) for day in range(200))
    points = weekly(daily)
    assert points[-1].at == NOW
    assert len(points) == 13


@pytest.mark.parametrize(
    ("cadence", "days", "title"),
    [
        ("daily", (date(2026, 11, 22), date(2026, 11, 22)), "Influence today · 22 Nov"),
        ("weekly", (date(2026, 11, 30), date(2026, 12, 6)), "Influence this week · 30 Nov to 6 Dec"),
        ("monthly", (date(2025, 12, 15), date(2026, 1, 14)), "Influence this month · 15 Dec 2025 to 14 Jan"),
    ],
)
def test_the_days_a_digest_reports_on(cadence: str, days: tuple[date, date], title: str) -> None:
    (card,) = cards(frame=FRAME.model_copy(update={"cadence": cadence, "days": days}))
    assert "".join(span.text for span in card.title) == title


def test_nothing_moved_nobody_tracked_and_a_first_digest_say_so() -> None:
    still = WEEK.model_copy(update={"risers": (), "fallers": (), "newcomers": (), "new": 0, "steady": 42, "silent": ()})
    assert "Nobody moved by 3 points or more." in cards(still)[0].facts()
    nobody = Digest(since=NOW, until=NOW, least=3)
    assert any("Nobody is tracked yet" in fact for fact in cards(nobody)[0].facts())
    first = still.model_copy(
        update={"first": True, "starting": (Scored(name="glow", score=62),), "middle_before": None}
    )
    facts = cards(first)[0].facts()
    assert "No previous week yet: these are the starting scores." in facts
    assert "42 tracked, median 41" in facts
    assert "strong" in facts


def test_many_movers_go_on_in_further_parts_and_none_is_lost() -> None:
    up = tuple(Move(creator_id=n, name=f"up{n:02}", before=40, after=80 - n) for n in range(25))
    down = tuple(Move(creator_id=50 + n, name=f"down{n:02}", before=80, after=40 + n) for n in range(25))
    found = cards(WEEK.model_copy(update={"risers": up, "fallers": down}), FRAME.model_copy(update={"top": 25}))
    assert [len(_rows(card)) for card in found] == [CARD_MOVES, PART_MOVES, 50 - CARD_MOVES - PART_MOVES]
    told = [row.cells[0][1].text for card in found for row in _rows(card)]
    assert sorted(told) == sorted(f"@{move.name}" for move in (*up, *down))
    (short,) = cards(WEEK.model_copy(update={"risers": up, "fallers": down}), FRAME.model_copy(update={"top": 2}))
    assert any("23 more up · 23 more down" in fact for fact in short.facts())


def _rows(card: Card) -> list:  # type: ignore[type-arg]
    return [row for block in card.blocks if block.kind == "table" for row in block.rows]


def test_being_late_is_said_once() -> None:
    (card,) = cards()
    noted = late(card, NOW, NOW + 2 * timedelta(hours=1), "Europe/Berlin")
    assert "Posted late; it was due" in noted.facts()
    assert late(noted, NOW, NOW + timedelta(hours=5), "Europe/Berlin") == noted


def test_hostile_names_stay_outside_text_everywhere() -> None:
    hostile = Move(creator_id=1, name=HOSTILE, before=50, after=60)
    silent = (Silent(name=HOSTILE, network="instagram", status="private"),)
    digest = WEEK.model_copy(
        update={"risers": (hostile,), "silent": silent, "newcomers": (Scored(name=HOSTILE, score=9),)}
    )
    (card,) = cards(digest, FRAME.model_copy(update={"place": HOSTILE}))
    assert "\u202e" not in render_text(card)
    spoken = [
        one["content"] for box in render_discord(card).components for one in box["components"] if "content" in one
    ]
    assert spoken
    assert not any("@everyone" in words for words in spoken)
    slack = render_slack(card)
    of_message(slack.payload(), schema=False)
    assert "<!channel>" not in slack.text


# --- subscriptions ----------------------------------------------------------------------------------------------------

FOUND = Subscription(
    id=1,
    team="T",
    number=1,
    place=Place(platform="discord", channel="C", shown="#creators"),
    schedule=Schedule(zone="Europe/Berlin"),
    next_run=Run(on=date(2026, 11, 30), at=NOW + 7 * DAY),
    edited_at=NOW - 30 * DAY,
    edited_by="U1",
)


def test_a_status_says_last_next_and_what_stands_in_the_way() -> None:
    blocked = FOUND.model_copy(update={"blocked_since": NOW - DAY, "last_error": "Clout may not post in #creators."})
    last = LastPost(period="2026-W48", state="unknown", due_at=NOW, error="The platform never said.")
    text = render_text(status_card([Subscribed(subscription=blocked, last=last)], NOW))
    assert "Last: 2026-W48 may or may not have been posted, due Mon 23 Nov 09:00 Europe/Berlin: The platform" in text
    assert "Next: Mon 30 Nov 09:00 Europe/Berlin" in text
    assert "Blocked since Sun 22 Nov 09:00 Europe/Berlin; it is tried again by itself." in text
    assert "Last error: Clout may not post in #creators." in text
    assert "[Post now]" in text


def test_a_list_a_confirmation_and_an_edit() -> None:
    assert "every monday 09:00 Europe/Berlin" in render_text(list_card([Subscribed(subscription=FOUND)], NOW))
    assert "First Mon 30 Nov 09:00 Europe/Berlin" in render_text(confirmed_card(FOUND, NOW))
    other = FOUND.model_copy(
        update={"edited_by": "U2", "edited_at": NOW - timedelta(minutes=2), "version": 2, "top": 9}
    )
    card = edited_card(other, FOUND.model_copy(update={"edited_at": NOW}), NOW)
    assert "Somebody else changed it 2 min ago" in render_text(card)
    assert "top 9" in render_text(card)
