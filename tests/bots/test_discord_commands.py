"""Typed options of Discord as the words of a command line."""

import discord

from bots.discord_commands import written


def test_a_persons_name_cannot_end_the_mention_it_stands_in():
    person = discord.User.__new__(discord.User)
    person.id, person.global_name = 7, "<b>|<@8>"
    assert written(person) == "<@7|b@8>"
