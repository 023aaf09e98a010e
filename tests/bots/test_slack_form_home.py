"""The lookup form with its suggestions and its errors, a form left open, and the app's home."""

import asyncio
from datetime import timedelta

import pytest

from bots.render_slack import SlackMessage
from bots.slack_answer import OrDirect
from bots.slack_views import home, suggested
from core.card import Card, Fact, Headline, Lines, line
from core.commands.home import HomeSection
from core.errors import StoreError

CREATORS = "creators"


async def form(slack):
    done = await slack.command("/influence", "")
    return done, await done.opened()


async def test_known_creators_are_suggested_and_chosen(slack, over_socket):
    await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
    done, view = await form(slack)
    found = [one["value"] for one in (await slack.suggest(view, "known", "@bea")).options]
    assert "bluesky:beanco.bsky.social" in found
    assert (await slack.suggest(view, "known", "zzz")).options == []
    await slack.submit(view, {"known": "bluesky:beanco.bsky.social"})
    await done.says("51 (49 to 54)")


async def test_what_is_typed_goes_before_what_is_chosen(slack, over_socket):
    done, view = await form(slack)
    await slack.submit(view, {"known": "bluesky:maxout.bsky.social", "Creator": "@beanco"})
    await done.says("@beanco · 51")


@pytest.mark.parametrize("fault", ["slow", "broken"])
async def test_suggestions_that_fail_are_none(slack, clout, over_socket, monkeypatch, fault):
    async def suggestions(*_):
        if fault == "broken":
            raise StoreError("The database refuses.")
        await asyncio.Event().wait()

    monkeypatch.setattr(type(clout.lookups), "suggestions", suggestions)
    _, view = await form(slack)
    assert (await slack.suggest(view, "known", "bea")).options == []


def test_names_without_room_in_a_select_are_left_out():
    found = suggested(["x" * 151, "", "y" * 150, "a://b"])["options"]
    assert [(one["value"], len(one["text"]["text"]) <= 75) for one in found] == [("y" * 150, True), ("a://b", True)]
    assert len(suggested([f"name{at}" for at in range(200)])["options"]) == 25


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"Creator": "na sa!"}, "cannot be read|is not a handle"),
        ({"Creator": "https://x.com/i/status/1"}, "keeps for itself"),
        ({"Creator": "no such thing", "Network": "github"}, "cannot be read"),
        ({}, "Type a handle"),
        ({"Creator": "\u200b\u202e"}, "no handle in that|Type a handle"),
    ],
)
async def test_what_can_be_no_handle_is_said_in_the_form_itself(slack, over_socket, values, why):
    done, view = await form(slack)
    wrong = await slack.submit(view, values)
    assert list(wrong.errors) == ["creator"]
    assert any(words in wrong.errors["creator"] for words in why.split("|")), wrong.errors
    assert view.open
    assert done.uses == 0


@pytest.mark.parametrize("late", ["by the clock", "by Slack"])
async def test_a_form_left_open_answers_directly_and_says_why(slack, box, over_socket, late):
    _, view = await form(slack)
    if late == "by the clock":
        box.clock.advance(timedelta(minutes=31))
    else:  # nobody can be sure how long an address lives
        for hook in slack.hooks.values():
            hook.born = (hook.born[0] - 1_801, hook.born[1] - 1_801)
    await slack.submit(view, {"Creator": "@beanco"})
    direct = slack.direct(slack.home, slack.person("mia").id)
    await slack.until(lambda: len(direct.messages) == 2, what="the answer")
    assert "open for too long" in direct.messages[0].text
    assert "51 (49 to 54)" in direct.messages[1].text
    assert slack.channel(CREATORS).messages == []


async def test_what_ran_out_is_told_once():
    said = []

    async def hook(message, *, replace):
        said.append("hook")
        return "expired_url"

    async def direct(message, *, replace):
        said.append((message.text[:9], replace))
        return ""

    hook.left, direct.left = 5, 5
    post = OrDirect(hook, direct)
    for text in ("first", "second"):
        assert await post(SlackMessage((), text), replace=True) == ""
    assert said == ["hook", ("That form", False), ("first", False), ("second", True)]


# --- the home tab -----------------------------------------------------------------------------------------------------


async def opened_home(slack, who="mia"):
    await slack.open_home(who)
    await slack.until(lambda: slack.home_tab(who) is not None, what="a home tab")
    return slack.home_tab(who)


async def test_a_guest_sees_at_home_what_a_guest_may_list(slack, over_socket):
    member = slack.read(await opened_home(slack))
    slack.weather.fail("users.info", "internal_error")
    for shown in (slack.read(await opened_home(slack, "ada")), slack.read(await opened_home(slack, "gus"))):
        assert "Tracked here" in shown
        assert [title in one for one in (member, shown) for title in ("Watches: none", "Digests: none")] == [
            True, True, False, False,
        ]  # fmt: skip


async def test_the_home_tab_lists_what_this_workspace_tracks(slack, clout, box, over_socket):
    team, other = f"slack:-:{slack.home.id}", "slack:-:TOTHER"
    for one, name in ((team, "@beanco"), (other, "@maxout")):
        await clout.lookups.lookup(one, name)
        await clout.lookups.link(one, f"bluesky:{name[1:]}.bsky.social", f"bluesky:{name[1:]}.bsky.social")
        (creator,) = await clout.store.creators(one)
        assert await clout.store.track(one, creator.name, box.clock.now())
    view = await opened_home(slack)
    shown = slack.read(view)
    assert "Tracked here: 1 creator" in shown
    assert "maxout" not in shown
    await slack.click(view, "Card")
    direct = slack.direct(slack.home, slack.person("mia").id)
    await slack.until(lambda: bool(direct.messages), what="the card")
    assert "51 (49 to 54)" in direct.messages[0].text


async def test_a_section_that_fails_leaves_the_others(slack, over_socket, monkeypatch):
    async def broken(ctx):
        raise StoreError("The database refuses.")

    async def fine(ctx):
        title = line("Digests of this workspace")
        return Card(kind="home", title=title, blocks=(Headline(cells=(title,)), Lines(facts=(Fact(line=title),))))

    sections = (HomeSection("broken", broken, 1), HomeSection("fine", fine, 2))
    monkeypatch.setattr("core.commands.links.HOME", sections, raising=False)
    shown = slack.read(await opened_home(slack))
    assert "Digests of this workspace" in shown
    assert "history @creator" in shown


def test_a_home_of_any_size_is_within_the_limits():
    long = line("x" * 900)
    many = Card(kind="home", title=long, blocks=tuple(Lines(facts=(Fact(line=long),)) for _ in range(120)))
    assert len(home(many, (many, many))["blocks"]) <= 100
