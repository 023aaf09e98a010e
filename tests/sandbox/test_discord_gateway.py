"""The gateway of the pretend Discord, with the real client and by hand."""

import asyncio
import json
import logging

import discord
import pytest
from websockets.asyncio.client import connect


async def heard(hall, bot, event):
    await hall.until(lambda: event in bot.heard, what=event)


async def test_a_kick_and_an_outage_look_different(hall, bot, started):
    other = hall.guild("Other")
    await started()
    assert len(bot.guilds) == 2
    hall.outage(other)
    await heard(hall, bot, "guild_unavailable")
    assert bot.get_guild(other.id).unavailable
    hall.recover(other)
    await heard(hall, bot, "guild_available")
    hall.kick(other)
    await heard(hall, bot, "guild_remove")
    assert bot.get_guild(other.id) is None
    hall.invite(other)
    await heard(hall, bot, "guild_join")


async def test_a_new_guild_is_announced(hall, bot, started):
    await started()
    late = hall.guild("Late", channels=["one"], members={"zoe": "owner", "yan": "member"})
    await heard(hall, bot, "guild_join")
    assert bot.get_guild(late.id).owner_id == hall.user("zoe").id


async def test_asked_to_reconnect_the_client_resumes_and_misses_nothing(hall, bot, started):
    await started()
    hall.gateway.reconnect()
    hall.guild("Meanwhile")
    await heard(hall, bot, "resumed")
    await heard(hall, bot, "guild_join")
    assert (hall.gateway.resumed, len(hall.gateway.identified)) == (1, 1)


async def test_an_event_between_two_connections_is_kept(hall, bot, started):
    await started()
    hall.drop(1001)
    await hall.until(lambda: hall.gateway.session() is None, what="the end")
    hall.guild("Meanwhile")
    await heard(hall, bot, "guild_join")
    assert hall.gateway.resumed == 1


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session(hall, bot, started, resumable):
    await started()
    hall.invalidate(resumable=resumable)
    await hall.until(
        lambda: hall.gateway.resumed + len(hall.gateway.identified) == 2 and hall.gateway.session() is not None
    )
    assert hall.gateway.resumed == int(resumable)


async def test_a_revoked_token_ends_the_client(hall, bot, started):
    task = await started()
    hall.revoke_token()
    with pytest.raises(discord.ConnectionClosed) as caught:
        await asyncio.wait_for(task, 5)
    assert caught.value.code == 4004


async def test_heartbeats_are_noted_with_their_lateness(hall, bot, started):
    hall.gateway.heartbeat_ms = 40
    await started()
    await hall.until(lambda: len(hall.gateway.heartbeats) >= 4, what="heartbeats")
    first, *rest = hall.gateway.heartbeats[:4]
    assert first.late == 0
    assert all(0 <= one.late < 1 for one in rest)
    assert [one.at for one in hall.gateway.heartbeats] == sorted(one.at for one in hall.gateway.heartbeats)
    assert hall.gateway.overdue() < 1
    assert bot.latency < 1


async def test_shards_hear_of_their_own_guilds(hall, bot, started):
    hall.gateway.shards = 2
    hall.guild("Other")
    await started()
    assert sorted(one["shard"] for one in hall.gateway.identified) == [[0, 2], [1, 2]]
    assert all(one.shard_id == (one.id >> 22) % 2 for one in bot.guilds)
    assert len(bot.guilds) == 2


async def test_members_intents_are_refused(hall):
    client = discord.AutoShardedClient(intents=discord.Intents(guilds=True, members=True))
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await client.start(hall.token)
    await client.close()


IDENTIFY = {"op": 2, "d": {"token": "sandbox.discord.token", "intents": 1, "properties": {}}}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["{"], 4002),
        ([{"op": 77}], 4003),
        ([IDENTIFY, {"op": 77}], 4001),
        ([IDENTIFY, IDENTIFY], 4005),
        ([{"op": 2, "d": {"token": "other"}}], 4004),
        ([{"op": 2, "d": {"token": "sandbox.discord.token", "shard": [2, 2]}}], 4010),
        ([{"op": 6, "d": {"token": "other", "session_id": "x", "seq": 1}}], 4004),
    ],
    ids=str,
)
async def test_wrong_lines_close_the_connection(hall, lines, code):
    async with connect(hall.gateway.address, proxy=None) as socket:
        for one in lines:
            await socket.send(one if isinstance(one, str) else json.dumps(one))
        await asyncio.wait_for(socket.wait_closed(), 5)
    assert socket.close_code == code


async def test_an_unknown_session_is_not_resumed(hall):
    async with connect(hall.gateway.address, proxy=None) as socket:
        await socket.recv()
        await socket.send(json.dumps({"op": 6, "d": {"token": hall.token, "session_id": "x", "seq": 1}}))
        assert json.loads(await socket.recv())["op"] == 9
        await socket.send(json.dumps({"op": 1, "d": None}))
        assert json.loads(await socket.recv())["op"] == 11


async def test_the_sandbox_ends_quietly_beside_an_open_connection(hall, bot, started, caplog):
    await started()
    with caplog.at_level(logging.INFO):
        await hall.box.__aexit__(None, None, None)
    assert [one for one in caplog.records if one.name.startswith(("sandbox", "uvicorn", "asyncio"))] == []
    await hall.box.__aenter__()
