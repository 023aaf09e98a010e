from datetime import timedelta

import pytest

from core.commands import Context, parse, refusal, run
from core.errors import BadHandle, NotFound, NotRecorded, RateLimited, StoreError
from core.manifest import NetworkAvailability
from core.models import Linked
from tests.core.readings_by_hand import MANIFESTS, NOW, account, glowguru, namesakes, slow


class Stub:
    """Lookups that answer what they were told to, and remember what they were asked."""

    def __init__(self, answer=None, *, partial=None, error=None, near=()):
        self.answer, self.partial, self.error, self.near = answer, partial, error, near
        self.asked = []

    async def lookup(self, team, text, *, network=None, fresh=False, show=None):
        self.asked.append(("lookup", team, text, network, fresh))
        if self.partial is not None:
            await show(self.partial)
        return self._answered()

    async def history(self, team, text, *, network=None, since):
        self.asked.append(("history", team, text, network, since))
        return self._answered()

    async def link(self, team, name, target):
        self.asked.append(("link", team, name, target))
        return self._answered()

    async def unlink(self, team, name, target):
        self.asked.append(("unlink", team, name, target))
        return self._answered()

    async def accounts(self, team, name):
        self.asked.append(("accounts", team, name))
        return self._answered()

    async def offers(self, team, name):
        return None  # no reference work is switched on

    def networks(self):
        return tuple(NetworkAvailability(manifest=m, ready=True) for m in MANIFESTS.values())

    async def of(self, team):
        return self.networks()

    async def suggestions(self, team, text):
        if isinstance(self.near, Exception):
            raise self.near
        return self.near

    def _answered(self):
        if self.error is not None:
            raise self.error
        return self.answer


async def ran(line, stub, *, can_manage=True):
    ctx = Context("team", NOW, stub, MANIFESTS, can_manage=can_manage, zone="UTC", networks=stub)
    shown = []

    async def show(card):
        shown.append(card)

    return await run(ctx, parse(line), show, reference=lambda: "7f3a"), shown


async def test_a_lookup_passes_on_what_was_typed_and_offers_only_what_exists():
    stub = Stub(glowguru(), partial=slow())
    card, shown = await ran("@glowguru on instagram fresh", stub)
    assert stub.asked == [("lookup", "team", "@glowguru", "instagram", True)]
    assert [partial.kind for partial in shown] == ["partial"]
    assert card.kind == "score"
    assert not card.private
    assert {"influence", "history"} <= {button.command for button in card.buttons}
    assert all(button.command != "frobnicate" for button in card.buttons)


async def test_private_covers_the_partial_card_too():
    card, shown = await ran("@glowguru private", Stub(glowguru(), partial=slow()))
    assert card.private
    assert all(partial.private for partial in shown)


async def test_history_reads_back_as_far_as_asked():
    stub = Stub(glowguru())
    await ran("history @glowguru 30d", stub)
    await ran("history @glowguru", stub)
    assert [asked[-1] for asked in stub.asked] == [NOW - timedelta(days=30), NOW - timedelta(days=90)]


@pytest.mark.parametrize("verb", ["link", "unlink"])
async def test_links_need_the_right_to_manage(verb):
    stub = Stub(Linked(name="glow", accounts=(account("instagram", 60.0),)))
    refused, _ = await ran(f"{verb} @glow tiktok:glow", stub, can_manage=False)
    assert (refused.error, refused.private, stub.asked) == ("NotAllowed", True, [])
    done, _ = await ran(f"{verb} @glow tiktok:glow", stub)
    assert (done.kind, done.private) == ("linked", True)
    assert stub.asked == [(verb, "team", "@glow", "tiktok:glow")]


async def test_accounts_networks_and_help():
    stub = Stub(Linked(name="glow", accounts=()))
    assert (await ran("accounts @glow", stub))[0].kind == "accounts"
    assert (await ran("networks", stub))[0].private
    assert (await ran("help", stub))[0].kind == "help"
    assert (await ran("help link", stub))[0].kind == "help"
    assert (await ran("help frobnicate", stub))[0].error == "InputError"


async def test_an_error_becomes_a_private_card_with_the_code():
    card, _ = await ran("@glow", Stub(error=RateLimited("x", "X limits us.", retry_at=NOW + timedelta(hours=1))))
    assert (card.kind, card.reference, card.private, card.error) == ("error", "7f3a", True, "RateLimited")


async def test_suggestions_follow_a_miss_only():
    missed, _ = await ran("@glowgru", Stub(error=NotFound("", "I can't find @glowgru."), near=("glowguru",)))
    assert [button.typed for button in missed.buttons] == ["influence glowguru"]
    busy, _ = await ran("@glowgru", Stub(error=RateLimited("x", "Busy."), near=("glowguru",)))
    assert not busy.buttons


async def test_a_failing_store_does_not_hide_the_first_error():
    stub = Stub(error=NotRecorded("Nothing is stored about @x."), near=StoreError("the database is locked"))
    assert (await ran("history @x", stub))[0].error == "NotRecorded"


async def test_other_errors_are_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        await ran("@glow", Stub(error=ZeroDivisionError()))


async def test_a_choice_offers_links():
    card, _ = await ran("@glow", Stub(namesakes()))
    listing = next(block for block in card.blocks if block.kind == "list")
    assert [button.command for button in listing.items[0].buttons] == ["influence", "link"]
    for button in (*listing.items[0].buttons, *card.buttons):
        assert parse(button.typed).command.name == button.command


def test_a_line_that_does_not_parse_has_a_card_too():
    ctx = Context("team", NOW, Stub(), MANIFESTS)
    assert refusal(ctx, BadHandle("`x y` is no handle."), reference=lambda: "1").error == "BadHandle"
