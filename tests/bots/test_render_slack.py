"""Slack's messages: everything the card says, within the limits, and nothing a stranger wrote can act."""

import html
import random
import re

import pytest

from bots.pages import page_of
from bots.render_slack import SlackMessage, render
from core.card import (
    Button,
    Card,
    Column,
    Fact,
    Headline,
    Item,
    Lines,
    Listing,
    Notes,
    Table,
    TableRow,
    at,
    line,
    outside,
)
from core.cards_accounts import accounts_card, linked_card
from core.cards_networks import networks_card
from core.connectors import manifests
from core.manifest import NetworkAvailability
from core.models import Linked
from tests.bots.hostile_cards import card as hostile_card
from tests.bots.hostile_cards import words
from tests.bots.slack_contract import nodes, of_message
from tests.bots.test_render_statements import CARDS as STATEMENTS
from tests.bots.test_render_text import CARDS as OTHERS
from tests.bots.test_render_text import attacked, card_of
from tests.core.readings_by_hand import MANIFESTS, NOW, glowguru

LINKED = Linked(name="@glowguru", accounts=glowguru().networks)
CARDS: dict[str, Card] = (
    OTHERS
    | STATEMENTS
    | {
        "accounts": accounts_card(LINKED, NOW, zone="UTC", manifests=MANIFESTS),
        "linked": linked_card(LINKED, "tiktok:glow", NOW, zone="UTC", manifests=MANIFESTS),
        "unlinked": linked_card(Linked(name="@x", accounts=()), "x:x", NOW, zone="UTC", removed=True),
    }
)
AGAIN = Button(label="", command="networks")
DATE = re.compile(r"<!date\^\d+\^[^|]+\|([^>]+)>")


def squeezed(text):
    return re.sub(r"[\s\u200b]", "", text)


def unmarked(markup):
    """Markup as it is read."""
    return html.unescape(DATE.sub(r"\1", markup)).replace("`", "")


def said(message: SlackMessage) -> str:
    """All words of the blocks, in reading order."""
    found = []
    for node in nodes(list(message.blocks)):
        if node.get("type") == "mrkdwn":
            found.append(unmarked(node["text"]))
        elif node.get("type") == "date":
            found.append(node["fallback"])
        elif isinstance(node.get("text"), str):
            found.append(node["text"])
    return squeezed("".join(found))


def ticked(text):
    return squeezed(text).replace("`", "")


@pytest.mark.parametrize("form", ["blocks", "file", "none"])
@pytest.mark.parametrize("name", CARDS)
def test_every_fact_stands_in_the_blocks_and_in_the_text(name, form):
    pages = page_of(CARDS[name], 0).of  # the help card alone has several
    drawn = [
        render(CARDS[name], chart=form, slack_file="F0123456", page=at, again=AGAIN, share=True) for at in range(pages)
    ]
    assert [found for one in drawn for found in of_message(one.payload())] == []
    blocks = "".join(said(one).replace("`", "") for one in drawn)
    text = "".join(squeezed(unmarked(one.text)) for one in drawn)
    for fact in CARDS[name].facts():
        assert ticked(fact) in blocks
        assert ticked(fact) in text


def test_a_score_card_has_the_order_of_the_sketch():
    message = render(CARDS["glowguru"])
    kinds = [block["type"] for block in message.blocks]
    assert kinds == ["header", "rich_text", "data_visualization", *["rich_text"] * 4, "context", "context", "actions"]
    assert message.blocks[0]["text"]["text"] == "@glowguru · 62 (58 to 65) · ▲ 4 this week"
    labels = [button["text"]["text"] for button in message.blocks[-1]["elements"]]
    assert labels == ["Refresh", "Why", "History", "Compare", "Watch", "Track"]
    assert message.text.startswith("@\u200bglowguru · 62 (58 to 65) · ▲ 4 this week")


def test_only_the_asker_sees_a_private_card():
    assert render(CARDS["error"]).response()["response_type"] == "ephemeral"
    assert render(CARDS["glowguru"]).response(replace=True)["response_type"] == "in_channel"
    assert render(CARDS["glowguru"]).response(replace=True)["replace_original"] is True


def test_words_only_for_a_workspace_that_refuses_the_blocks():
    message = render(CARDS["glowguru"])
    assert message.words_only() == SlackMessage((), message.text)
    assert render(CARDS["error"]).words_only().private


def test_a_statement_is_a_table_and_the_second_one_a_list():
    message = render(CARDS["why"])
    assert [block["type"] for block in message.blocks].count("table") == 1
    table = next(block for block in message.blocks if block["type"] == "table")
    assert [cell["text"] for cell in table["rows"][0]] == ["\u00a0", "Instagram", "TikTok", "Bluesky", "\u00a0"]
    assert [column["align"] for column in table["column_settings"]][:4] == ["left", "right", "right", "right"]


# --- times ------------------------------------------------------------------------------------------------------------


def test_times_are_told_in_the_reader_s_zone():
    dates = [n for block in render(CARDS["quiet"]).blocks for n in nodes(block) if n.get("type") == "date"]
    assert (dates[0]["timestamp"], dates[0]["fallback"]) == (1785744000, "3 Aug")  # 2026-08-03 08:00 UTC
    notes = [n["text"] for b in render(CARDS["quiet"]).blocks for n in nodes(b) if n.get("type") == "mrkdwn"]
    assert notes == [
        "Updated <!date^1795348800^{date_short_pretty} {time}|2 h ago> · model 1.2 · public reactions, not sales"
    ]


def test_a_time_beside_a_stranger_s_words_in_small_print_stays_words():
    stranger = outside("<!date^1^{date}|now>", 40)
    card = Card(
        kind="t", title=line("t"), blocks=(Lines(facts=()), Notes(lines=(line(at(NOW, "22 Nov", "date"), stranger),)))
    )
    [context] = render(card).blocks
    assert context["elements"] == [{"type": "plain_text", "text": "22 Nov<!date^1^{date}|now>", "emoji": False}]


# --- charts -----------------------------------------------------------------------------------------------------------


def chart_of(name):
    return next(b["chart"] for b in render(CARDS[name]).blocks if b["type"] == "data_visualization")


def digest():
    """A digest as small as one can be, with the picture of another card."""
    mover = TableRow(cells=(line("@glow"), line("58 to 62"), line("Bluesky post of 14 Nov +2.9")))
    blocks = (
        Headline(cells=(line("Influence this week"),)),
        Table(columns=(Column(title=""), Column(title=""), Column(title="")), rows=(mover,)),
        Lines(facts=(Fact(line=line("35 steady")),)),
        Notes(lines=(line("Next Mon 30 Nov 09:00"),)),
    )
    return Card(kind="digest", title=line("Influence"), blocks=blocks, chart=CARDS["history"].chart)


def test_the_picture_of_a_digest_stands_below_its_movers_and_above_the_small_print():
    message = render(digest())
    kinds = [block["type"] for block in message.blocks]
    assert kinds.index("data_visualization") == kinds.index("context") - 1
    assert "58 to 62" in str(message.blocks[: kinds.index("data_visualization")])
    assert "▁" not in message.text + str(message.blocks)
    lines = render(digest(), chart="none").text.split("\n")
    course = next(at for at, words in enumerate(lines) if "▁" in words)
    assert lines[course - 1].startswith("35 steady")


def test_beside_a_picture_a_course_is_told_in_words_alone():
    assert "48to62in12weeks" in said(render(CARDS["glowguru"]))
    assert "▁" not in said(render(CARDS["glowguru"])) + render(CARDS["glowguru"]).text
    assert "▁" in said(render(CARDS["glowguru"], chart="none"))


def test_the_chart_shows_whole_scores_from_the_first_to_the_last():
    chart = chart_of("glowguru")
    days = chart["axis_config"]["categories"]
    values = [point["value"] for point in chart["series"][0]["data"]]
    assert (days[0], days[-1]) == ("30 Aug", "22 Nov")
    assert (values[0], values[-1]) == (48, 62)
    assert values == sorted(values)


def test_pictures_by_upload_or_characters_alone():
    image = next(b for b in render(CARDS["history"], chart="file", slack_file="F9").blocks if b["type"] == "image")
    assert image["slack_file"] == {"id": "F9"}
    assert image["alt_text"].startswith("Score 48 to 62 from 30 Aug 2026")
    for message in (render(CARDS["history"], chart="none"), render(CARDS["history"], chart="file")):
        assert "image" not in {block["type"] for block in message.blocks}
        assert "▁▂▂▃▃▄▄▅▅▆▇█" in said(message)
        assert "▁▂▂▃▃▄▄▅▅▆▇█" in message.text


# --- long cards -------------------------------------------------------------------------------------------------------


def long_card(count, words="Public reactions."):
    rows = tuple(TableRow(cells=(line(f"Network {n}."), line(words))) for n in range(count))
    table = Table(label="Read", columns=(Column(title="a"), Column(title="b")), rows=rows)
    return Card(kind="networks", title=line("n"), blocks=(Headline(cells=(line("many"),)), table), private=True)


def turned(message):
    return {n["text"]["text"]: n for b in message.blocks for n in nodes(b) if ".page." in n.get("action_id", "")}


def test_pages_have_ten_rows_and_all_rows_stand_on_one():
    pages = [render(long_card(28), page=page, again=AGAIN) for page in range(3)]
    assert [list(turned(message)) for message in pages] == [["Next"], ["Previous", "Next"], ["Previous"]]
    assert ["21 to 28 of 28" in message.text for message in pages] == [False, False, True]
    for n in range(28):
        assert [f"Network {n}." in message.text for message in pages].index(True) == n // 10
    assert all(of_message(message.payload()) == [] for message in pages)


@pytest.mark.parametrize(("asked", "shown"), [(-5, 0), (2, 2), (3, 2), (10_000, 2)])
def test_a_page_that_is_gone_is_the_nearest_there_is(asked, shown):
    assert render(long_card(28), page=asked, again=AGAIN) == render(long_card(28), page=shown, again=AGAIN)


def test_a_short_list_has_no_pages():
    message = render(long_card(14), page=1, again=AGAIN)
    assert turned(message) == {}
    assert "Network 13." in message.text


def test_what_has_no_room_goes_by_whole_rows():
    message = render(long_card(14, "A sentence of many words. " * 40))
    assert re.search(r"and \d+ more$", message.text)
    assert of_message(message.payload()) == []
    kept = message.text.count("Network ")
    assert f"and {14 - kept} more" in message.text
    assert message.text.count("A sentence of many words.") == 40 * kept


def test_all_networks_in_brief():
    every = [NetworkAvailability(manifest=m, ready=not m.credentials, reason="") for m in manifests().values()]
    message = render(networks_card(every), again=AGAIN)
    assert of_message(message.payload()) == []
    for network in every:
        assert network.manifest.label in message.text
    assert "CLOUT_X__BEARER_TOKEN" in message.text
    assert "Longer remarks are shortened here." in message.text
    assert len(message.text) < 4_000


def test_a_card_of_nothing_but_blocks_is_still_a_message():
    many = Card(kind="t", title=line("t"), blocks=tuple(Headline(cells=(line(f"h{n}"),)) for n in range(400)))
    assert of_message(render(many).payload()) == []
    assert of_message(render(Card(kind="t", title=line("t"), blocks=())).payload()) == []


def test_entries_with_buttons_stand_beside_them():
    one = Button(label="Show", command="influence", arguments=(("creator", "x:a"),))
    two = Button(label="Remove", command="unlink", arguments=(("creator", "@a"), ("account", "x:a")))
    items = (Item(line=line("a"), buttons=(one,)), Item(line=line("b"), buttons=(one, two)), Item(line=line("c")))
    message = render(Card(kind="t", title=line("t"), blocks=(Listing(label=line("all"), items=items),)))
    assert [block.get("accessory", {}).get("type") for block in message.blocks] == [None, "button", "overflow", None]
    assert of_message(message.payload()) == []


# --- strangers' words -------------------------------------------------------------------------------------------------


UNSAID = {"url", "value", "action_id", "type"}
ADDRESS = re.compile(r"[a-z]://")
ACTIVE = re.compile(r"[a-z]://|\*b\*|`c`|:smile:|@channel|<[!@#](?!date\^)")


def harmless(message, schema):
    """Nothing breaks a rule; no string but addresses, states and names could link, and the text cannot act."""
    walked = [nodes(block) for block in message.blocks]
    assert of_message(message.payload(), schema=schema, walked=walked) == []
    strings = [v for inside in walked for node in inside for k, v in node.items() if type(v) is str and k not in UNSAID]
    assert not ADDRESS.search("\n".join(strings))
    assert not ACTIVE.search(message.text)


@pytest.mark.parametrize("part", range(8))
def test_20_000_hostile_profiles(part):
    chance = random.Random(part)
    for n in range(2_500):
        card = hostile_card(chance)
        form = chance.choice(("blocks", "file", "none"))
        message = render(card, chart=form, slack_file="F1", page=chance.randrange(4), again=AGAIN, share=True)
        harmless(message, schema=n % 250 == 0)


@pytest.mark.parametrize("seed", range(60))
def test_hostile_readings_as_score_cards(seed):
    card = card_of(attacked(words(random.Random(seed), 9)))
    message = render(card)
    harmless(message, schema=True)
    everything = said(message).replace("`", "")
    assert all(ticked(fact) in everything for fact in card.facts())


def test_the_same_card_is_the_same_message():
    for seed in range(20):
        card = hostile_card(random.Random(seed))
        assert render(card) == render(card)
