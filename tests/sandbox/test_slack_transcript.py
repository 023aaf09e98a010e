"""A conversation as people see it, several workspaces side by side, and the controls over HTTP."""

from sandbox.slack_transcript import blocks_text, mrkdwn

QUIET = {"unfurl_links": False, "unfurl_media": False}


async def test_a_conversation_reads_as_people_see_it(slack, over_http, client):
    typed = await slack.command("/influence", "@beanco")
    shown = await typed.says("71 ▲")
    await client.chat_postMessage(channel=shown.channel, thread_ts=shown.ts, text="because <@U404|reach>", **QUIET)
    await (await slack.click(shown, "Refresh", user="max")).says("72")
    assert slack.transcript("creators") == (
        "── #creators ──\n"
        "12:00 Mia Member types: /influence @beanco\n"
        "12:00 Clout (only Mia Member sees this)\n"
        "    Looking up @beanco\n"
        "12:00 Clout (edited)\n"
        "    72 · 71\n"
        "    71 ▲ +2\n"
        "    [Refresh] [Breakdown ▾]\n"
        "    12:00 Clout\n"
        "        because @reach\n"
    )


def test_markup_reads_as_names_links_and_signs(slack):
    mia = slack.person("mia").id
    said = f"<@{mia}> in <#C1|general>: <https://x.example|a &lt;link&gt;> *bold* "
    said += "<!date^1^{date}|2 March> &amp; *\u200bnot*"
    assert mrkdwn(said, slack.home) == "@mia in #general: a <link> (https://x.example) bold 2 March & *\u200bnot*"


def test_blocks_of_every_kind_read_as_text(slack):
    def cell(text):
        return {"type": "raw_text", "text": text}

    chart = {"type": "line", "series": [{"name": "nasa", "data": [{"label": "w1", "value": 71}]}]}
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": "hello "}, {"type": "link", "url": "u"}]}
    blocks = [
        {"type": "divider"},
        {"type": "image", "alt_text": "trend"},
        {"type": "markdown", "text": "**m**"},
        {"type": "table", "rows": [[cell("Name"), cell("Score")], [cell("nasa"), cell("71")]]},
        {"type": "data_visualization", "title": "Score", "chart": chart},
        {"type": "rich_text", "elements": [rich]},
        {"type": "card", "title": {"type": "mrkdwn", "text": "*Card*"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "updated"}, {"type": "image", "alt_text": "logo"}]},
    ]
    assert blocks_text(blocks, slack.home).splitlines() == [
        "─" * 24, "[image: trend]", "**m**", "Name  Score", "nasa  71", "[line chart: Score]", "nasa: 71", "hello u",
        "Card", "updated · [image: logo]",
    ]  # fmt: skip


async def test_workspaces_do_not_see_each_other(slack, client):
    other = slack.add_workspace("Northwind")
    slack.install(other)
    client.token = other.installation.token
    await client.chat_postMessage(channel="#general", text="hi", **QUIET)
    assert slack.channel("general").messages == []
    assert [one.text for one in slack.channel("general", other).messages] == ["hi"]
    assert "hi" in slack.transcript("general", other)


async def test_the_controls_look_type_click_and_break(box, slack, over_http, caller):
    control = f"{box.origin}/_sandbox/slack"
    typed = await caller.post(control, json={"do": "command", "command": "/influence", "text": "@beanco"})
    assert typed.json() == {"status": 200, "body": "", "error": ""}
    await slack.until(lambda: bool(slack.channel("creators").messages), what="the card")
    clicked = await caller.post(control, json={"do": "click", "channel": "creators", "action": "Refresh"})
    assert clicked.json()["status"] == 200
    seen = (await caller.get(control)).json()
    assert "/influence @beanco" in seen["transcripts"]["creators"]
    assert seen["violations"] == []
    assert seen["env"] == box.slack_env()
    assert (await caller.post(control, json={"do": "fail", "method": "auth.test", "kind": "503"})).status_code == 200
    for wrong in ({"do": "sing"}, {"do": "command"}, {"do": "click", "channel": "creators", "action": "Nope"}):
        assert (await caller.post(control, json=wrong)).status_code == 400
    slack.weather.clear()
