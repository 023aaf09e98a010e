"""What the statement and the comparison claim: sums as printed, signs, too close to call."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.card import plain
from core.cards_compare import compare_card
from core.cards_why import why_card
from core.changes import ROWS, ChangeRow
from core.commands import COMMANDS, parse
from core.context import peer_rates
from core.explain import Comparison
from tests.core.explanations_by_hand import (
    change,
    creator,
    ledger,
    neck_and_neck,
    side_by_side,
    why_flagged,
    why_glowguru,
)
from tests.core.readings_by_hand import (
    EVERY,
    MANIFESTS,
    NOW,
    account,
    inputs,
    network_score,
    point,
    reading,
    total,
)


def why_of(why):
    return why_card(why, NOW, zone="UTC", manifests=MANIFESTS)


def compare_of(found):
    return compare_card(found, NOW, zone="UTC", manifests=MANIFESTS)


def number(text):
    return Decimal(text.replace("−", "-").replace("+", ""))


def tables(card):
    return [block for block in card.blocks if block.kind == "table"]


def words(card):
    return " | ".join(card.facts())


# --- the statement ----------------------------------------------------------------------------------------------------


def test_columns_add_up_as_printed_and_all_of_them_to_the_headline():
    card = why_of(why_glowguru())
    *parts, sums = [row.cells for row in tables(card)[0].rows]
    for column in (1, 2, 3):
        figures = [plain(cells[column]) for cells in parts]
        assert sum(number(f) for f in figures if f != "not given") == number(plain(sums[column]))
    assert sum(number(plain(cell)) for cell in sums[1:]) == Decimal("61.0")
    assert "62 = 1 + 61.0 points" in words(card)


@given(st.floats(-0.49, 0.49))
def test_a_rounded_sum_never_claims_to_be_equal(off):
    why = why_glowguru()
    rows = list(why.points.networks[0].rows)
    rows[0] = rows[0].model_copy(update={"points": rows[0].points + off})
    first = why.points.networks[0].model_copy(update={"rows": tuple(rows)})
    points = ledger(score=62.0 + off, networks=(first, *why.points.networks[1:]))
    said = words(why_of(why_glowguru(points=points)))
    found = re.search(r"(\d+) = 1 \+ ([\d.]+) points", said)
    assert found is None or Decimal(found[1]) == 1 + Decimal(found[2])
    assert found is not None or "rounded from 1 + " in said


def test_a_part_that_is_not_supplied_is_not_zero():
    assert "not given" in words(why_of(why_glowguru()))


def test_a_deduction_is_a_row_of_its_own_with_both_patterns():
    said = words(why_of(why_flagged()))
    assert "61.0 points − 12.2 for unusual patterns" in said
    assert "ghost audience: a post draws 90 reactions from 260K followers" in said
    assert "too even: the likes of 38 posts vary by 2.1 %" in said
    assert "2 patterns of different kinds: 12.2 points taken off" in said
    assert "No earlier reading is stored" in said


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=len(ROWS)))
def test_change_rows_add_up_as_printed(values):
    rows = [ChangeRow(name=name, points=value) for name, value in zip(ROWS, values, strict=False)]
    card = why_of(why_glowguru(change=change(*rows, before=50.0, after=50.0 + sum(values))))
    *parts, whole = [plain(row.cells[1]) for row in tables(card)[1].rows]
    assert sum(map(number, parts)) == number(whole)
    assert all((number(p) >= 0) == p.startswith("+") for p in parts)


def test_what_raised_comes_first_and_what_lowered_last():
    names = [plain(row.cells[0]) for row in tables(why_of(why_glowguru()))[1].rows]
    assert names[0] == "new posts"
    assert names[-2:] == ["posts that grew older or left", "in all"]


def test_it_says_from_when_on_readings_are_kept():
    asked = datetime(2026, 10, 1, tzinfo=UTC)
    assert "stored readings reach back to" in words(why_of(why_glowguru(asked_since=asked)))
    assert "stored readings reach back to" not in words(why_of(why_glowguru()))


def test_networks_patterns_and_versions_are_named():
    rows = (
        ChangeRow(name="networks", points=2.0, networks=("+tiktok", "-bluesky")),
        ChangeRow(name="authenticity", points=-3.0, flags=("+too even", "-pod-like")),
        ChangeRow(name="model_version", points=1.0, versions=("1.1", "1.2")),
    )
    said = words(why_of(why_glowguru(change=change(*rows, before=62.0, after=62.0))))
    assert "with TikTok, without Bluesky" in said
    assert "now too even, no longer pod-like" in said
    assert "1.1 to 1.2" in said


def test_outreach_is_not_available_where_kinds_are_unknown():
    assert "Outreach not available" in words(why_of(why_glowguru(outreach=None)))


@pytest.mark.parametrize("name", EVERY)
def test_without_points_it_says_so(name):
    card = why_of(why_glowguru(reading=EVERY[name](), points=None, change=None))
    assert "no points to explain" in words(card)


# --- side by side -----------------------------------------------------------------------------------------------------


def test_the_leader_is_named_with_the_lead_of_the_shown_scores():
    assert "@glow leads by 14 points over @beanco" in words(compare_of(side_by_side()))


def test_overlapping_ranges_are_too_close_to_call():
    assert "too close to call: @glow and @beanco" in words(compare_of(neck_and_neck()))


@given(st.floats(20, 80), st.floats(20, 80), st.floats(0.6, 8), st.floats(0.6, 8))
def test_the_verdict_never_contradicts_the_ranges(one, other, wide, narrow):
    found = Comparison(
        readings=(creator("a", one, one - wide, one + wide), creator("b", other, other - narrow, other + narrow))
    )
    card = compare_of(found)
    cells = [[plain(cell) for cell in row.cells] for row in tables(card)[0].rows]
    (low_a, high_a), (low_b, high_b) = [
        [int(n) for n in re.findall(r"\d+", span)][:2] * (1 if "to" in span else 2)
        for span in next(row for row in cells if row[0] == "range")[1:]
    ]
    apart = low_a > high_b or low_b > high_a
    assert ("too close to call" in words(card)) is not apart


def test_missing_creators_are_named_and_do_not_stop_the_others():
    assert "@nobody is not compared: I can't find @nobody on Bluesky." in words(compare_of(side_by_side()))


def test_what_nobody_has_measured_is_called_assumed():
    known = inputs(20, followers=10_000, expected_rate=0.02)
    readings = tuple(
        reading(f"@{name}", total(60.0), [account(name, network_score(name, 60.0, inputs=known), handle=name)])
        for name in ("instagram", "bluesky")
    )
    said = words(compare_of(Comparison(readings=readings, missing=())))
    assert "what a post of creators of the size draws, assumed on Bluesky for want of a public benchmark" in said
    assert "assumed" not in words(compare_of(side_by_side()))
    (peer,) = peer_rates(readings[1].networks)
    said = words(why_of(why_glowguru(peers=(peer,))))
    assert "4.0 times the 2.0 % assumed for this size · no public benchmark of creators there" in said


@pytest.mark.parametrize("card", [why_of(why_glowguru()), compare_of(side_by_side())])
def test_where_something_hangs_on_a_score_it_says_what_it_is_not(card):
    assert "public reactions, not sales; it can be gamed, so let people judge too" in words(card)


def test_one_picture_holds_all_histories():
    history = (point(14, 40.0), point(7, 44.0))
    found = Comparison(
        readings=(
            creator("a", 50.0, 48.0, 52.0, history=history),
            creator("b", 60.0, 58.0, 62.0, history=history),
            creator("c", 30.0, 28.0, 32.0, history=history),
        )
    )
    card = compare_of(found)
    assert [one.name for one in card.chart.series] == ["@a", "@b", "@c"]
    assert "@a 40 to 50" in card.chart.alt
    assert compare_of(side_by_side()).chart is None


def test_every_button_can_be_typed():
    for card in (why_of(why_glowguru()), compare_of(side_by_side())):
        buttons = card.offering(COMMANDS).buttons
        assert buttons
        assert [parse(button.typed).command.name for button in buttons] == [button.command for button in buttons]
