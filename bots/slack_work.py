"""What is done about one deed in Slack: its command is run, and its card shown, with a sign of life before."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bots.controls import again
from bots.rereading import Rereadings
from bots.slack_answer import Answer, SignOfLife
from bots.slack_blocks import mrkdwn
from bots.slack_codes import scope_lacking
from bots.slack_files import with_file
from bots.slack_people import People, manages
from bots.slack_scopes import install_address
from bots.turnstile import Turnstile
from core.app import App
from core.card import Card
from core.cards_fronts import looking_up
from core.cards_installs import reinstall_card
from core.commands import Context, Invocation, refusal, run
from core.commands.grammar import creators_of
from core.errors import CloutError
from core.messenger import Place

IN_LINE = 1.5  # seconds in line until the asker is told that we look: in a crowd each line makes the others later

log = structlog.get_logger("clout.slack")


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did something where, and how to answer; `place` is None outside of channels.

    `team_name` is what the workspace is called, as far as Slack said.
    """

    team: str
    workspace: str
    user: str
    client: AsyncWebClient
    answer: Answer
    place: Place | None = None
    team_name: str = ""


class Work:
    """Runs commands for deeds; `patience` in seconds until the asker is told that we look.

    The line "Looking up" comes by patience and not by asking the store first whether it has something fresh: that
    would cost every warm lookup a second read, and a cold one that is answered within the patience needs no line, which
    would flash by and cost one of the five messages that a response_url takes.
    """

    def __init__(self, app: App, *, reference: Callable[[], str], patience: float) -> None:
        self._app = app
        self._reference = reference
        self._people = People(app.clock)
        self._rereadings = Rereadings(app.clock)
        self._turnstile = Turnstile()
        self.patience = patience

    async def ran(
        self, deed: Deed, invocation: Invocation, *, page: int = 0, remark: Callable[[Card], Card] | None = None
    ) -> Card:
        """Run a command, show its card and return it; `remark` may add to a card that is no error.

        The asker is told that we look, unless the answer is there at once.
        """
        in_line = self._turnstile.busy
        patience = max(IN_LINE, self.patience) if in_line else self.patience
        sign = SignOfLife(lambda: deed.answer.line(_looking(invocation)), patience)
        try:
            async with self._turnstile.turn():
                if in_line:
                    sign.within(self.patience)
                return await self._ran(deed, invocation, sign, page=page, remark=remark)
        finally:
            await sign.over()

    async def _ran(
        self,
        deed: Deed,
        invocation: Invocation,
        sign: SignOfLife,
        *,
        page: int,
        remark: Callable[[Card], Card] | None,
    ) -> Card:
        reading = self._rereadings.allowed(deed.team, invocation)
        card = await with_file(deed.client, deed.user, await self._card(deed, reading.invocation))
        await sign.over()
        fine = card.error is None
        if remark is not None and fine:
            card = remark(card)
        card = self._rereadings.finished(reading, card, zone=(await self.context(deed)).zone if reading.again else "")
        share = fine and not invocation.command.private and deed.answer.shares
        await deed.answer.card(card, page=page, again=again(invocation) if fine else None, share=share)
        return card

    async def refused(self, deed: Deed, error: CloutError) -> None:
        """Tell the asker what was wrong with what was asked."""
        await deed.answer.card(refusal(await self.context(deed), error, reference=self._reference))

    async def context(
        self, deed: Deed, *, can_manage: bool = False, member: bool = True, zone: str | None = None
    ) -> Context:
        """Return what a command needs to know of a deed."""
        return await self._app.context(
            deed.team,
            asker=deed.user,
            place=deed.place,
            can_manage=can_manage,
            member=member,
            zone=zone or None,
            team_name=deed.team_name,
        )

    async def knowing(self, deed: Deed, ctx: Context) -> Context:
        """Return the context of somebody whom Slack was asked about; raises Unavailable."""
        person = await self._people.who(deed.client, deed.workspace, deed.user)
        leads = manages(person, deed.user, ctx.own)
        # whoever sets up a digest means the time of day at home, where the team has no zone of its own
        return await self.context(deed, can_manage=leads, member=person.inside, zone=person.zone)

    def lacking(self, error: BaseException, ref: str = "") -> Card | None:
        """Return how Clout is installed again, where an old install lacks a permission."""
        scope = scope_lacking(error)
        if not scope:
            return None
        log.warning("an install lacks a scope", scope=scope)
        return reinstall_card(scope, ref or self._reference(), install_address(self._app.settings))

    async def _card(self, deed: Deed, invocation: Invocation) -> Card:
        ctx = await self.context(deed)
        try:
            if invocation.command.manages or invocation.command.members:  # at the press, never when a card is drawn
                ctx = await self.knowing(deed, ctx)
        except CloutError as error:
            return self.lacking(error) or refusal(ctx, error, reference=self._reference)
        return await run(ctx, invocation, deed.answer.partial, reference=self._reference)


def _looking(invocation: Invocation) -> str:
    return "".join(map(mrkdwn, looking_up(creators_of(invocation))))
