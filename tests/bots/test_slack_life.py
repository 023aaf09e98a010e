"""What becomes of channels and installations reaches core once, and a workspace that leaves keeps its data a month."""

import asyncio
from datetime import timedelta

import pytest

from bots.slack_life import came_back
from bots.slack_socket import connected


class News:
    """Remembers what was told."""

    def __init__(self):
        self.heard = []

    async def gone(self, team, channel):
        self.heard.append(("gone", team, channel))

    async def lost(self, team, channel):
        self.heard.append(("lost", team, channel))

    async def back(self, team, channel):
        self.heard.append(("back", team, channel))


@pytest.fixture
def news():
    return News()


@pytest.fixture
def removed():
    return []


@pytest.fixture
async def living(slack, clout, front, news, removed):
    async with connected(clout, front, ping=0.5, news=news, gone=lambda: removed.append(1)):
        yield


async def so(ready):
    """Wait for what happens beside the answer to Slack."""
    async with asyncio.timeout(5):
        while not ready():
            await asyncio.sleep(0.005)


def ours(slack):
    return f"slack:-:{slack.home.id}"


@pytest.mark.parametrize("channel", ["creators", "leads"])
@pytest.mark.parametrize(
    ("deed", "said"),
    [("archive", "lost"), ("unarchive", "back"), ("delete_channel", "gone"), ("kick", "lost"), ("invite", "back")],
)
async def test_channels_that_come_and_go_are_told_once(slack, living, news, deed, said, channel):
    done = await getattr(slack, deed)(channel)
    assert done.ack.error == ""
    await slack.redeliver(done)
    await slack.archive("general")  # something after it, so that the second delivery has passed
    await so(lambda: len(news.heard) == 2)
    assert news.heard[0] == (said, ours(slack), slack.channel(channel).id)


async def test_of_people_coming_and_going_nothing_is_told(slack, living, news):
    room = slack.channel("creators").id
    await slack.event("member_joined_channel", user=slack.person("max").id, channel=room, channel_type="C")
    await slack.event("channel_archive", user=slack.person("max").id, channel={"id": room})
    await slack.delete_channel("general")
    await so(lambda: len(news.heard) > 0)
    assert [one[0] for one in news.heard] == ["gone"]


async def test_before_anybody_listens_news_are_no_error(slack, over_socket, clout):
    done = await slack.archive("general")
    assert done.ack.error == ""
    await (await slack.command("/influence", "help history")).answer()


@pytest.mark.parametrize("deed", ["uninstall", "revoke_tokens"])
async def test_a_workspace_that_leaves_and_comes_back(slack, box, clout, front, living, removed, deed):
    team, store = ours(slack), clout.store
    await clout.teams.change(team, threshold=7)
    await getattr(slack, deed)()
    await so(lambda: bool(removed))
    assert await store.left_at(team) is not None
    box.clock.advance(timedelta(days=29))
    await store.purge(box.clock.now(), {})
    slack.home.installation.revoked.clear()
    slack.home.installation.installed = True
    async with connected(clout, front, ping=0.5):
        assert await store.left_at(team) is None
    await store.purge(box.clock.now() + timedelta(days=2), {})
    assert "team.threshold" in await store.settings(team)


async def test_somebodys_own_token_is_no_removal(slack, clout, living, removed):
    await slack.event("tokens_revoked", tokens={"oauth": [slack.person("mia").id], "bot": []})
    await slack.event("tokens_revoked", tokens=None)
    await (await slack.command("/influence", "help history")).answer()
    assert removed == []
    assert await clout.store.left_at(ours(slack)) is None


async def test_a_database_that_refuses_costs_one_event(slack, clout, living, removed, news, monkeypatch):
    from core.errors import StoreError

    async def refuses(*_):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(type(clout.store), "team_left", refuses)
    await slack.uninstall()
    await so(lambda: bool(removed))


async def test_an_organisation_comes_back_whole(clout):
    for team in ("slack:E1:T1", "slack:E1:T2", "slack:-:T1"):
        await clout.store.team_left(team)
    await came_back(clout, "E1", None)
    assert await clout.store.left_at("slack:E1:T2") is None
    assert await clout.store.left_at("slack:-:T1") is not None
    await came_back(clout, None, "T1")
    assert await clout.store.left_at("slack:-:T1") is None


# --- permissions an old install lacks ---------------------------------------------------------------------------------


async def test_a_missing_scope_is_told_to_the_asker_alone_with_its_mend(slack, over_socket):
    slack.home.installation.scopes -= {"users:read"}
    await (await slack.command("/influence", "@beanco private")).says("@beanco · 51")
    done = await slack.command("/influence", "link @beanco bluesky:beanco.bsky.social", user="ada")
    told = await done.says("users:read")
    assert told.ephemeral
    assert "Reinstall" in slack.read(told)
    assert "7f3a" in slack.read(told)
    assert slack.channel("creators").messages == []


def test_where_workspaces_install_it_themselves_the_link_is_there():
    from bots.render_slack import render
    from core.cards_installs import reinstall_card

    card = reinstall_card("users:read", "7f3a", "https://clout.example/slack/install")
    assert "https://clout.example/slack/install" in str(render(card).blocks)
    assert card.private
