"""Who moved: every creator in exactly one group, and nothing called a move that is none."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.digests import Digest, digest_of, middle_change, shown_moves, without
from core.movement import steady
from core.roster import Problem, Renamed, Standing

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
LAST = MONDAY - timedelta(days=7)


def standing(name: str = "glow", before: int | None = 58, after: int | None = 62, **changed: object) -> Standing:
    plain = Standing(
        creator_id=sum(map(ord, name)),
        name=name,
        tracked_since=LAST - timedelta(days=30),
        tags=(),
        state="ok" if after is not None else "insufficient",
        value=None if after is None else float(after),
        at=MONDAY,
        model_version="1",
        previous_value=before,
        previous_model_version="1" if before is not None else None,
    )
    return replace(plain, **changed)


def digest(*standings: Standing, least: int = 3) -> Digest:
    return digest_of(standings, since=LAST, until=MONDAY, least=least)


def groups(found: Digest) -> int:
    counted = (found.steady, found.dormant, found.revised, found.unmatched, found.unscored, found.waiting, found.new)
    return len(found.risers) + len(found.fallers) + len(found.silent) + sum(counted)


def test_risers_and_fallers_by_size() -> None:
    found = digest(
        standing("glow", 58, 62), standing("old", 66, 61), standing("bean", 48, 51), standing("calm", 40, 42)
    )
    assert [(m.name, m.before, m.after, m.change) for m in found.risers] == [("glow", 58, 62, 4), ("bean", 48, 51, 3)]
    assert [(m.name, m.change) for m in found.fallers] == [("old", -5)]
    assert (found.steady, found.tracked, found.first) == (1, 4, False)
    assert (found.middle, middle_change(found)) == (56, 3)


def problem(
    status: str = "private", since: datetime | None = LAST, read: datetime | None = LAST
) -> tuple[Problem, ...]:
    return (Problem("instagram", "x", status, since, read),)


@pytest.mark.parametrize(
    ("one", "group"),
    [
        (standing(tracked_since=MONDAY - timedelta(days=1)), "new"),
        (standing(problems=problem()), "silent"),
        (standing(problems=problem(read=MONDAY - timedelta(hours=5))), "risers"),  # it failed an hour: no news
        (standing(problems=problem(since=LAST - timedelta(days=60))), "risers"),  # left the score long ago
        (standing(state="stale"), "silent"),
        (standing(state="dormant"), "dormant"),
        (standing(after=None), "unscored"),
        (standing(after=None, problems=problem("waiting", None, None)), "waiting"),
        (standing(before=None), "unmatched"),
        (standing(model_version="2"), "revised"),  # a new model is no move
        (standing(after=59), "steady"),
        (standing(after=50), "fallers"),
        (standing(state="provisional"), "risers"),
    ],
)
def test_every_creator_is_in_one_group(one: Standing, group: str) -> None:
    found = digest(one)
    value = getattr(found, group)
    assert value == 1 or len(value) == 1
    assert groups(found) == found.tracked == 1


@given(
    st.lists(
        st.builds(
            standing,
            st.text("abc", min_size=1, max_size=3),
            st.none() | st.integers(1, 100),
            st.none() | st.integers(1, 100),
            state=st.sampled_from(["ok", "provisional", "insufficient", "dormant", "stale", None]),
            model_version=st.sampled_from(["1", "2"]),
            problems=st.sampled_from([(), problem(), problem("waiting", None, None), problem(read=MONDAY)]),
            tracked_since=st.sampled_from([LAST - timedelta(days=3), LAST + timedelta(days=3)]),
        ),
        max_size=8,
    ),
    st.integers(1, 10),
)
def test_groups_add_up_and_moves_are_moves(standings: Iterable[Standing], least: int) -> None:
    found = digest(*standings, least=least)
    assert groups(found) == found.tracked
    for move in (*found.risers, *found.fallers):
        assert abs(move.change) >= max(least, 2)
        assert not steady(move.before, move.after, least=least)
    assert list(found.risers) == sorted(found.risers, key=lambda move: -move.change)


def test_a_first_digest_has_starting_scores_and_no_moves() -> None:
    found = digest(standing("a", None, 40), standing("b", None, 60), standing("c", None, None))
    assert found.first
    assert [one.name for one in found.starting] == ["b", "a"]
    assert (found.risers, found.fallers, found.moved) == ((), (), False)
    assert digest(standing("a", None, 40, model_version="2"), standing(model_version="2")).first is False


def test_moves_that_may_be_none_count_as_steady() -> None:
    found = digest(standing("glow", 58, 62), standing("old", 66, 61))
    held = without(found, {found.risers[0].creator_id})
    assert (held.risers, held.steady, len(held.fallers)) == ((), 1, 1)
    assert [move.name for move in shown_moves(held, 5)] == ["old"]


def test_a_smaller_least_than_two_is_two_and_a_range_around_nothing_is_steady() -> None:
    assert steady(50, 51, least=1)
    assert not steady(50, 52, least=1)
    assert steady(50, 60, difference=(-1.0, 21.0))
    assert not steady(50, 60, difference=(1.0, 19.0))


def test_new_names_since_the_last_digest_are_told() -> None:
    old = Renamed("instagram", "glow", "glowguru", LAST - timedelta(days=3))
    new = Renamed("instagram", "bean", "beanco", LAST + timedelta(days=3))
    found = digest(standing("glow", renamed=(old,)), standing("bean", renamed=(new,)))
    assert [(one.name, one.before, one.handle) for one in found.renamed] == [("bean", "bean", "beanco")]
