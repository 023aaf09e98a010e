"""A real, unmodified discord.py client against the pretend Discord."""

import io

import discord
from discord import ui


def picture(words="Score 71 to 83 over 12 weeks"):
    return discord.File(io.BytesIO(b"\x89PNG\r\n\x1a\n--x\r\n\r\n" + bytes(range(256))), "chart.png", description=words)


def card(words):
    """A card of components alone."""
    view = ui.LayoutView(timeout=None)
    gallery = ui.MediaGallery(discord.MediaGalleryItem("attachment://chart.png", description="Score 71 to 83"))
    row = ui.ActionRow(ui.Button(label="Refresh", custom_id="v1:refresh:nasa"))
    view.add_item(ui.Container(ui.TextDisplay(f"**{words}** ▲ +2"), gallery, row, accent_colour=0x2266AA))
    return view


async def test_the_client_logs_in_and_knows_its_guild(hall, bot, started):
    await started()
    assert [one.name for one in bot.guilds] == ["Beanworks"]
    assert bot.user.id == hall.bot.id
    assert hall.syncs == [0]
    assert bot.guilds[0].me.guild_permissions.send_messages
    assert [one.name for one in bot.guilds[0].text_channels] == ["general", "creators", "leads"]


async def test_a_command_is_deferred_and_edited_into_a_card_with_a_picture(hall, bot, started):
    @bot.tree.command(description="How influential is a creator?")
    async def influence(interaction, handle: str, private: bool = False):
        await interaction.response.defer(thinking=True, ephemeral=private)
        await interaction.edit_original_response(view=card(handle), attachments=[picture()])

    await started()
    deed = await hall.command(hall.home, "creators", "mia", "influence", {"handle": "@nasa"})
    await deed.finished()
    assert (deed.type, deed.ephemeral, deed.seconds < 1) == (5, False, True)
    assert deed.original.uploads[0].body == picture().fp.read()
    assert hall.transcript("creators").splitlines() == [
        "── #creators ──",
        "12:00 Mia uses /influence handle:@nasa",
        "12:00 Clout",
        "    ┃ @nasa ▲ +2",
        "    ┃ [image: Score 71 to 83]",
        "    ┃ [Refresh]",
    ]
    secret = await hall.command(hall.home, "creators", "mia", "influence", {"handle": "x", "private": True})
    assert (await secret.finished()).ephemeral
