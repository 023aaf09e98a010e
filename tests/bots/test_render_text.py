import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bots.render_text import LEAST_WIDTH, render
from core.card import Card, Column, Headline, Item, Line, Listing, Notes, Table, TableRow, line, outside
from core.cards_errors import error_card
from core.cards_history import history_card
from core.cards_networks import help_card, networks_card
from core.cards_score import Percentile, partial_card, score_card
from core.commands import COMMANDS
from core.commands.networks import entry
from core.errors import BadHandle
from core.manifest import NetworkAvailability
from core.models import Candidate
from tests.core.readings_by_hand import EVERY, MANIFESTS, NOW, account, failed, glowguru, reading, total

BY_HAND = Path(__file__).parent / "cards_by_hand"
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
PERCENTILE = Percentile(above=92, of=140)


def card_of(known):
    if known.pending:
        return partial_card(known, NOW, zone="UTC", manifests=MANIFESTS)
    return score_card(known, NOW, zone="UTC", percentile=PERCENTILE, manifests=MANIFESTS)


def others():
    networks = tuple(NetworkAvailability(manifest=m, ready=m.name != "tiktok", reason="") for m in MANIFESTS.values())
    return {
        "history": history_card(glowguru(), NOW, zone="UTC"),
        "networks": networks_card(networks),
        "help": help_card([entry(command) for command in COMMANDS.values()]),
        "error": error_card(BadHandle("`na sa` is no handle."), "7f3a", now=NOW),
    }


CARDS = {name: card_of(make()) for name, make in EVERY.items()} | others()


def squeezed(text):
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", ["glowguru", "newcomer", "quiet"])
def test_cards_look_like_the_sketches(name):
    assert render(CARDS[name]) + "\n" == (BY_HAND / f"{name}.txt").read_text(encoding="utf-8")


def test_a_narrow_screen():
    card = score_card(EVERY["namesakes"](), NOW, zone="UTC", manifests=MANIFESTS)
    assert render(card, width=43) + "\n" == (BY_HAND / "namesakes_narrow.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [24, 40, 60, 80, 100, 140])
@pytest.mark.parametrize("name", CARDS)
def test_every_fact_is_there_within_the_width(name, width):
    drawn = render(CARDS[name], width=width)
    assert all(cell_len(one) <= width for one in drawn.split("\n"))
    assert all(squeezed(fact) in squeezed(drawn) for fact in CARDS[name].facts())
    assert not CONTROLS.search(drawn)
    assert all(one == one.rstrip() for one in drawn.split("\n"))


@pytest.mark.parametrize("name", CARDS)
def test_ascii_when_the_screen_knows_no_more(name):
    assert render(CARDS[name], unicode=False).isascii()


@pytest.mark.parametrize("name", CARDS)
def test_colour_adds_styles_and_changes_no_word(name):
    coloured = render(CARDS[name], colour=True)
    bare = re.sub(r"\x1b\]8;;.*?\x1b\\|\x1b\[[0-9;]*m", "", coloured)
    assert "\x1b[1m" in coloured or name == "error"
    for fact in CARDS[name].facts():
        assert squeezed(fact) in squeezed(bare)
    assert not CONTROLS.search(bare)


def test_a_change_has_a_word_even_in_ascii():
    assert "up 4 this week" in render(CARDS["glowguru"], unicode=False)


def test_wide_characters_keep_columns_aligned():
    columns = (Column(title="a"), Column(title="b"))
    rows = (
        TableRow(cells=(line(outside("日本語", 20)), line("x"))),
        TableRow(cells=(line("abcdef"), line("y"))),
    )
    card = Card(kind="t", title=line("t"), blocks=(Table(columns=columns, rows=rows),))
    assert render(card).split("\n") == ["日本語   x", "abcdef   y"]


PIECES = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b]0;owned\x07",
        "\x9b2J",
        "\x07",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\r\n",
        "\u2028",
        "@everyone",
        "<!channel>",
        "[link](https://evil.example)",
        "[bold]",
        "**x**",
        "日本語",
        "Z\u0351\u0352\u0353\u0354\u0355\u0356",
        "w" * 10_000,
        "👩\u200d💻",
    ]
)
HOSTILE = st.lists(st.one_of(st.text(max_size=30), PIECES), max_size=12).map("".join)
RAW = ("\x1b", "\x9b", "\x07", "\u202e", "\u2066", "\u200b", "\ufeff", "\r", "\u2028", "w" * 300)


def attacked(words):
    """A reading with hostile words wherever a stranger's words can come in."""
    name = words or "x"
    own = account("instagram", 60.0, handle=name, access="owner_authorised", notes=(words,))
    broken = failed("x", "Unavailable", words, status="upstream_error", handle=name)
    others = (Candidate(network="tiktok", handle=name, native_id="1", score=3.0, evidence=(words,)),)
    return reading(name, total(60.0), [own, broken], name=words, candidates=others)


@settings(max_examples=60)
@given(HOSTILE, st.integers(LEAST_WIDTH, 130))
def test_hostile_text_never_reaches_the_screen_raw(words, width):
    card = card_of(attacked(words))
    drawn = render(card, width=width)
    assert not CONTROLS.search(drawn)
    assert not any(raw in drawn for raw in RAW)
    assert all(cell_len(one) <= width for one in drawn.split("\n"))
    assert all(squeezed(fact) in squeezed(drawn) for fact in card.facts())
    assert render(card, width=width, unicode=False).isascii()
    styled = re.sub(r"\x1b\]8;;.*?\x1b\\|\x1b\[[0-9;]*m", "", render(card, width=width, colour=True))
    assert not CONTROLS.search(styled)


@settings(max_examples=40)
@given(HOSTILE)
def test_a_stranger_s_words_stand_in_spans_marked_untrusted(words):
    marker = "zqx" + words
    for block in card_of(attacked(marker)).blocks:
        for span in (span for one in lines_of(block) for span in one):
            assert "zqx" not in span.text or span.untrusted


def lines_of(block) -> list[Line]:
    match block:
        case Headline():
            return [*block.cells, block.aside]
        case Table():
            return [one for row in block.rows for one in (*row.cells, row.tail)]
        case Notes():
            return list(block.lines)
        case Listing(items=items, label=label):
            return [label, *(one for item in items if isinstance(item, Item) for one in (item.line, item.detail))]
        case _:
            return []
