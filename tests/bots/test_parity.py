"""The same everywhere: every command on every front end, or the table says why not; every fact in every rendering."""

import re

import discord
import pytest
from discord import app_commands

from bots.discord_commands import fill as fill_tree
from bots.discord_commands import options_of, payloads, slot_of
from bots.discord_view import layout
from bots.render_discord import render as on_discord
from bots.render_slack import render as in_slack
from bots.render_text import render as in_text
from core.card import Link
from core.cards_consent import disconnected_card, link_card
from core.cards_errors import error_card
from core.commands import COMMANDS, invoke, parse
from core.errors import CloutError, DeliveryError, SourceChanged, SourceError
from core.permission import Withdrawn
from tests.bots.test_render_discord import AGAIN, fact_read, pages, read
from tests.bots.test_render_slack import CARDS, said, squeezed, unmarked
from tests.core.readings_by_hand import NOW
from tests.core.test_cards_consent import CONSENT

FRONTS = ("slack", "discord", "terminal")
SAMPLES = {
    "creator": "@glow",
    "account": "tiktok:glow",
    "network": "tiktok",
    "period": "30d",
    "command": "why",
    "channel": "<#1>",
    "role": "<@&2>",
    "person": "<@3|dana>",
    "zone": "Europe/Berlin",
    "number": "5",
}


class Nobody:
    async def on_command(self, *given):
        raise AssertionError

    async def suggest(self, *given):
        return []


@pytest.fixture(scope="module")
def tree():
    client = discord.AutoShardedClient(intents=discord.Intents(guilds=True))
    made = app_commands.CommandTree(client)
    fill_tree(made, Nobody(), [("tiktok", "TikTok")])
    return made


def offered(tree):
    """Every command a tree offers by its words, with its options."""
    found = {}
    for one in payloads(tree):
        inside = [part for part in one["options"] if part["type"] == 1]
        for part in inside or [one]:
            words = (one["name"], part["name"]) if inside else (one["name"],)
            found[words] = {option["name"]: option for option in part["options"]}
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_offered_everywhere_or_the_table_says_why_not(tree, name):
    command, known = COMMANDS[name], offered(tree)
    assert set(command.absent) <= set(FRONTS)
    assert all(why.strip() for why in command.absent.values())
    assert (slot_of(name).words in known) == ("discord" not in command.absent)
    told = [SAMPLES.get(a.kind, "x") for a in command.arguments if a.required and a.keyword is None]
    for front in ("slack", "terminal"):
        if front not in command.absent:
            assert parse(" ".join([command.typed, *told])).command is command


@pytest.mark.parametrize("name", [name for name, one in COMMANDS.items() if "discord" not in one.absent])
def test_every_argument_can_be_given_on_discord(tree, name):
    command = COMMANDS[name]
    options = offered(tree)[slot_of(name).words]
    made = options_of(command)
    assert {option.argument.name for option in made} == {argument.name for argument in command.arguments}
    assert set(options) - {"private"} == {option.name for option in made}
    for option in made:
        assert options[option.name]["required"] == option.required
        assert 1 <= len(options[option.name]["description"]) <= 100
    given = {a.name: True if a.kind == "flag" else SAMPLES.get(a.kind, "x") for a in command.arguments}
    assert invoke(name, **given).command is command


def test_discord_s_limits_of_commands(tree):
    every = payloads(tree)
    assert len(every) <= 100
    for one in every:
        assert len(str(one)) < 16_000
        assert letters(one) <= 8_000
        for part in nodes(one):
            assert re.fullmatch(r"[a-z0-9_-]{1,32}", part["name"]) or part.get("type") == 3
            assert len(part.get("options", ())) <= 25
            assert len(part.get("choices", ())) <= 25


def nodes(one):
    yield one
    for part in one.get("options", ()):
        yield from nodes(part)


def letters(one):
    own = len(one["name"]) + len(one.get("description", ""))
    own += sum(len(c["name"]) + len(str(c["value"])) for c in one.get("choices", ()))
    return own + sum(letters(part) for part in one.get("options", ()))


def test_what_changes_things_is_for_who_manages_the_server(tree):
    heads = {slot_of(one.name).words[0] for one in COMMANDS.values() if one.manages and "discord" not in one.absent}
    for one in payloads(tree):
        managing = one["name"] in heads
        assert (one.get("default_member_permissions") == discord.Permissions(manage_guild=True).value) == managing
        assert (one.get("integration_types") == [0]) == managing


# --- the same facts -----------------------------------------------------------------------------------------------


def every(kind):
    return [kind, *(each for below in kind.__subclasses__() for each in every(below))]


def made(kind):
    if issubclass(kind, SourceChanged):
        return kind("bluesky", "followersCount")
    if issubclass(kind, SourceError | DeliveryError):
        return kind("bluesky", "Bluesky did not answer.")
    return kind("That did not work.")


ERRORS = {kind.__name__: made(kind) for kind in every(CloutError) if kind.__module__ == "core.errors"}
CONSENTS = {
    "consent link": link_card(CONSENT, NOW, zone="UTC"),
    "disconnected": disconnected_card(Withdrawn(creator="glow", network="tiktok", handles=("glow",)), manifests={}),
}
EVERY = CARDS | CONSENTS | {f"error {name}": error_card(error, "7f3a", now=NOW) for name, error in ERRORS.items()}


@pytest.mark.parametrize("name", EVERY)
def test_all_renderings_carry_the_same_facts(name):
    card = EVERY[name]
    discord_words = "".join(
        read("\n".join(part["content"] for part in texts(message.components))) for message in pages(card)
    ).replace("]", "")
    in_pages = [in_slack(card, page=page, again=AGAIN) for page in range(9)]
    slack = "".join(said(one) + squeezed(unmarked(one.text)) for one in in_pages).replace("`", "")
    terminal = squeezed(in_text(card, width=100))
    for fact in card.facts():
        plain = squeezed(fact).replace("`", "")
        assert fact_read(fact).replace("]", "") in discord_words
        assert plain in slack
        assert plain in terminal.replace("`", "") or fact in ("Pattern", "Change", "Network", "Account")


def texts(parts):
    for part in parts:
        if part["type"] == 10:
            yield part
        yield from texts(part.get("components", ()))


def test_every_button_of_every_card_is_a_control_on_discord():
    for card in EVERY.values():
        drawn = str(on_discord(card).components)
        for button in card.buttons:
            assert button.label in drawn


def test_a_link_opens_on_every_platform_and_none_that_is_not_https():
    address = "https://clout.example/connect/abc"
    plain = EVERY["error NotFound"]
    card = plain.model_copy(update={"links": (Link(label="Look at the page", url=address),)})
    for drawn in str(on_discord(card).components), str(in_slack(card).blocks), in_text(card, width=100):
        assert address in drawn
        assert "Look at the page" in drawn
    assert isinstance(layout(on_discord(card).components), discord.ui.LayoutView)
    unsafe = card.model_copy(update={"links": (Link(label="Look at the page", url="javascript:alert(1)"),)})
    for drawn in str(on_discord(unsafe).components), str(in_slack(unsafe).blocks), in_text(unsafe, width=100):
        assert "Look at" not in drawn
