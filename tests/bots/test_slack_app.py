"""From a typed command to what the channel shows, through the real Bolt app."""


async def test_a_command_is_answered_with_a_card_for_everybody(slack, over_socket):
    done = await slack.command("/influence", "@beanco", user="mia")
    shown = await done.says("beanco")
    assert done.ack.body == ""
    assert [one.ts for one in slack.channel("creators").messages] == [shown.ts]


async def test_the_same_over_signed_posts(slack, over_http):
    done = await slack.command("/influence", "@beanco", user="mia")
    await done.says("beanco")
    assert (done.ack.status, done.ack.body) == (200, "")
