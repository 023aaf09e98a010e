"""A card's file goes to the asker's direct messages and nowhere else; a card is never kept back for it."""

import pytest

from bots.slack_socket import connected

CREATORS = "creators"


@pytest.fixture
async def export(slack, clout, front):
    """A workspace with a digest of one creator."""
    async with connected(clout, front, hand=clout.messengers.add, ping=0.5):
        for typed in ("track @beanco", "digest here every monday 09:00"):
            await (await slack.command("/influence", typed, user="ada")).answer()
        yield


def direct(slack, user):
    pair = {slack.person(user).id}
    return [one for one in slack.home.channels.values() if one.kind == "im" and pair < one.members]


async def test_an_export_is_the_askers_alone(slack, export):
    before = len(slack.channel(CREATORS).messages)
    told = await (await slack.command("/influence", "digest export", user="mia")).says("in your direct messages")
    assert told.ephemeral
    (file,) = slack.files.values()
    (room,) = direct(slack, "mia")
    assert file.channels == [room.id]
    assert file.name.startswith("digest-1-")
    assert file.body.startswith(b"creator,score,")
    assert b"\nbeanco,51,ok," in file.body
    assert len(slack.channel(CREATORS).messages) == before
    assert direct(slack, "max") == []


@pytest.mark.parametrize("method", ["chat.postMessage", "files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_file_that_cannot_be_sent_is_said_and_the_card_comes(slack, export, method):
    slack.weather.fail(method, "fatal_error")
    told = await (await slack.command("/influence", "digest export", user="mia")).says("could not be sent")
    assert "1 creator" in slack.read(told)
