import re

import pytest

from core.commands import COMMANDS, DEFAULT_COMMAND
from core.commands.lookup import period
from core.errors import InputError


def test_the_commands_stand_in_the_order_of_help():
    orders = [command.order for command in COMMANDS.values()]
    assert orders == sorted(orders)
    assert next(iter(COMMANDS)) == DEFAULT_COMMAND
    assert {"influence", "history", "link", "unlink", "accounts", "networks", "help"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda c: c.name)
def test_names_and_texts_fit_every_platform(command):
    assert re.fullmatch(r"[a-z]{1,15}(-[a-z]{1,15})?", command.name)
    assert 1 <= len(command.summary) <= 100
    for argument in command.arguments:
        assert re.fullmatch(r"[a-z]{1,32}", argument.name)
        assert 1 <= len(argument.help) <= 100
    required = [argument.required for argument in command.arguments]
    assert required == sorted(required, reverse=True), "options that must be given come first"


def test_whoever_changes_what_is_shared_must_manage():
    assert [c.name for c in COMMANDS.values() if c.manages and c.name in {"link", "unlink"}] == ["link", "unlink"]


@pytest.mark.parametrize(("text", "days"), [("30d", 30), ("12w", 84), ("6m", 180), ("1 year", 365), ("90 days", 90)])
def test_periods(text, days):
    assert period(text).days == days


@pytest.mark.parametrize("text", ["", "d", "30", "6d", "401d", "99y", "-3d", "30d30d", "٣٠d"])
def test_periods_that_are_none(text):
    with pytest.raises(InputError):
        period(text)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda c: c.name)
def test_usage_says_what_to_type_and_not_a_word_twice(command):
    for argument in command.arguments:
        inside = argument.usage.strip("[]")
        assert not argument.keyword or inside.removeprefix(f"{argument.keyword} ") not in ("", argument.keyword), inside
    assert not re.search(r"\b(\w+) \1\b", command.usage), command.usage
