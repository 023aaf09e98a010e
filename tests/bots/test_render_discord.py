"""Discord's messages: everything the card says, within the limits, and nothing a stranger wrote can act."""

import random
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.controls import OldControl
from bots.discord_controls import control, custom_id, pressed
from bots.discord_text import escaped, marked
from bots.render_discord import CHARACTERS, COMPONENTS, render, size_of
from core.card import Button, Card, Column, Headline, Item, Listing, Span, Table, TableRow, line, outside, text
from core.cards_networks import networks_card
from core.connectors import manifests
from core.manifest import NetworkAvailability
from tests.bots.discord_contract import ESCAPED, acting, nodes, of_components
from tests.bots.hostile_cards import card as hostile_card
from tests.bots.hostile_cards import words
from tests.bots.test_render_slack import CARDS, digest
from tests.bots.test_render_text import attacked, card_of

AGAIN = Button(label="", command="networks")


def read(markup):
    """Markup as it is read, but for spaces and stars."""
    markup = re.sub(r"\]\(<https://[^>]+>\)", "", markup)
    markup = ESCAPED.sub(lambda found: found[0][1:], markup)
    return re.sub(r"[\s\u200b*`\[]", "", markup)


def said(message):
    return read("\n".join(one["content"] for one in nodes(message.components) if one["type"] == 10))


def fact_read(fact):
    return re.sub(r"[\s\u200b*`\[]", "", fact)


def pages(card):
    first = render(card, again=AGAIN, share=True)
    return [first, *(render(card, page=n, again=AGAIN, share=True) for n in range(1, first.page.of))]


@pytest.mark.parametrize("name", CARDS)
def test_every_fact_stands_in_the_message_and_in_the_embed(name):
    shown = pages(CARDS[name])
    for message in shown:
        assert of_components(message.components) == []
    everything = "".join(map(said, shown))
    embed = read(shown[0].embed["description"])
    for fact in CARDS[name].facts():
        assert fact_read(fact).replace("]", "") in everything.replace("]", "")
        if len(shown) == 1:
            assert fact_read(fact).replace("]", "") in embed.replace("]", "")


def test_a_score_card_has_the_order_of_the_sketch():
    message = render(CARDS["glowguru"])
    [container] = message.components
    assert (container["type"], container["accent_color"]) == (17, 0x2E7D32)
    assert [part["type"] for part in container["components"]] == [10, 12, 10, 1, 1]
    assert container["components"][0]["content"].startswith("### @\u200bglowguru · 62 \\(58 to 65\\) · ▲ 4 this week")
    labels = [one["label"] for one in nodes(message.components) if one["type"] == 2]
    assert labels == ["Refresh", "Why", "History", "Compare", "Watch", "Track"]
    assert message.alt == "Score 48 to 62 from 30 Aug 2026 to 22 Nov 2026, highest 62 on 22 Nov 2026."
    assert "<t:1795348800:R>" in container["components"][2]["content"]


def test_a_comparison_is_aligned_and_narrow_enough_for_a_telephone():
    box = re.search(r"```\n([\s\S]*?)\n```", render(CARDS["compare"]).components[0]["components"][0]["content"])
    lines = box[1].split("\n")
    assert max(len(one.replace("\u200b", "")) for one in lines) <= 40
    assert [one.split() for one in lines[:2]] == [["@beanco", "@glow"], ["score", "48", "62"]]


def test_namesakes_are_a_choice():
    select = next(one for one in nodes(render(CARDS["namesakes"]).components) if one["type"] == 3)
    press = pressed(select["custom_id"], [select["options"][0]["value"]])
    assert (press.verb, press.command, press.options) == ("run", "influence", {"creator": ("tiktok:glow",)})


def test_without_a_picture_nothing_refers_to_one():
    message = render(CARDS["history"], picture=False)
    assert message.alt is None
    assert 12 not in {one["type"] for one in nodes(message.components)}
    assert "image" not in message.embed


def test_the_picture_of_a_digest_stands_below_its_movers_and_above_the_small_print():
    above, picture, below = (str(one) for one in render(digest()).components[0]["components"])
    assert "58 to 62" in above
    assert "35 steady" in above
    assert "history.png" in picture
    assert "-# Next Mon 30 Nov 09:00" in below.replace("\\", "")  # a colon is escaped: it may begin an emoji


def test_words_only_and_the_embed_carry_no_more_than_they_may():
    message = render(CARDS["why"])
    assert of_components(message.words_only().components) == []
    assert len(message.embed["description"]) <= 4096
    assert [row["type"] for row in message.classic] == [1]


# --- pages ------------------------------------------------------------------------------------------------------------


def long_card(count, words="Public reactions."):
    rows = tuple(TableRow(cells=(line(f"Network {n}."), line(words))) for n in range(count))
    table = Table(label="Read", columns=(Column(title="a"), Column(title="b")), rows=rows)
    return Card(kind="networks", title=line("n"), blocks=(Headline(cells=(line("many"),)), table), private=True)


def turning(message):
    return {one["label"]: one.get("disabled", False) for one in nodes(message.components) if one.get("label")}


def test_pages_have_ten_rows_and_all_rows_stand_on_one():
    shown = [render(long_card(28), page=page, again=AGAIN) for page in range(3)]
    off = [turning(message) for message in shown]
    assert off[0] == {"Previous": True, "Next": False}
    assert off[1] == {"Previous": False, "Next": False}
    assert off[2] == {"Previous": False, "Next": True}
    for n in range(28):
        assert [f"Network{n}." in said(message) for message in shown].index(True) == n // 10


@pytest.mark.parametrize(("asked", "shown"), [(-5, 0), (2, 2), (3, 2), (10_000, 2)])
def test_a_page_that_is_gone_is_the_nearest_there_is(asked, shown):
    assert render(long_card(28), page=asked, again=AGAIN) == render(long_card(28), page=shown, again=AGAIN)


@pytest.mark.parametrize("count", [14, 28, 40])
def test_wordy_rows_make_shorter_pages_and_none_is_lost(count):
    card = long_card(count, "A sentence of many words. " * 20)
    everything = "".join(map(said, pages(card)))
    assert all(f"Network{n}." in everything for n in range(count))
    assert "more" not in everything


def test_rows_that_fit_no_page_are_counted():
    message = render(long_card(6, "Words without an end " * 150), again=AGAIN)
    assert re.search(r"and\d+more", said(message))
    assert of_components(message.components) == []


def test_all_networks_can_be_read_page_by_page():
    every = [NetworkAvailability(manifest=m, ready=not m.credentials, reason="") for m in manifests().values()]
    shown = pages(networks_card(every))
    everything = "".join(map(said, shown))
    for network in every:
        assert fact_read(network.manifest.label) in everything
    for message in shown:
        assert of_components(message.components) == []


def test_a_card_of_nothing_but_blocks_is_still_a_message():
    one = Button(label="Show", command="influence", arguments=(("creator", "x:a"),))
    lists = tuple(Listing(items=(Item(line=line(f"h{n}"), buttons=(one,)),)) for n in range(400))
    for card in (
        Card(kind="t", title=line("t"), blocks=lists),
        Card(kind="t", title=line("t"), blocks=()),
        Card(kind="t", title=line("t"), blocks=tuple(Headline(cells=(line("h" * 300),)) for _ in range(40))),
    ):
        assert of_components(render(card, again=AGAIN).components) == []
        assert render(card).embed["description"]


def test_entries_with_one_button_stand_beside_it_others_get_selects():
    one = Button(label="Show", command="influence", arguments=(("creator", "x:a"),))
    two = Button(label="Remove", command="unlink", arguments=(("creator", "@a"), ("account", "x:a")))
    items = (Item(line=line("a"), buttons=(one,)), Item(line=line("c")))
    message = render(Card(kind="t", title=line("t"), blocks=(Listing(label=line("all"), items=items),)))
    assert [part["type"] for part in message.components[0]["components"]] == [10, 9, 10]
    both = (Item(line=line("a"), buttons=(one, two)), Item(line=line("c")))
    message = render(Card(kind="t", title=line("t"), blocks=(Listing(label=line("all"), items=both),)))
    assert [part["type"] for part in message.components[0]["components"]] == [10, 1, 1]


# --- states -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["creator", "creators", "period"]), st.text(max_size=20)), max_size=5))
@settings(max_examples=100)
def test_a_state_says_what_it_was_made_of(arguments):
    clean = tuple((name, outside(value, 20).text) for name, value in arguments)
    state = custom_id("run", Button(label="", command="why", arguments=clean), 3)
    if state is not None:
        assert len(state) <= 100
        press = pressed(state)
        assert (press.verb, press.command, press.arguments, press.page) == ("run", "why", clean, 3)


@given(st.text(max_size=120) | st.from_regex(r"clout[01]?~[a-z]{0,6}~[a-z]{0,5}~[0-9]{0,6}~[ -~]*", fullmatch=True))
@settings(max_examples=300)
def test_a_state_of_a_strangers_making_is_refused_or_read(state):
    with suppress(OldControl):
        assert pressed(state).page <= 10_000


@pytest.mark.parametrize(
    "state",
    ["clout0~run~why~0~", "clout1~fly~why~0~", "clout1~run~why~0~creator", "clout1~run~why~0~public=1", "other", None],
)
def test_another_versions_state_is_refused_with_what_to_do(state):
    with pytest.raises(OldControl, match=r"another version|not known here"):
        pressed(state)


def test_a_button_without_room_for_its_state_is_left_out():
    assert control(Button(label="Why", command="why", arguments=(("creator", "x" * 90),))) is None


# --- strangers' words -------------------------------------------------------------------------------------------------

HOSTILE = st.lists(
    st.sampled_from(["<@1>", "<@&2>", "<#3>", "</cmd:4>", "<t:1:R>", "<:e:5>", "@everyone", "@here", "https://x.y"])
    | st.sampled_from(["1. ", "12) ", "> ", ">>> ", "# ", "-# ", "- ", "* ", "```", "`", "||", "**", "__", "~~", "\\"])
    | st.sampled_from(["[a](b)", "discord.gg/x", "Discord.com/invite/x", "\n", "\u202e", "\u200b", "steam://x"])
    | st.text(max_size=3),
    max_size=8,
).map("".join)


@given(HOSTILE, HOSTILE)
@settings(max_examples=500)
def test_no_words_can_act(first, second):
    stranger, other = outside(first, 60), outside(second, 60, "strong")
    markup = marked((stranger, text(" · "), other))
    assert list(acting(markup)) == []
    assert not re.search(r"discord(app)?\.(gg|com/invite)", markup, re.IGNORECASE)
    assert len(escaped(stranger.text)) <= 2 * len(stranger.text) + 2
    assert read(markup) == fact_read(re.sub(r"\[", "", stranger.text + " · " + other.text))


@given(HOSTILE)
@settings(max_examples=300)
def test_our_own_words_may_quote_a_stranger(words):
    """Error messages repeat what somebody typed between backticks."""
    shown = outside(words, 40).text
    assert list(acting(marked(line(f"`{shown}` is no handle. See `help`.")))) == []


@pytest.mark.parametrize("part", range(4))
def test_20_000_hostile_profiles(part):
    chance = random.Random(part)
    for n in range(5_000):
        card = hostile_card(chance)
        message = render(card, page=chance.randrange(4), again=AGAIN, share=True)
        assert size_of(message.components)[0] <= COMPONENTS
        assert size_of(message.components)[1] <= CHARACTERS
        assert of_components(message.components, schema=n % 1000 == 0) == []


@pytest.mark.parametrize("seed", range(20))
def test_hostile_readings_as_score_cards(seed):
    card = card_of(attacked(words(random.Random(seed), 9)))
    shown = pages(card)
    for message in shown:
        assert of_components(message.components, schema=seed % 5 == 0) == []
    everything = "".join(map(said, shown)).replace("]", "")
    assert all(fact_read(fact).replace("]", "") in everything for fact in card.facts())


def test_a_time_of_a_strangers_is_no_time():
    assert marked((Span(text="<t:1:R>", untrusted=True),)) == "\\<t\\:1\\:R\\>"
