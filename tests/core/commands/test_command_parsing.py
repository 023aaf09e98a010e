from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands import COMMANDS, complete, invoke, parse
from core.errors import BadHandle, InputError


def said(line):
    found = parse(line)
    return found.command.name, {k: v[0] for k, v in found.arguments.values.items()}, found.private


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("@glow", ("influence", {"creator": "@glow"}, False)),
        ("glow", ("influence", {"creator": "glow"}, False)),
        ("nasa on youtube", ("influence", {"creator": "nasa", "network": "youtube"}, False)),
        ("@glow ON tiktok Private", ("influence", {"creator": "@glow", "network": "tiktok"}, True)),
        ("influence @glow", ("influence", {"creator": "@glow"}, False)),
        ("/influence @glow fresh", ("influence", {"creator": "@glow", "fresh": "fresh"}, False)),
        ("/influence history @glow", ("history", {"creator": "@glow"}, False)),
        ("influence @history", ("influence", {"creator": "@history"}, False)),
        ("HISTORY @glow 90d", ("history", {"creator": "@glow", "period": "90d"}, False)),
        ("history @glow on x 12w private", ("history", {"creator": "@glow", "network": "x", "period": "12w"}, True)),
        ("“@glow”", ("influence", {"creator": "@glow"}, False)),
        ("‘@glow’", ("influence", {"creator": "@glow"}, False)),
        ("\u200b@glow\u00a0on\u00a0tiktok", ("influence", {"creator": "@glow", "network": "tiktok"}, False)),
        ("<@U12AB|glow>", ("influence", {"creator": "@glow"}, False)),
        (
            "<https://www.youtube.com/@nasa|youtube.com/@nasa>",
            ("influence", {"creator": "https://www.youtube.com/@nasa"}, False),
        ),
        ("link @glow tiktok:glow", ("link", {"creator": "@glow", "account": "tiktok:glow"}, False)),
        ("help", ("help", {}, False)),
        ("", ("help", {}, False)),
        ("help history", ("help", {"command": "history"}, False)),
    ],
)
def test_lines(line, expected):
    assert said(line) == expected


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("histroy @glow", "Did you mean `history`?"),
        ("frobnicate the creator", "`help` lists the commands"),
        ("@glow tomorrow", "It is written: `@creator [on network] [fresh] [private]`"),
        ("history", "The creator is missing"),
        ("@glow on", "`on` needs a network after it"),
        ("link @glow", "The account is missing"),
        ("x" * 501, "too long"),
    ],
)
def test_lines_that_make_no_sense_say_what_would(line, hint):
    with pytest.raises(InputError, match=hint.replace("[", r"\[").replace("]", r"\]").replace("?", r"\?")):
        parse(line)


def test_two_bare_words_are_no_handle():
    with pytest.raises(BadHandle):
        parse("what is this")


@given(st.text(max_size=600))
def test_any_text_is_a_command_or_an_input_error(line):
    with suppress(InputError):
        assert parse(line).command.name in COMMANDS


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda c: c.name)
def test_every_example_parses_as_its_own_command(command):
    assert command.examples
    for example in command.examples:
        assert parse(example).command is command


def test_typed_options_make_the_same_invocation():
    assert invoke("influence", creator="@glow", network="tiktok", private=True) == parse("@glow on tiktok private")
    assert invoke("influence", creator="@glow", network=None, fresh=False) == parse("@glow")
    assert invoke("influence", creator="@glow", fresh=True) == parse("@glow fresh")
    with pytest.raises(InputError, match="missing"):
        invoke("history")
    with pytest.raises(InputError, match="no option"):
        invoke("help", creator="@glow")
    with pytest.raises(InputError, match="no command"):
        invoke("frobnicate")


def test_completion():
    assert "history" in complete("hi")
    assert complete("@gl", creators=["glowguru", "other"]) == ("@glowguru",)
    assert complete("history @GL", creators=["glowguru", "other"]) == ("@glowguru",)
    assert complete("@glow on t", networks=["tiktok", "twitch", "x"]) == ("tiktok", "twitch")
    assert complete("@glow ") == ("on", "fresh", "private", "public")
    assert complete("help net") == ("networks",)
    known = ["github:glow", "bluesky:glow.bsky.social", "mastodon:dana@glow.example"]
    assert complete("@glo", creators=known) == ("github:glow", "bluesky:glow.bsky.social"), "as they can be typed"
    assert complete("why bluesky:g", creators=known) == ("bluesky:glow.bsky.social",)
    assert complete("glow", creators=["glow", *known])[0] == "@glow"
    assert len(complete("@", creators=[f"c{n}" for n in range(90)])) == 25
