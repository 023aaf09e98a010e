"""`settings` on any front end: shown to all, changed by those who manage, and what a change means from then on."""

from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.commands import COMMANDS, Context, parse, run
from core.commands.settings import zone_of_words
from core.errors import InputError
from core.messenger import Place
from core.team_settings import TeamSettings
from core.teams import Teams
from tests.core.commands.test_command_run import Stub
from tests.core.readings_by_hand import MANIFESTS, NOW, glowguru
from tests.core.stored_readings import NOON, HandClock, open_store

TERMINAL = Place(platform="terminal", channel="inbox")


@asynccontextmanager
async def team(tmp_path: Path):
    async with open_store(tmp_path) as store:
        yield Context("t", NOW, Stub(glowguru()), MANIFESTS, can_manage=True, teams=Teams(store, HandClock(NOON)))


async def ran(ctx, typed):
    async def show(card):
        pass

    own = await ctx.teams.settings(ctx.team)
    return await run(replace(ctx, own=own), parse(typed), show, reference=lambda: "7f3a")


def words(card):
    return " | ".join(card.facts())


async def test_all_settings_with_how_to_change_each(tmp_path):
    async with team(tmp_path) as ctx:
        shown = await ran(replace(ctx, can_manage=False), "settings")
        assert shown.private
        for name in ("zone", "managers", "threshold", "private"):
            assert f"settings {name} " in words(shown)
            assert f"settings-{name}" in COMMANDS
        assert "Time zone: not set, so UTC" in words(shown)


@pytest.mark.parametrize(
    ("typed", "changed", "said"),
    [
        ("settings zone america/new york", {"zone": "America/New_York"}, "America/New_York, where it is"),
        ("settings zone default", {}, "not set, so the one that Clout was set up with"),
        ("settings managers everyone", {"managers": "everyone"}, "everyone but guests"),
        ("settings threshold 1", {"threshold": 1}, "1 point"),
        ("settings private ON", {"private": True}, "to the asker alone"),
        ("settings managers list <@U1> <@!2>", {"named": ("U1", "2")}, "administrators and @U1, @2"),
    ],
)
async def test_each_is_changed_by_its_command(tmp_path, typed, changed, said):
    async with team(tmp_path) as ctx:
        card = await ran(ctx, typed)
        assert card.error is None
        assert card.private
        assert said in words(card)
        own = await ctx.teams.settings("t")
        assert {name: getattr(own, name) for name in changed} == changed
        assert await ctx.teams.settings("other") == TeamSettings()


@pytest.mark.parametrize("typed", ["zone UTC", "managers everyone", "threshold 5", "private on"])
async def test_who_does_not_manage_changes_nothing(tmp_path, typed):
    async with team(tmp_path) as ctx:
        card = await ran(replace(ctx, can_manage=False), f"settings {typed}")
        assert card.error == "NotAllowed"
        assert await ctx.teams.settings("t") == TeamSettings()


async def test_undo_brings_the_setting_before_back(tmp_path):
    async with team(tmp_path) as ctx:
        await ran(ctx, "settings zone Europe/Berlin")
        card = await ran(ctx, "settings zone Asia/Tokyo")
        undo, everything = card.buttons
        assert (undo.typed, everything.typed) == ("settings zone Europe/Berlin", "settings")
        assert [b.label for b in (await ran(ctx, "settings zone Asia/Tokyo")).buttons] == ["All settings"]


async def test_a_zone_that_is_none_names_the_nearest():
    for typed, near in (("Europe/Berln", "Europe/Berlin"), ("Tokio", "Asia/Tokyo"), ("Berlin", "Europe/Berlin")):
        with pytest.raises(InputError, match=near):
            zone_of_words(typed)
    with pytest.raises(InputError, match="written like"):
        zone_of_words("`x`" * 400)


async def test_a_name_is_a_person_only_where_there_is_nobody_else(tmp_path):
    async with team(tmp_path) as ctx:
        assert (await ran(ctx, "settings managers list @dana")).error == "InputError"
        there = await ran(replace(ctx, place=TERMINAL), "settings managers list @dana")
        assert there.error is None


async def test_private_answers_are_a_habit_that_public_breaks(tmp_path):
    async with team(tmp_path) as ctx:
        assert not (await ran(ctx, "@glow")).private
        await ran(ctx, "settings private on")
        assert (await ran(ctx, "@glow")).private
        assert not (await ran(ctx, "@glow public")).private
        assert (await ran(ctx, "@glow private")).private
        assert (await ran(ctx, "help")).private
