"""The shortcut on a message: who its words, blocks and attachments name, looked up for one person."""

import pytest

LINKS = "clout.links.1"
BEANCO = "https://bsky.app/profile/beanco.bsky.social"


async def used_on(slack, message, user="mia"):
    return await slack.shortcut(LINKS, message=message, user=user)


@pytest.mark.parametrize("text", [f"look at <{BEANCO}>", f"<{BEANCO}/post/3k?x=1|their post>", "see @beanco, please"])
async def test_one_creator_is_a_score_card_for_the_asker_which_can_be_shared(slack, over_socket, text):
    card = await (await used_on(slack, slack.say("creators", text, user="max"))).says("51 (49 to 54)")
    assert card.ephemeral
    shared = await (await slack.click(card, "Share to channel")).says("51 (49 to 54)")
    assert not shared.ephemeral


async def test_several_are_compared(slack, over_socket):
    message = slack.say("creators", f"<{BEANCO}|beanco> or <https://bsky.app/profile/maxout.bsky.social>?", user="max")
    card = await (await used_on(slack, message)).says("maxout")
    assert card.ephemeral
    assert "beanco" in slack.read(card)


async def test_blocks_and_attachments_count_and_more_than_six_are_told(slack, over_socket):
    link = {"type": "link", "url": BEANCO}
    blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [link]}]}]
    names = ["maxout", "glowguru", "a", "b", "c", "d"]
    attachments = [{"from_url": f"https://bsky.app/profile/{name}.bsky.social"} for name in names]
    payload = {"text": "x", "blocks": blocks, "attachments": attachments}
    message = slack.publish(slack.home, slack.channel("creators"), payload, via="test", author=slack.person("max").id)
    card = await (await used_on(slack, message)).answer()
    assert "1 more creator; these are the first" in slack.read(card)


@pytest.mark.parametrize(
    "text",
    [
        "nothing here",
        "<!channel> <@U123> <#C1|general> <mailto:mia@bean.example|mia@bean.example> @everyone @here",
        "<https://news.example/world/today> and https://x.com/i/status/1",
        "https://[:::" + "x" * 9_000,
        "",
    ],
)
async def test_a_message_without_anybody_says_so(slack, over_socket, text):
    told = await (await used_on(slack, slack.say("creators", text, user="max"))).says("Nobody to look up")
    assert told.ephemeral


async def test_a_stranger_may_use_it_too(slack, over_socket):
    message = slack.say("partners", BEANCO, user="sam")
    card = await (await used_on(slack, message, user="sam")).says("51 (49 to 54)")
    assert card.ephemeral


async def test_hostile_parts_are_bounded(slack, over_http):
    deep = {"text": BEANCO}
    for _ in range(60):
        deep = {"elements": [deep, "loose", 7, None]}
    message = slack.say("creators", "@" * 4_000 + " a.b/" * 500, user="max")
    message.attachments = [deep, {"text": ["no words"]}, {"url": 5}]
    card = await (await used_on(slack, message)).says("51 (49 to 54)")
    assert card.ephemeral
