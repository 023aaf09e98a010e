"""From what people do in Slack to what they see there: the real Bolt app, the real core, a pretend Slack."""

import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.card import Card, Headline, Item, Listing, line
from core.errors import Unavailable

CREATORS = "creators"


def public(slack):
    return [one.text for one in slack.channel(CREATORS).messages]


def whispered(slack, user="mia"):
    return list(slack.channel(CREATORS).private_to(slack.person(user)))


def kinds(message):
    return [block["type"] for block in message.blocks]


async def test_a_command_is_answered_with_a_card_for_everybody(slack, over_socket):
    done = await slack.command("/influence", "@beanco")
    shown = await done.says("@beanco · 51 (49 to 54)")
    assert (done.ack.body, done.uses) == ("", 1)
    assert slack.channel(CREATORS).messages == [shown]
    assert whispered(slack) == []
    assert {"header", "rich_text", "actions"} <= set(kinds(shown))
    assert "beanco · 51 (49 to 54)" in shown.text.splitlines()[0]


async def test_signed_posts_are_answered_where_the_app_is_no_member(slack, over_http):
    done = await slack.command("/influence", "@beanco", channel="leads")
    await done.says("@beanco · 51")
    assert (done.ack.status, done.ack.body) == (200, "")
    slack.signing_secret = "another"
    forged = await slack.command("/influence", "@maxout")
    assert forged.ack.status == 401
    assert len(slack.channel(CREATORS).messages) == 0


async def test_a_private_card_is_the_askers_until_it_is_shared(slack, over_socket):
    done = await slack.command("/influence", "@beanco private")
    card = await done.says("@beanco · 51")
    assert card.ephemeral
    assert public(slack) == []
    shared = await slack.click(card, "Share to channel")
    await shared.says("@beanco · 51")
    assert len(public(slack)) == 1


async def test_what_cannot_be_found_is_told_to_the_asker_with_a_code(slack, over_socket):
    await (await slack.command("/influence", "@beanco private")).says("@beanco · 51")
    done = await slack.command("/influence", "@beancoo")
    told = await done.says("ref 7f3a")
    assert told.ephemeral
    assert public(slack) == []


@pytest.mark.parametrize("text", ["@", "histroy @beanco", "x" * 4000, "why", "@beanco on nowhere"])
async def test_a_line_that_makes_no_sense_gets_a_private_answer(slack, over_socket, text):
    told = await (await slack.command("/influence", text)).answer()
    assert told.ephemeral
    assert "ref 7f3a" in slack.read(told)


async def test_names_and_addresses_arrive_marked_up_and_are_understood(slack, over_socket):
    slack.add_person("beanco")
    await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
    await (await slack.command("/influence", "beanco.bsky.social")).says("51 (49 to 54)")
    await (await slack.command("/influence", "https://bsky.app/profile/beanco.bsky.social private")).says("51 (49")


# --- controls -----------------------------------------------------------------------------------------------------


async def test_refresh_changes_the_card_in_place_and_once_in_ten_minutes(slack, box, over_socket):
    card = await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
    box.clock.advance(timedelta(hours=7))
    before = box.requests.count("bluesky")
    await (await slack.click(card, "Refresh", user="max")).answer()
    assert (len(card.earlier), len(public(slack))) == (1, 1)
    asked = box.requests.count("bluesky")
    assert asked > before
    assert "at most once" not in slack.read(card)
    box.clock.advance(timedelta(minutes=9))
    await (await slack.click(card, "Refresh", user="mia")).answer()
    assert box.requests.count("bluesky") == asked
    assert len(card.earlier) == 2
    assert "Read anew at most once in 10 minutes; the next time from" in slack.read(card)
    box.clock.advance(timedelta(minutes=1))
    await (await slack.click(card, "Refresh", user="mia")).answer()
    assert box.requests.count("bluesky") > asked


async def test_reading_anew_by_typing_counts_as_a_refresh_too(slack, box, over_socket):
    await (await slack.command("/influence", "@beanco fresh")).says("@beanco · 51")
    asked = box.requests.count("bluesky")
    box.clock.advance(timedelta(minutes=5))
    again = await (await slack.command("/influence", "@Beanco fresh", user="max")).says("at most once in 10 minutes")
    assert not again.ephemeral
    assert box.requests.count("bluesky") == asked


async def test_a_refresh_that_failed_may_be_tried_again_at_once(slack, clout, over_socket, monkeypatch):
    real, fresh_ones = type(clout.lookups).lookup, []

    async def lookup(self, *args, fresh=False, **kwargs):
        fresh_ones.append(fresh)
        if fresh and fresh_ones.count(True) == 1:
            raise Unavailable("bluesky", "Bluesky is not answering.")
        return await real(self, *args, fresh=fresh, **kwargs)

    monkeypatch.setattr(type(clout.lookups), "lookup", lookup)
    card = await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
    await (await slack.click(card, "Refresh")).says("Bluesky is not answering")
    await (await slack.click(card, "Refresh")).says("51 (49 to 54)")
    await (await slack.click(card, "Refresh")).says("at most once in 10 minutes")
    assert fresh_ones == [False, True, True, False]


async def test_a_mistyped_name_is_one_press_from_the_right_one(slack, over_socket):
    await (await slack.command("/influence", "@beanco private")).says("@beanco · 51")
    told = await (await slack.command("/influence", "bluesky:beancoo")).says("Did you mean @beanco")
    (block,) = [block for block in told.blocks if block["type"] == "actions"]
    assert 1 <= len(block["elements"]) <= 3
    card = await (await slack.click(told, block["elements"][0]["text"]["text"])).says("51 (49 to 54)")
    assert card.ephemeral, "who asked in private is answered so"


async def test_a_long_list_is_turned_page_by_page_in_place(slack, over_socket, monkeypatch):
    def many(*_):
        items = tuple(Item(line=line(f"network {at}")) for at in range(1, 38))
        return Card(kind="networks", title=line("many"), blocks=(Headline(cells=(line("many"),)), Listing(items=items)))

    monkeypatch.setattr("core.commands.networks.networks_card", many)
    shown = await (await slack.command("/influence", "networks")).says("1 to 10 of 37")
    turns = [("Next", "11 to 20"), ("Next", "21 to 30"), ("Next", "31 to 37"), ("Previous", "21 to 30")]
    for label, rows in turns:
        assert await (await slack.click(shown, label)).says(f"{rows} of 37") is shown
    assert (len(shown.earlier), shown.ephemeral) == (4, True)
    await (await slack.click(shown, "Next")).says("31 to 37")
    with pytest.raises(LookupError):
        await slack.click(shown, "Next")


async def test_why_and_history_stand_below_the_card(slack, over_socket):
    card = await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
    await (await slack.click(card, "Why")).answer()
    await (await slack.click(card, "History")).answer()
    assert len(public(slack)) == 3
    assert card.earlier == []


async def test_a_button_of_yesterdays_process_still_works(slack, clout, front, box):
    from bots.slack_app import SlackFront
    from bots.slack_socket import connected

    async with connected(clout, front, ping=0.5):
        card = await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
    async with connected(clout, SlackFront(clout, reference=lambda: "0000", patience=5), ping=0.5):
        await (await slack.click(card, "Why")).answer()
    assert len(public(slack)) == 2


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("clout.run.why.0", '{"v":7,"a":[]}'),
        ("clout.run.why.0", "no json"),
        ("clout.run.why.0", '{"v":1,"a":[["creator","@a"],["evil","x"]]}'),
        ("clout.run.nothing.0", '{"v":1,"a":[]}'),
        ("somebody elses", "x"),
    ],
)
async def test_a_control_that_is_none_of_ours_is_refused_privately(slack, over_socket, action, value):
    button = {"type": "button", "action_id": action, "value": value, "text": {"type": "plain_text", "text": "Press"}}
    blocks = [{"type": "actions", "elements": [button]}]
    shown = slack.publish(slack.home, slack.channel(CREATORS), {"text": "x", "blocks": blocks}, via="test")
    told = await (await slack.click(shown, "Press")).answer()
    assert told.ephemeral
    assert "ref 7f3a" in slack.read(told)


# --- the form and the home tab --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "help", " HELP "])
async def test_without_a_handle_a_form_opens(slack, over_socket, text):
    done = await slack.command("/influence", text)
    view = await done.opened()
    assert view.callback_id == "clout.lookup.1"
    assert slack.channel(CREATORS).messages == []


async def test_the_form_answers_in_the_channel_it_was_opened_from(slack, over_socket):
    done = await slack.command("/influence", "")
    view = await done.opened()
    wrong = await slack.submit(view, {"Creator": "   "})
    assert wrong.errors == {"creator": "Type a handle or a profile address."}
    assert (await slack.submit(view, {"Creator": "@beanco", "Network": "bluesky"})).errors == {}
    await done.says("· 51 (49 to 54)")
    assert len(public(slack)) == 1


async def test_the_home_tab_opens_the_form_and_answers_directly(slack, over_socket):
    await slack.open_home("mia")
    await slack.until(lambda: slack.home_tab("mia") is not None, what="a home tab")
    opened = await slack.click(slack.home_tab("mia"), "Look up a creator")
    await slack.submit(await opened.opened(), {"Creator": "@beanco"})
    direct = slack.direct(slack.home, slack.person("mia").id)
    await slack.until(lambda: bool(direct.messages), what="the card")
    assert "51 (49 to 54)" in direct.messages[0].text


async def test_a_form_that_opens_too_late_becomes_help(slack, over_socket):
    slack.weather.fail("views.open", "expired_trigger_id")
    told = await (await slack.command("/influence", "help")).answer()
    assert told.ephemeral
    assert "history @creator" in slack.read(told)


# --- strangers' words -------------------------------------------------------------------------------------------------


async def test_a_hostile_profile_is_only_words(slack, over_socket):
    shown = await (await slack.command("/influence", "@hexed")).answer()
    said = json.dumps([shown.text, shown.blocks]).replace("<!date", "")
    assert not any(token in said for token in ("<!", "<@", "<http", "http://"))


@pytest.mark.parametrize("handle", ["@everyone", "<!channel>", "*_~`x`", "\u202e@evil", "&lt;!here&gt;", "http://a|b"])
async def test_a_hostile_handle_is_only_words(slack, over_socket, handle):
    told = await (await slack.command("/influence", handle, escape=False)).answer()
    assert told.ephemeral
    assert "<!" not in told.text.replace("<!date", "")


# --- who may do what --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("user", "may"), [("ada", True), ("otto", True), ("mia", False), ("gus", False)])
async def test_only_administrators_change_what_is_shared(slack, over_socket, user, may):
    await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
    for _ in range(2):
        told = await (await slack.command("/influence", "link @beanco github:beanco", user=user)).answer()
        assert told.ephemeral
        assert ("Not allowed" not in slack.read(told) and "do not manage" not in slack.read(told)) == may
    assert [call.method for call in slack.calls].count("users.info") == 1


async def test_somebody_of_another_workspace_may_look_and_not_change(slack, clout, over_socket):
    link = {"type": "button", "action_id": "clout.run.link.0", "text": {"type": "plain_text", "text": "Link"}}
    link["value"] = '{"v":1,"a":[["creator","@beanco"],["account","github:beanco"]]}'
    blocks = [{"type": "actions", "elements": [link]}]
    shown = slack.publish(slack.home, slack.channel("partners"), {"text": "x", "blocks": blocks}, via="test")
    told = await (await slack.click(shown, "Link", user="sam")).answer()
    assert (told.ephemeral, told.channel) == (True, slack.channel("partners").id)
    assert "you do not manage Clout here" in slack.read(told)


async def test_when_slack_does_not_say_who_somebody_is_nothing_changes(slack, over_socket):
    slack.weather.fail("users.info", "internal_error")
    told = await (await slack.command("/influence", "link @beanco github:beanco", user="ada")).answer()
    assert "did not say whether you may manage" in slack.read(told)


# --- bad weather ------------------------------------------------------------------------------------------------------


async def test_a_second_delivery_is_not_answered_again(slack, over_socket):
    done = await slack.command("/influence", "@beanco")
    await done.says("@beanco · 51")
    await slack.redeliver(done)
    clicked = await slack.click(slack.channel(CREATORS).messages[0], "Why")
    await clicked.answer()
    assert (len(public(slack)), done.uses) == (2, 1)


async def test_a_slow_network_is_shown_as_such_and_then_in_place(slack, box, front, over_socket, monkeypatch):
    monkeypatch.setattr("core.lookup.PARTIAL_AFTER", 0.2)
    front.work.patience = 0.01
    await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
    box.clock.advance(timedelta(days=1))
    box.faults.set("github", "slow", ms=800)
    done = await slack.command("/influence", "@beanco")
    await done.says("Looking up @beanco")
    await slack.until(lambda: len(public(slack)) == 2, what="a partial card")
    card = slack.channel(CREATORS).messages[1]
    await slack.until(lambda: len(card.earlier) == 1, what="the final card")
    assert done.uses <= 5
    assert len(public(slack)) == 2


@pytest.mark.parametrize("kind", ["503", "hang_up"])
async def test_an_answer_that_may_have_arrived_is_not_posted_twice(slack, over_socket, kind):
    slack.weather.fail("response_url", kind, after=True)
    done = await slack.command("/influence", "@beanco")
    await done.says("@beanco · 51")
    await (await slack.command("/influence", "@maxout")).says("maxout")
    assert len(public(slack)) == 2


async def test_a_crash_is_told_with_a_code_and_logged_with_its_place(slack, clout, over_socket, monkeypatch):
    async def broken(*args, **kwargs):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(type(clout.lookups), "lookup", broken)
    with capture_logs() as logged:
        told = await (await slack.command("/influence", "@beanco")).answer()
    assert told.ephemeral
    assert "7f3a" in slack.read(told)
    assert "secret" not in slack.read(told)
    assert [(one["reference"], one["exc_info"]) for one in logged if one["log_level"] == "error"] == [("7f3a", True)]


async def test_at_a_stop_nobody_is_left_without_a_word(slack, box, front, over_socket):
    box.faults.set("bluesky", "slow", ms=20_000)
    done = await slack.command("/influence", "@beanco")
    await slack.until(lambda: len(front._running) == 1, what="a running handler")
    await front.stop(0.1)
    await done.says("Clout is restarting")
    late = await slack.command("/influence", "@maxout")
    assert late.ack.json["text"].startswith("Clout is restarting")


async def test_a_stop_waits_for_what_runs(slack, box, front, over_socket):
    box.faults.set("bluesky", "slow", ms=200)
    done = await slack.command("/influence", "@beanco")
    await front.stop(10)
    await done.says("@beanco")
    assert len(public(slack)) == 1


# --- charts -----------------------------------------------------------------------------------------------------------


async def measured(slack, box):
    for _ in range(3):
        await (await slack.command("/influence", "@beanco fresh")).answer()
        box.clock.advance(timedelta(days=7))


async def test_a_history_is_drawn_by_slack_itself(slack, box, over_socket):
    await measured(slack, box)
    done = await slack.command("/influence", "history @beanco")
    assert "data_visualization" in kinds(await done.answer())
    assert done.uses == 1


async def test_where_slack_cannot_draw_a_picture_is_uploaded_and_that_is_remembered(slack, box, over_socket):
    slack.unsupported_blocks.add("data_visualization")
    await (await slack.command("/influence", "@beanco fresh")).answer()
    box.clock.advance(timedelta(days=7))
    for uses in (2, 1):
        done = await slack.command("/influence", "@beanco fresh")
        assert "image" in kinds(await done.answer(seconds=15))
        assert done.uses == uses


async def test_where_nothing_can_be_uploaded_the_characters_stay(slack, box, over_socket):
    slack.unsupported_blocks.add("data_visualization")
    slack.weather.fail("files.getUploadURLExternal", "missing_scope", times=None)
    await measured(slack, box)
    shown = await (await slack.command("/influence", "history @beanco")).answer()
    assert not {"image", "data_visualization"} & set(kinds(shown))
    assert any(bar in shown.text for bar in "▁▂▃▄▅▆▇█")
