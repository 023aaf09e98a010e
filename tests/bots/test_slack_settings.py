"""A workspace's settings as people change them in Slack: who may, what holds from then on, and for whom."""

import pytest

from core.team_settings import TeamSettings

CREATORS = "creators"


async def answered(slack, text, user="ada", channel=CREATORS):
    return await (await slack.command("/influence", text, user=user, channel=channel)).answer()


def read(slack, message):
    return slack.read(message)


async def test_everybody_sees_the_settings_and_how_they_are_changed(slack, over_socket):
    told = await answered(slack, "settings", user="gus")
    assert told.ephemeral
    shown = read(slack, told)
    for words in ("not set, so UTC", "administrators", "2 points", "settings managers admins", "settings private on"):
        assert words in shown
    assert "users.info" not in [call.method for call in slack.calls]


async def test_only_a_manager_changes_them_and_only_for_the_own_team(slack, clout, over_socket):
    refused = await answered(slack, "settings zone Europe/Berlin", user="mia")
    assert "you do not manage Clout here" in read(slack, refused)
    told = await answered(slack, "settings zone europe/berlin")
    assert told.ephemeral
    assert "Europe/Berlin" in read(slack, told)
    assert "Europe/Berlin" in read(slack, await answered(slack, "settings", user="mia"))
    assert await clout.teams.settings("slack:-:TOTHER") == TeamSettings()
    assert (await clout.teams.settings(f"slack:-:{slack.home.id}")).zone == "Europe/Berlin"


async def test_a_change_is_taken_back_with_one_press(slack, clout, over_socket):
    told = await answered(slack, "settings threshold 9")
    assert "9 points" in read(slack, told)
    await (await slack.click(told, "Undo")).answer()
    assert (await clout.teams.settings(f"slack:-:{slack.home.id}")).threshold == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("settings zone Europe/Berln", "Europe/Berlin"),
        ("settings zone", "The zone is missing"),
        ("settings threshold 0", "1 to 50"),
        ("settings threshold lots", "1 to 50"),
        ("settings managers nobody", "admins, everyone, or list"),
        ("settings managers list", "Name the people"),
        ("settings managers admins @max", "after list only"),
        ("settings managers list @nobodyhere", "nobody I can recognise"),
        ("settings private maybe", "on or off"),
        ("settings colour blue", "I do not understand"),
        ("settings colour", "There is no setting"),
    ],
)
async def test_what_does_not_fit_is_told_and_changes_nothing(slack, clout, over_socket, text, why):
    told = await answered(slack, text)
    assert told.ephemeral
    assert why in read(slack, told)
    assert await clout.teams.settings(f"slack:-:{slack.home.id}") == TeamSettings()


async def test_everyone_may_mean_all_members_but_never_guests_and_strangers(slack, over_socket):
    assert "everyone but guests" in read(slack, await answered(slack, "settings managers everyone"))
    assert "5 points" in read(slack, await answered(slack, "settings threshold 5", user="mia"))
    for guest in ("gus", "una"):
        refused = await answered(slack, "settings threshold 7", user=guest)
        assert "you do not manage" in read(slack, refused)
        assert "Guests may look creators up" in read(slack, await answered(slack, "digest export", user=guest))
        assert (await answered(slack, "@beanco private", user=guest)).ephemeral
    button = {"type": "button", "action_id": "clout.run.settings-threshold.0", "value": '{"v":1,"a":[["points","7"]]}'}
    button["text"] = {"type": "plain_text", "text": "Seven"}
    blocks = [{"type": "actions", "elements": [button]}]
    shown = slack.publish(slack.home, slack.channel("partners"), {"text": "x", "blocks": blocks}, via="test")
    refused = await (await slack.click(shown, "Seven", user="sam")).answer()
    assert "you do not manage" in read(slack, refused)
    assert "5 points" in read(slack, await answered(slack, "settings"))


async def test_named_people_may_beside_the_administrators(slack, over_socket):
    told = await answered(slack, "settings managers list @max @gus")
    assert "administrators and @max, @gus" in read(slack, told)
    assert "4 points" in read(slack, await answered(slack, "settings threshold 4", user="max"))
    assert "6 points" in read(slack, await answered(slack, "settings threshold 6", user="ada"))
    for other in ("mia", "gus"):
        assert "you do not manage" in read(slack, await answered(slack, "settings threshold 8", user=other))
    await answered(slack, "settings managers admins")
    assert "you do not manage" in read(slack, await answered(slack, "settings threshold 8", user="max"))


async def test_where_answers_are_private_public_says_otherwise(slack, over_socket):
    await answered(slack, "settings private on")
    private = await answered(slack, "@beanco", user="mia")
    assert private.ephemeral
    public = await answered(slack, "@beanco public", user="mia")
    assert not public.ephemeral
    again = await (await slack.click(public, "Refresh", user="max")).answer()
    assert (again, len(public.earlier)) == (public, 1)
    assert (await (await slack.click(public, "Why", user="max")).answer()).ephemeral
    shared = await (await slack.click(private, "Share to channel")).answer()
    assert not shared.ephemeral
    view = await (await slack.command("/influence", "")).opened()
    unseen = await slack.submit(view, {"Creator": "@beanco"})
    assert unseen.errors == {}


async def test_a_form_follows_the_habit_and_its_box_decides(slack, over_socket):
    await answered(slack, "settings private on")
    for chosen, private in ((None, True), ([], False)):
        done = await slack.command("/influence", "", user="mia")
        values = {"Creator": "@beanco"} | ({} if chosen is None else {"visibility": chosen})
        await slack.submit(await done.opened(), values)
        assert (await done.answer()).ephemeral is private


async def test_a_commands_place_and_asker_are_told_to_core(slack, clout, over_socket, monkeypatch):
    real, seen = type(clout).context, []

    async def spy(self, team, **known):
        seen.append((known["asker"], known["place"], known["zone"]))
        return await real(self, team, **known)

    monkeypatch.setattr(type(clout), "context", spy)
    card = await answered(slack, "@beanco", user="mia")
    await (await slack.click(card, "Why", user="max")).answer()
    await answered(slack, "@beanco private", user="mia", channel="leads")
    await answered(slack, "settings threshold 5")
    mia, max_, ada = (slack.person(name).id for name in ("mia", "max", "ada"))
    places = [(who, place.channel, place.shown, zone) for who, place, zone in seen]
    here, leads = slack.channel(CREATORS).id, slack.channel("leads").id
    assert places[0] == (mia, here, "#creators", None)
    assert places[1] == (max_, here, "#creators", None)
    assert places[2] == (mia, leads, "this channel", None)
    assert places[-1] == (ada, here, "#creators", "Europe/Berlin"), "who manages is asked, and where they live with it"
