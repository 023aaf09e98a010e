"""A real Bolt app behind signed posts: what people do reaches it, and what it says is shown."""

import asyncio
from datetime import timedelta

import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient


@pytest.fixture
def app(over_http):
    return over_http


async def test_a_command_is_acknowledged_and_answered_publicly(slack, app):
    typed = await slack.command("/influence", "@beanco", user="mia", channel="creators")
    assert (typed.ack.status, typed.ack.body, typed.ack.error) == (200, "", "")
    await typed.answer(2)
    assert [one.text for one in slack.channel("creators").messages] == ["@beanco has 71"]
    assert [one.text for one in slack.channel("creators").private_to(slack.person("mia"))] == ["Looking up @beanco"]
    assert typed.uses == 2


async def test_names_channels_and_links_arrive_marked_up(slack, app):
    mia, general = slack.person("mia"), slack.channel("general")
    await slack.command("/influence", "@mia #general https://x.com/nasa nasa.bsky.social @a@b.social A&B @nasa")
    assert app.seen[0]["text"] == (
        f"<@{mia.id}|mia> <#{general.id}|general> <https://x.com/nasa|https://x.com/nasa> "
        "<http://nasa.bsky.social|nasa.bsky.social> @<mailto:a@b.social|a@b.social> A&amp;B @nasa"
    )
    await slack.command("/influence", "@mia <b>", escape=False)
    assert app.seen[1]["text"] == "@mia <b>"


async def test_a_wrong_secret_and_an_old_signature_are_refused_by_bolt(slack, app):
    slack.signing_secret = "another"
    forged = await slack.command("/influence", "@beanco")
    assert (forged.ack.status, forged.ack.error) == (401, "dispatch_failed")
    assert forged.messages[0].text == '/influence failed with the error "dispatch_failed"'


async def test_an_old_signature_is_refused_by_bolt(slack, app):
    slack.signing_skew = -timedelta(minutes=10)
    assert (await slack.command("/influence", "@beanco")).ack.status == 401
    assert app.seen == []


async def test_a_line_in_the_acknowledgement_is_shown_to_one_person(slack, app):
    told = await slack.command("/told", user="max")
    assert [one.text for one in slack.channel("creators").private_to(slack.person("max"))] == ["Only for you"]
    assert told.messages[0].via == "ack"


async def test_response_url_takes_five_answers_and_half_an_hour(slack, app, box):
    typed = await slack.command("/told", user="mia")
    hook = AsyncWebhookClient(app.seen[0]["response_url"])
    quiet = {"unfurl_links": False, "unfurl_media": False}
    for number in range(5):
        assert (await hook.send_dict({"text": f"{number}", **quiet})).body == "ok"
    sixth = await hook.send_dict({"text": "6", **quiet})
    assert (sixth.status_code, sixth.body, typed.uses) == (404, "used_url", 5)

    await slack.command("/told", user="mia")
    box.clock.advance(timedelta(minutes=31))
    late = await AsyncWebhookClient(app.seen[1]["response_url"]).send_dict({"text": "late", **quiet})
    assert late.body == "expired_url"


async def test_a_button_replaces_its_message_and_its_state_travels(slack, app):
    typed = await slack.command("/influence", "@beanco")
    shown = await typed.says("71 ▲")
    clicked = await slack.click(shown, "Refresh", user="max")
    await clicked.says("72 · 71")
    assert (shown.text, len(shown.earlier)) == ("now 72", 1)
    sent = app.seen[1]
    assert sent["actions"][0]["value"] == "v1|nasa"
    assert sent["message"]["ts"] == shown.ts
    assert sent["user"]["id"] == slack.person("max").id


async def test_a_select_sends_the_option_chosen(slack, app):
    shown = await (await slack.command("/influence", "@beanco")).says("71 ▲")
    await slack.click(shown, "part", "Reach", user="mia")
    assert app.seen[1]["actions"][0]["selected_option"]["value"] == "reach"
    with pytest.raises(ValueError, match="no option 'Depth'; there are reach, resonance"):
        await slack.click(shown, "part", "Depth")
    with pytest.raises(LookupError, match=r"nothing is called 'Share' here; there is refresh \(Refresh\)"):
        await slack.click(shown, "Share")


async def test_what_only_one_person_sees_only_that_person_clicks(slack, app):
    mia, blocks = slack.person("mia"), [{"type": "actions", "elements": [_button()]}]
    shown = slack.publish(
        slack.home, slack.channel("creators"), {"text": "x", "blocks": blocks}, via="test", only_for=mia.id
    )
    with pytest.raises(ValueError, match="max does not see this"):
        await slack.click(shown, "refresh", user="max")
    clicked = await slack.click(shown, "refresh")
    await clicked.answer()
    assert "message" not in app.seen[0]
    assert app.seen[0]["container"]["is_ephemeral"] is True


def _button():
    return {"type": "button", "action_id": "refresh", "text": {"type": "plain_text", "text": "Refresh"}}


async def test_a_modal_opens_is_corrected_and_sent(slack, app):
    typed = await slack.command("/influence", "help")
    view = await typed.opened()
    assert slack.read(view).splitlines()[:2] == ["┌ Look up", "│ Handle: […]"]
    with pytest.raises(ValueError, match="'Handle' has to be filled in"):
        await slack.submit(view)
    with pytest.raises(ValueError, match="takes 0 to 20 characters"):
        await slack.submit(view, {"Handle": "x" * 21})

    wrong = await slack.submit(view, {"handle": "na sa"})
    assert (wrong.errors, view.open) == ({"who": "That is not a handle."}, True)
    right = await slack.submit(view, {"who": "nasa"})
    assert (right.errors, view.open) == ({}, False)
    await slack.until(lambda: len(slack.calls) >= 3, what="the message to mia")
    direct = slack.direct(slack.home, slack.person("mia").id)
    assert [one.text for one in direct.messages] == ["nasa: 71"]
    with pytest.raises(ValueError, match="closed"):
        await slack.submit(view, {"handle": "nasa"})


async def test_an_external_select_suggests(slack, app):
    view = await (await slack.command("/influence", "help")).opened()
    found = await slack.suggest(view, "creator", "nas")
    assert [one["value"] for one in found.options] == ["nasa", "nasdaq"]
    assert (await slack.suggest(view, "creator", "zz")).options == []
    with pytest.raises(ValueError, match="min_query_length"):
        await slack.suggest(view, "creator", "n")


async def test_shortcuts_global_and_on_a_message(slack, app):
    await slack.shortcut("score_this")
    message = slack.say("creators", "look at @nasa", user="max")
    await slack.shortcut("score_this", message=message)
    assert [one["type"] for one in app.seen] == ["shortcut", "message_action"]
    assert app.seen[1]["message"]["text"] == "look at @nasa"


async def test_the_home_tab_is_filled_when_it_is_opened(slack, app):
    await slack.open_home("mia")
    await slack.until(lambda: slack.home_tab("mia") is not None, what="a home tab")
    assert slack.read(slack.home_tab("mia")) == "┌ Home\n│ Your trackers\n└"


async def test_an_event_comes_again_under_the_same_id(slack, app):
    told = await slack.archive("creators")
    await slack.redeliver(told)
    await slack.until(lambda: len(app.seen) == 2, what="both deliveries")
    assert app.seen[0]["event_id"] == app.seen[1]["event_id"]
    assert app.seen[0]["event"]["channel"] == slack.channel("creators").id


async def test_the_address_is_verified(slack, app):
    assert await slack.verify_url() is True


async def test_people_are_told_when_the_app_is_slow_or_away(slack, app):
    slack.patience = 0.05

    @app.command("/slow")
    async def slow(ack):
        await asyncio.sleep(0.2)
        await ack()

    typed = await slack.command("/slow")
    assert typed.ack.error == "operation_timeout"
    assert slack.channel("creators").ephemerals[-1].text == '/slow failed with the error "operation_timeout"'
    slack.request_url = "http://127.0.0.1:9/"
    assert (await slack.command("/slow")).ack.error == "dispatch_failed"
    slack.request_url = "http://elsewhere.example/"
    with pytest.raises(ValueError, match="loopback only"):
        await slack.command("/slow")


async def test_who_cannot_type_there_is_told_so(slack, app):
    with pytest.raises(ValueError, match="archived"):
        await slack.command("/influence", channel="attic")
    with pytest.raises(ValueError, match="another workspace"):
        await slack.command("/influence", user="sam", channel="partners")
    with pytest.raises(LookupError, match="nobody is called 'zoe'"):
        await slack.command("/influence", user="zoe")
