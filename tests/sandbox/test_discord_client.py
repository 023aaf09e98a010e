"""A real, unmodified discord.py client against the pretend Discord: interactions, messages, faults."""

import asyncio
import io
from datetime import timedelta

import discord
import pytest
from discord import app_commands, ui

from sandbox.server import Sandbox


def picture(words="Score 71 to 83 over 12 weeks"):
    return discord.File(io.BytesIO(b"\x89PNG\r\n\x1a\n--x\r\n\r\n" + bytes(range(256))), "chart.png", description=words)


def card(words, *, pictured=True):
    """A card of components alone."""
    view = ui.LayoutView(timeout=None)
    gallery = ui.MediaGallery(discord.MediaGalleryItem("attachment://chart.png", description="Score 71 to 83"))
    choices = [discord.SelectOption(label="Reach", value="reach"), discord.SelectOption(label="Resonance", value="res")]
    row = ui.ActionRow(ui.Button(label="Refresh", custom_id="v1:refresh:nasa"))
    parts = ui.ActionRow(ui.Select(custom_id="v1:part:nasa", placeholder="Breakdown", options=choices))
    shown = [ui.TextDisplay(f"**{words}** ▲ +2"), *([gallery] if pictured else []), row, parts]
    view.add_item(ui.Container(*shown, accent_colour=0x2266AA))
    return view


class Refresh(ui.DynamicItem[ui.Button], template=r"v1:refresh:(?P<handle>\w+)"):
    """A button that lives through restarts."""

    def __init__(self, handle):
        super().__init__(ui.Button(label="Refresh", custom_id=f"v1:refresh:{handle}"))
        self.handle = handle

    @classmethod
    async def from_custom_id(cls, interaction, item, match):
        return cls(match["handle"])

    async def callback(self, interaction):
        await interaction.response.defer()
        await interaction.edit_original_response(view=card(f"{self.handle} again", pictured=False), attachments=[])


class Watch(ui.Modal, title="Watch a creator"):
    """A form with one of several kinds of rows."""

    handle = ui.Label(text="Handle", component=ui.TextInput(custom_id="handle", max_length=20))
    where = ui.Label(
        text="Channel",
        component=ui.ChannelSelect(custom_id="where", required=False, channel_types=[discord.ChannelType.text]),
    )

    def __init__(self):
        super().__init__(custom_id="v1:watch")

    async def on_submit(self, interaction):
        chosen = self.where.component.values
        words = f"Watching {self.handle.component.value} in {chosen[0].mention if chosen else 'nowhere'}"
        await interaction.response.send_message(words, ephemeral=True)


@pytest.fixture
async def clout(bot, started):
    """The client with one of everything, logged in."""
    tree = bot.tree

    @tree.command(description="How influential is a creator?")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def influence(interaction: discord.Interaction, handle: str, private: bool = False):
        await interaction.response.defer(thinking=True, ephemeral=private)
        await interaction.edit_original_response(view=card(handle), attachments=[picture()])

    @influence.autocomplete("handle")
    async def complete(interaction, typed):
        return [app_commands.Choice(name=f"@{one}", value=one) for one in ("nasa", "nasdaq") if one.startswith(typed)]

    @tree.command(description="Form")
    async def watch(interaction: discord.Interaction):
        await interaction.response.send_modal(Watch())

    @tree.command(description="Late")
    async def late(interaction: discord.Interaction):
        bot.loosed = asyncio.Event()
        await bot.loosed.wait()
        await interaction.response.send_message("Sorry", ephemeral=True)

    @tree.command(description="Wrong")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def wrong(interaction: discord.Interaction, how: str = "quirk"):
        await interaction.response.defer(thinking=True)
        if how == "order":
            await interaction.edit_original_response(content="No such creator.")
            await interaction.followup.send("Private details", ephemeral=True)
            await interaction.delete_original_response()
            return
        if how == "deleted":
            await interaction.delete_original_response()
        for number in range(7 if how == "many" else 1):
            await interaction.followup.send(f"Private {number}", ephemeral=True)

    @tree.context_menu(name="Score this")
    async def score_this(interaction: discord.Interaction, message: discord.Message):
        await interaction.response.send_message(f"About: {message.content}", ephemeral=True)

    group = app_commands.Group(name="creator", description="Creators", guild_only=True)
    group.default_permissions = discord.Permissions(manage_guild=True)

    @group.command(description="Link")
    async def link(interaction: discord.Interaction, first: str, user: discord.Member | None = None):
        said = (
            f"{first} {user.display_name if user else ''} {interaction.permissions.manage_guild} {interaction.locale}"
        )
        await interaction.response.send_message(said, ephemeral=True)

    tree.add_command(group)
    bot.add_dynamic_items(Refresh)
    bot.failures = []

    @tree.error
    async def failed(interaction, error):
        bot.failures.append(getattr(error, "original", error))

    await started()
    return bot


async def use(hall, name, options=None, user="mia", **more):
    return await hall.command(hall.home, "creators", user, name, options, **more)


# --- logging in -------------------------------------------------------------------------------------------------------


async def test_the_client_logs_in_and_knows_its_guild(hall, bot, clout):
    assert [one.name for one in bot.guilds] == ["Beanworks"]
    assert bot.user.id == hall.bot.id
    assert hall.syncs == [0]
    assert bot.guilds[0].me.guild_permissions.send_messages
    assert [one.name for one in bot.guilds[0].text_channels] == ["general", "creators", "leads"]
    assert (await bot.application_info()).name == "Clout"
    assert {one.name for one in await bot.tree.fetch_commands()} >= {"influence", "creator", "Score this"}


async def test_commands_of_one_guild_are_kept_apart(hall, bot, clout):
    bot.tree.copy_global_to(guild=bot.guilds[0])
    synced = await bot.tree.sync(guild=bot.guilds[0])
    assert hall.syncs == [0, hall.home.id]
    assert len(synced) == len(hall.commands[hall.home.id]) == len(hall.commands[0])


async def test_a_wrong_token_is_refused(hall, bot):
    with pytest.raises(discord.LoginFailure):
        await bot.start("other")
    assert hall.invalid_requests == 1
    await bot.close()


# --- interactions -----------------------------------------------------------------------------------------------------


async def test_a_command_is_deferred_and_edited_into_a_card_with_a_picture(hall, clout):
    deed = await (await use(hall, "influence", {"handle": "@nasa"})).finished()
    assert (deed.type, deed.ephemeral, deed.seconds < 1) == (5, False, True)
    assert deed.original.uploads[0].body == picture().fp.read()
    assert hall.transcript("creators").splitlines() == [
        "── #creators ──",
        "12:00 Mia uses /influence handle:@nasa",
        "12:00 Clout",
        "    ┃ @nasa ▲ +2",
        "    ┃ [image: Score 71 to 83]",
        "    ┃ [Refresh]",
        "    ┃ [Breakdown ▾]",
    ]


async def test_private_is_decided_by_the_defer(hall, clout):
    deed = await (await use(hall, "influence", {"handle": "x", "private": True})).finished()
    assert deed.ephemeral
    assert "only Mia sees this" in hall.transcript("creators")
    with pytest.raises(ValueError, match="max does not see this"):
        await hall.click(deed.original, "Refresh", "max")


async def test_an_old_button_still_works(hall, clout):
    """The client has no view of this message: it was sent before it started, so to say."""
    sent = hall.publish(
        hall.channel("creators"), {"components": card("old").to_components(), "flags": 1 << 15}, via="x"
    )
    deed = await (await hall.click(sent, "v1:refresh:nasa", "max")).finished()
    assert deed.type == 6
    assert deed.original is sent
    assert "nasa again" in hall.read(sent)
    assert sent.uploads == []


async def test_autocomplete_suggests(hall, clout):
    deed = await hall.autocomplete(hall.home, "creators", "mia", "influence", "handle", "nasd")
    assert deed.choices == [{"name": "@nasdaq", "value": "nasdaq"}]


async def test_a_modal_opens_and_is_sent(hall, clout):
    modal = await (await use(hall, "watch")).opened()
    assert hall.read(modal).splitlines() == [
        "┌ Watch a creator",
        "│ Handle: […]",
        "│ Channel: [choose ▾]",
        "└ [Cancel] [Submit]",
    ]
    with pytest.raises(ValueError, match="has to be filled in"):
        await hall.submit(modal)
    done = await hall.submit(modal, {"handle": "nasa", "Channel": "leads"})
    assert done.read() == "Watching nasa in #leads"
    assert done.ephemeral


async def test_a_message_has_a_menu(hall, clout):
    said = hall.say("creators", "look at @nasa")
    assert (await hall.context_menu(said, "Score this", "max")).read() == "About: look at @nasa"


async def test_subcommands_people_permissions_and_locale_arrive(hall, clout):
    deed = await use(hall, "creator link", {"first": "x", "user": "max"}, "mona", locale="de")
    assert deed.read() == "x Max True de"
    with pytest.raises(ValueError, match="lacks the permissions"):
        await use(hall, "creator link", {"first": "x"}, "mia")
    assert (await use(hall, "creator link", {"first": "x"}, "mia", force=True)).read() == "x  False en-US"


async def test_a_late_answer_is_worth_nothing(hall, bot, clout):
    hall.patience = 0.05
    deed = await use(hall, "late")
    assert deed.failed == "The application did not respond"
    bot.loosed.set()
    await hall.until(lambda: bot.failures, what="the refusal")
    assert bot.failures[0].code == 10062


async def test_the_sandboxs_clock_ends_tokens_too(hall, box, clout):
    deed = await (await use(hall, "influence", {"handle": "x"})).finished()
    hook = discord.Webhook.partial(hall.bot.id, deed.token, client=clout)
    box.clock.advance(timedelta(minutes=14))
    await hook.send("Still there")
    box.clock.advance(timedelta(minutes=1, seconds=1))
    with pytest.raises(discord.HTTPException) as caught:
        await hook.send("Gone")
    assert caught.value.code == 50027
    hall.time_by = "real"
    await hook.send("Real time says otherwise")


async def test_messages_of_an_interaction_are_fetched_edited_and_deleted_by_its_token(hall, clout):
    deed = await (await use(hall, "influence", {"handle": "x"})).finished()
    hook = discord.Webhook.partial(hall.bot.id, deed.token, client=clout)
    assert (await hook.fetch_message(deed.original.id)).attachments[0].filename == "chart.png"
    further = await hook.send("More", wait=True, allowed_mentions=discord.AllowedMentions.none())
    await further.edit(content="Even more", allowed_mentions=discord.AllowedMentions.none())
    assert [(one.content, one.ephemeral) for one in deed.followups] == [("Even more", False)]
    await hook.delete_message(deed.original.id)
    assert deed.messages == deed.followups
    with pytest.raises(discord.NotFound) as caught:
        await hook.fetch_message(deed.original.id)
    assert caught.value.code == 10008
    with pytest.raises(discord.NotFound) as caught:
        await discord.Webhook.partial(hall.bot.id, "other", client=clout).send("x")
    assert caught.value.code == 10015


async def test_answering_twice_is_refused(hall, bot, clout):
    deed = await (await use(hall, "influence", {"handle": "x"})).finished()
    route = discord.http.Route(
        "POST", "/interactions/{webhook_id}/{webhook_token}/callback", webhook_id=deed.id, webhook_token=deed.token
    )
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.request(route, json={"type": 5})
    assert caught.value.code == 40060


# --- public or private ------------------------------------------------------------------------------------------------


async def test_the_first_followup_after_a_public_defer_is_public_whatever_it_says(hall, clout):
    deed = await (await use(hall, "wrong")).finished()
    assert deed.followups == []
    assert (deed.original.content, deed.original.ephemeral) == ("Private 0", False)


async def test_edit_follow_up_delete_leaves_only_the_private_message(hall, clout):
    deed = await (await use(hall, "wrong", {"how": "order"})).changed(3)
    assert [(one.content, one.ephemeral) for one in deed.messages] == [("Private details", True)]


async def test_deleting_before_the_followup_loses_it(hall, bot, clout):
    await use(hall, "wrong", {"how": "deleted"})
    await hall.until(lambda: bot.failures, what="the refusal")
    assert bot.failures[0].code == 10008


async def test_an_app_that_only_the_person_installed_has_five_followups(hall, bot, clout):
    hall.user("mia", installed=True)
    deed = await hall.command(None, hall.group("friends", ["mia", "max"]), "mia", "wrong", {"how": "many"})
    await hall.until(lambda: bot.failures, what="the refusal")
    assert bot.failures[0].code == 40094
    assert len(deed.followups) == 5


async def test_user_installs_work_where_the_app_is_not(hall, clout):
    hall.user("mia", installed=True)
    elsewhere = hall.guild("Elsewhere", installed=False)
    for place, where in ((elsewhere, "general"), (None, None), (None, hall.group("friends", ["mia", "max"]))):
        deed = await (await hall.command(place, where, "mia", "influence", {"handle": "x"})).finished()
        assert deed.is_guest
        assert "x ▲ +2" in deed.read()
    with pytest.raises(ValueError, match="installed neither here"):
        await hall.command(elsewhere, "general", "max", "influence", {"handle": "x"})
    with pytest.raises(ValueError, match="not offered in context 1"):
        await hall.command(None, None, "ada", "creator link", {"first": "x"})


async def test_a_picture_needs_its_permission_in_answers_too(hall, bot, clout):
    hall.forbid(hall.channel("creators"), "attach_files", quietly=True)
    deed = await use(hall, "influence", {"handle": "x"})
    await hall.until(lambda: bot.failures, what="the refusal")
    assert (bot.failures[0].code, deed.original.loading) == (50013, True)


# --- from a program without a loop ------------------------------------------------------------------------------------


def test_drivers_work_from_a_program_without_a_loop(monkeypatch):
    with Sandbox.in_thread() as box:
        assert box.discord_env() == {
            "CLOUT_DISCORD__TOKEN": box.discord.token,
            "CLOUT_DISCORD__API_URL": f"http://127.0.0.1:{box.port}/api/v10",
            "CLOUT_DISCORD__GATEWAY_URL": f"ws://127.0.0.1:{box.port}/gateway",
        }
        box.discord.say("creators", "hello")
        assert box.discord.transcript().endswith("Mia\n    hello\n")
        with pytest.raises(TimeoutError, match="for that"):
            box.discord.run(box.discord.until(lambda: False, 0.01))
