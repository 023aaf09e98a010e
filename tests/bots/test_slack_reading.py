"""What Slack sends is read with care: people, places, what a form carried along, the words of a message."""

from datetime import UTC, datetime, timedelta

import pytest

from bots.slack_people import described, manages
from bots.slack_reading import Carried, carried, place_of, with_ids, words_of
from bots.slack_words import named, said
from core.commands import parse
from core.messenger import Place
from core.team_settings import TeamSettings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HERE = Place(platform="slack", channel="C1", shown="#creators")


@pytest.mark.parametrize("rule", ["admins", "everyone", "list"])
@pytest.mark.parametrize("mark", ["is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted"])
def test_nobody_from_outside_ever_manages(rule, mark):
    own = TeamSettings(managers=rule, named=("U1",))
    for user in (
        {mark: True, "team_id": "T1", "is_admin": True, "is_owner": True},
        {"team_id": "T2", "is_admin": True},
    ):
        assert not manages(described(user, "T1"), "U1", own)


@pytest.mark.parametrize(("rule", "may"), [("admins", False), ("everyone", True), ("list", True)])
def test_a_member_manages_by_the_teams_rule_and_an_administrator_by_any(rule, may):
    own = TeamSettings(managers=rule, named=("U1",))
    assert manages(described({"team_id": "T1"}, "T1"), "U1", own) is may
    assert manages(described({"team_id": "T1", "is_admin": True}, "T1"), "U9", own)
    assert manages(described({"team_id": "E1", "enterprise_user": {"teams": ["T1"]}}, "T1"), "U1", own) is may


def test_a_zone_is_believed_of_members_only():
    assert described({"team_id": "T1", "tz": "Asia/Tokyo"}, "T1").zone == "Asia/Tokyo"
    assert described({"team_id": "T2", "tz": "Asia/Tokyo"}, "T1").zone is None
    assert described({"team_id": "T1", "tz": 5}, "T1").zone is None


@pytest.mark.parametrize(
    ("channel", "name", "shown"),
    [("C1", "creators", "#creators"), ("C1", "privategroup", "this channel"), ("C1", None, "this channel")],
)
def test_a_channel_is_a_place(channel, name, shown):
    assert place_of(channel, name) == Place(platform="slack", channel="C1", shown=shown)


@pytest.mark.parametrize(("channel", "name"), [("D1", "x"), ("C1", "directmessage"), ("", "x"), (None, None), (5, "x")])
def test_direct_messages_and_nothing_are_none(channel, name):
    assert place_of(channel, name) is None


def test_what_a_form_carries_comes_back():
    held = Carried("https://hooks.slack.com/1", "public", HERE, NOON)
    assert carried(held.written()) == held
    assert held.answers(NOON + timedelta(minutes=20))
    assert not held.answers(NOON + timedelta(minutes=30))
    assert Carried().written() == ""
    assert Carried("https://x.example/" + "x" * 3_000).written() == ""


@pytest.mark.parametrize(
    "metadata",
    [
        *(None, "", "x", "[]", "5", "[" * 9_000, '{"url":5}', '{"url":"ftp://x"}'),
        *('{"url":"https://x","at":1e400}', '{"url":"https://x","at":99999999999999999}'),
    ],
)
def test_what_is_not_ours_carries_nothing(metadata):
    assert carried(metadata).opened is None
    assert carried(metadata).url in ("", "https://x")


def test_people_and_channels_keep_their_ids_where_a_command_asks_for_them():
    text = "settings managers list <@U1|Max> @kim <@U2>"
    invocation = with_ids(parse("settings managers list @Max @kim <@U2>"), named(text))
    assert invocation.arguments.many("people") == ("<@U1|Max>", "@kim", "<@U2>")
    lookup = with_ids(parse("@Max"), named("<@U1|Max>"))
    assert lookup.arguments.text("creator") == "@Max"
    assert named("<#C1|General>") == {"#general": "<#C1|General>"}


def test_the_words_of_a_message_in_order_and_without_its_members():
    message = {
        "text": "hi <@U1> <!here> <https://x.com/a|b>",
        "user": "U5",
        "blocks": [{"elements": [{"type": "user", "user_id": "U1"}, {"type": "link", "url": "https://x.com/c"}]}],
        "attachments": [{"from_url": "https://x.com/d", "image_url": "https://x.com/no", "text": 5}, "loose", None],
    }
    assert [words.split() for words in words_of(message)] == [
        ["hi", "https://x.com/a"],
        ["https://x.com/c"],
        ["https://x.com/d"],
    ]
    assert list(words_of(None)) == list(words_of("text")) == []
    assert said("&lt;b&gt; <@U1|max> <!subteam^S1|@team>").split() == ["<b>"]
