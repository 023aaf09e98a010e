"""Scoring many creators from lines: what is refused and where, what is noted, and that one creator scores the same."""

import json
from datetime import timedelta
from typing import Any

import pytest

from core.batches import (
    DUPLICATES,
    ELSEWHERE,
    ESTIMATED,
    FUTURE,
    NO_POSTS,
    UNSORTED,
    Refused,
    Scored,
    Tally,
    score_lines,
)
from core.models import FollowerReading, Post, Profile
from core.scoring import score_network
from tests.core.simulated_accounts import NOW, Habits, models_of, simulate

MOMENT = "2026-11-22T12:00:00Z"


def post(number: int = 0, **fields: Any) -> dict[str, Any]:
    created = (NOW - timedelta(days=2 + number)).isoformat()
    return {"network": "bluesky", "native_id": f"p{number}", "created_at": created, "likes": 10 + number} | fields


def line(posts: list[dict[str, Any]], profile: dict[str, Any] | None = None, **fields: Any) -> bytes:
    about = {"network": "bluesky", "native_id": "1", "handle": "glow", "fetched_at": MOMENT, "followers": 5000}
    whole = {"id": "a", "profile": about | (profile or {}), "posts": posts, "now": MOMENT} | fields
    return json.dumps(whole).encode()


def outcome(raw: bytes | dict[str, Any] | None) -> Scored | Refused:
    (found,) = score_lines([(7, raw)])
    return found


def scored(raw: bytes) -> Scored:
    found = outcome(raw)
    assert isinstance(found, Scored), found
    return found


def test_a_file_scores_like_one_creator_at_a_time() -> None:
    columns = simulate(300, 5, Habits(posts=(1, 60), listed=True))
    alone = [models_of(columns, index) for index in range(300)]
    lines = [
        json.dumps(
            {
                "id": str(index),
                "profile": profile.model_dump(mode="json"),
                "posts": [one.model_dump(mode="json") for one in posts],
                "now": NOW.isoformat(),
                "earlier": [{"fetched_at": (NOW - timedelta(days=30)).isoformat(), "followers": 900}],
            }
        ).encode()
        for index, (profile, posts) in enumerate(alone)
    ]
    earlier = [FollowerReading(fetched_at=NOW - timedelta(days=30), followers=900)]
    found = score_lines(enumerate(lines, start=1))
    for (profile, posts), one in zip(alone, found, strict=True):
        assert isinstance(one, Scored)
        expected = score_network(profile, posts, NOW, earlier=earlier)
        assert (one.state, one.model_version) == (expected.state, expected.model_version)
        assert [part.name for part in one.parts] == [part.name for part in expected.parts]
        mine = (one.score, one.low, one.high, *(part.points for part in one.parts))
        theirs = (expected.score, expected.low, expected.high, *(part.points for part in expected.parts))
        assert [value is None for value in mine] == [value is None for value in theirs]
        assert [v for v in mine if v is not None] == pytest.approx([v for v in theirs if v is not None], abs=1e-9)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"likes": -1}, "posts[1].likes"),
        ({"replies": 1.5}, "posts[1].replies"),
        ({"reposts": float("nan")}, "posts[1].reposts"),
        ({"saves": float("inf")}, "posts[1].saves"),
        ({"views": 2**63}, "posts[1].views"),
        ({"likes": "12"}, "posts[1].likes"),
        ({"likes": True}, "posts[1].likes"),
        ({"created_at": "2026-11-01T12:00:00"}, "posts[1].created_at"),
        ({"created_at": "last week"}, "posts[1].created_at"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "posts[1].created_at"),
        ({"kind": "story"}, "posts[1].kind"),
        ({"like": 3}, "posts[1].like"),
    ],
)
def test_a_refusal_names_line_and_field(fields: dict[str, Any], field: str) -> None:
    found = outcome(line([post(), post(1, **fields)]))
    assert isinstance(found, Refused)
    assert (found.line, found.field) == (7, field)
    assert found.error.startswith(field)
    assert list(found.json()) == ["line", "error", "field"]


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (line([], {"followers": -5}), "profile.followers"),
        (line([], {"fetched_at": "2026-11-22T12:00:00"}), "profile.fetched_at"),
        (line([], now="2026-11-22T12:00:00"), "now"),
        (line([], earlier=[{"fetched_at": MOMENT, "followers": 1.5}]), "earlier[0].followers"),
        (line([], id=None), "id"),
        (b'{"id": "a"}', "profile"),
        (line([], horoscope="aries"), "horoscope"),
    ],
)
def test_a_refusal_names_fields_beside_the_posts(raw: bytes, field: str) -> None:
    found = outcome(raw)
    assert isinstance(found, Refused)
    assert found.field == field


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"null", b"[1]", b"", b" \n", None, b"[" * 100_000, b'{"id": 1'])
def test_a_line_that_cannot_be_read_has_no_field(raw: bytes | None) -> None:
    found = outcome(raw)
    assert isinstance(found, Refused)
    assert found.field is None


def test_a_name_cannot_speak_to_the_terminal() -> None:
    found = outcome(line([post(**{"li\x1b[2Jkes\n" + "x" * 500: 3})]))
    assert isinstance(found, Refused)
    assert found.error.isprintable()
    assert len(found.error) < 200


def test_a_broken_line_leaves_the_others_alone() -> None:
    good = line([post(n) for n in range(4)])
    found = score_lines([(1, good), (2, b"{"), (3, good), (4, line([post(likes=-1)])), (5, good)])
    assert [type(one) for one in found] == [Scored, Refused, Scored, Refused, Scored]
    alone = scored(good)
    assert all(one.score == alone.score for one in found if isinstance(one, Scored))


@pytest.mark.parametrize(
    ("posts", "notes"),
    [
        ([], (NO_POSTS,)),
        ([post(n) for n in range(4)], ()),
        ([post(n) for n in reversed(range(4))], ()),
        ([post(2), post(0), post(1), post(3)], (UNSORTED,)),
        ([post(0), post(1), post(1), post(2)], (DUPLICATES,)),
        ([post(0, created_at="2026-12-24T00:00:00Z"), post(1), post(2), post(3)], (FUTURE,)),
        ([post(0, network="x"), post(1), post(2), post(3)], (ELSEWHERE,)),
    ],
)
def test_odd_but_honest_lines_are_scored_and_noted(posts: list[dict[str, Any]], notes: tuple[str, ...]) -> None:
    found = scored(line(posts))
    assert found.notes == notes
    assert found.state == ("provisional" if len(posts) > 3 else "insufficient")


def test_any_order_gives_the_same_score() -> None:
    posts = [post(n) for n in range(12)]
    shuffled = [posts[n] for n in (5, 2, 9, 0, 11, 7, 1, 10, 3, 8, 6, 4)]
    assert scored(line(posts)).json() == scored(line(shuffled)).json()


def test_of_two_posts_with_one_id_the_first_counts() -> None:
    posts = [post(n) for n in range(4)]
    assert scored(line([*posts, post(1, likes=10**6)])).score == scored(line(posts)).score


def test_a_post_from_the_future_is_too_young_to_count() -> None:
    posts = [post(n) for n in range(4)]
    ahead = post(9, created_at="2027-01-01T00:00:00Z", likes=10**6)
    assert scored(line([ahead, *posts])).score == scored(line(posts)).score


def test_large_figures_are_figures() -> None:
    most = scored(line([post(n, likes=10**12, replies=10**12) for n in range(9)], {"followers": 10**12}))
    assert most.score is not None
    assert 80 < most.score <= 100
    day = [post(n, created_at=(NOW - timedelta(days=3, seconds=8 * n)).isoformat()) for n in range(10_000)]
    assert scored(line(day)).state == "ok"


def test_whole_numbers_with_a_point_are_whole() -> None:
    posts = [post(n) for n in range(4)]
    floats = [{**one, "likes": float(one["likes"])} for one in posts]
    assert scored(line(floats, {"followers": 5000.0})).score == scored(line(posts)).score


def test_running_totals_are_scored_on_their_estimated_gain() -> None:
    totals = {"network": "github", "opened_at": (NOW - timedelta(days=900)).isoformat()}
    posts = [post(n, likes=100_000, **totals) for n in range(9)]
    found = scored(line(posts, {"network": "github"}))
    gained = scored(line([{**one, "likes": 10_000, "opened_at": None} for one in posts], {"network": "github"}))
    assert (found.state, found.notes) == ("provisional", (ESTIMATED,))
    assert found.score == pytest.approx(gained.score, abs=1e-9)


def test_a_scored_line_has_its_keys_in_order() -> None:
    found = scored(line([post(n) for n in range(9)], id=12)).json()
    assert list(found) == ["id", "state", "score", "range", "parts", "model_version"]
    assert found["id"] == 12
    assert found["range"][0] <= found["score"] <= found["range"][1]
    assert found["score"] == pytest.approx(1 + sum(part["points"] for part in found["parts"]), abs=1e-9)
    assert list(found["parts"][0]) == ["name", "beta", "x", "points"]


def test_without_a_range_the_score_is_the_same() -> None:
    raw = line([post(n) for n in range(9)])
    (quick,) = score_lines([(1, raw)], interval=False)
    assert isinstance(quick, Scored)
    assert (quick.score, quick.low) == (pytest.approx(scored(raw).score, abs=1e-9), None)
    assert quick.json()["range"] is None


def test_a_row_of_a_table_scores_like_a_line() -> None:
    profile = Profile(network="bluesky", native_id="1", handle="glow", followers=5000, fetched_at=NOW)
    posts = [Post.model_validate(post(n)) for n in range(9)]
    row = {"id": "a", "profile": profile.model_dump(), "posts": [one.model_dump() for one in posts], "now": NOW}
    found = outcome(row)
    assert isinstance(found, Scored)
    assert found.score == scored(line([post(n) for n in range(9)])).score


def test_the_tally_names_each_note_with_its_first_line() -> None:
    tally = Tally()
    for one in score_lines([(1, b"{"), (2, line([])), (3, line([post(n) for n in range(4)])), (4, line([]))]):
        tally.add(one)
    assert list(tally.lines()) == ["4 lines: 3 scored, 1 refused", "noted: no posts, 2 lines, first line 2"]
