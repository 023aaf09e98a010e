"""One wrong command for every rule, judged by the hand-written rules and, where it is there, by the schema."""

from pathlib import Path

import discord
import pytest
from discord import app_commands

from sandbox.discord_command_rules import judge_commands
from sandbox.discord_contract import load

CONTRACTS = Path(__file__).parents[2] / "../shared/data/contracts/discord"
published = pytest.mark.skipif(not CONTRACTS.is_dir(), reason="the published contracts are not beside the project")
PUT = "PUT /applications/{application}/commands"


def paths(findings):
    return {path for path, _ in findings}


def command(**more):
    return {"name": "influence", "description": "How influential?", "type": 1} | more


def option(**more):
    return {"name": "handle", "description": "Whose?", "type": 3} | more


def choice(**more):
    return option(choices=[{"name": "x", "value": "y"} | more])


def many(name):
    return option(name=name, choices=[{"name": "x" * 80, "value": str(number) * 50} for number in range(9)])


COMMANDS = {
    "name": (command(name="x" * 33), "/0/name"),
    "capitals": (command(name="Influence"), "/0/name"),
    "blank": (command(name="a b"), "/0/name"),
    "description": (command(description="x" * 101), "/0/description"),
    "no description": (command(description=""), "/0/description"),
    "menu description": (command(name="Score this", type=3), "/0/description"),
    "options": (command(options=[option(name=f"o{n}") for n in range(26)]), "/0/options"),
    "option name": (command(options=[option(name="x" * 33)]), "/0/options/0/name"),
    "option description": (command(options=[option(description="x" * 101)]), "/0/options/0/description"),
    "option twice": (command(options=[option(), option()]), "/0/options"),
    "order": (command(options=[option(), option(name="b", required=True)]), "/0/options"),
    "choices": (command(options=[option(choices=[{"name": "x", "value": "y"}] * 26)]), "/0/options/0/choices"),
    "choice name": (command(options=[choice(name="x" * 101)]), "/0/options/0/choices/0/name"),
    "choice value": (command(options=[choice(value="y" * 101)]), "/0/options/0/choices/0/value"),
    "both": (command(options=[option(autocomplete=True, choices=[{"name": "x", "value": "y"}])]), "/0/options/0"),
    "choices of a channel": (command(options=[option(type=7, autocomplete=True)]), "/0/options/0"),
    "nesting": (command(options=[option(type=1, options=[option(type=1)])]), "/0/options/0/options"),
    "group": (command(options=[option(type=2, options=[option()])]), "/0/options/0/options"),
    "size": (command(options=[many(f"o{number}") for number in range(9)]), "/0"),
    "translations": (command(description_localizations={"de": "x" * 101}), "/0/description_localizations/de"),
    "field": (command(colour="red"), "/0/colour"),
    "contexts": (command(contexts=[3]), "/0/contexts/0"),
}  # fmt: skip


@pytest.mark.parametrize(("one", "path"), COMMANDS.values(), ids=COMMANDS)
def test_commands(one, path):
    assert path in paths(judge_commands([one]))


@published
@pytest.mark.parametrize("name", ["name", "description", "options", "option name", "choices", "choice name", "field"])
def test_the_schema_agrees_on_commands(name):
    assert load(CONTRACTS).request(PUT, [COMMANDS[name][0]])


def test_commands_as_a_whole():
    assert paths(judge_commands([command(), command()])) == {"/1/name"}
    assert paths(judge_commands([command(name=f"c{number}") for number in range(101)])) == {""}
    assert judge_commands([command(), {"name": "influence", "description": "", "type": 3}]) == []


def test_what_the_library_makes_of_commands_passes():
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))

    @tree.command(description="x", nsfw=False)
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.choices(network=[app_commands.Choice(name="YouTube", value="youtube")])
    async def influence(interaction: discord.Interaction, handle: app_commands.Range[str, 1, 50], network: str = ""):
        raise AssertionError("never used")

    made = [one.to_dict(tree) for one in tree.get_commands()]
    assert judge_commands(made) == []
    if CONTRACTS.is_dir():
        assert load(CONTRACTS).request(PUT, made) == []
