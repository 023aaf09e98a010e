"""The statement and the comparison as text, against cards written by hand."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from bots.render_text import render
from core.cards_compare import compare_card
from core.cards_why import why_card
from tests.core.explanations_by_hand import neck_and_neck, side_by_side, why_flagged, why_glowguru
from tests.core.readings_by_hand import MANIFESTS, NOW

BY_HAND = Path(__file__).parent / "cards_by_hand"
CARDS = {
    "why": why_card(why_glowguru(), NOW, zone="UTC", manifests=MANIFESTS),
    "flagged": why_card(why_flagged(), NOW, zone="UTC", manifests=MANIFESTS),
    "compare": compare_card(side_by_side(), NOW, zone="UTC", manifests=MANIFESTS),
    "close": compare_card(neck_and_neck(), NOW, zone="UTC", manifests=MANIFESTS),
}


def squeezed(text):
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", ["why", "compare"])
def test_cards_look_like_the_sketches(name):
    assert render(CARDS[name]) + "\n" == (BY_HAND / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [24, 43, 72, 100, 140])
@pytest.mark.parametrize("name", CARDS)
def test_every_fact_is_there_within_the_width(name, width):
    drawn = render(CARDS[name], width=width)
    assert all(cell_len(one) <= width for one in drawn.split("\n"))
    cells = [fact for fact in CARDS[name].facts() if fact not in ("Pattern", "Change")]
    assert all(squeezed(fact) in squeezed(drawn) for fact in cells)


def test_a_narrow_screen_names_each_figure():
    drawn = squeezed(render(CARDS["compare"], width=36))
    assert "score·@beanco48·@glow62" in drawn


@pytest.mark.parametrize("name", CARDS)
def test_ascii_when_the_screen_knows_no_more(name):
    assert render(CARDS[name], unicode=False).isascii()
