"""One person's answer in Slack: a line meanwhile, a partial card, the card; within the uses Slack allows.

A history is drawn by Slack itself; where a workspace does not know that block yet, by a picture; else by characters.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Literal

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bots.render_slack import ChartForm, SlackMessage, render
from bots.slack_charts import picture
from bots.slack_posts import Direct, Post
from core.card import Button, Card
from core.models import ChartSpec

REFUSED = "invalid_blocks"
_LADDER: tuple[ChartForm, ...] = ("blocks", "file", "none")
_LOOKS, _PAUSE = 12, 0.25  # at an uploaded picture until Slack has looked at it, and seconds between them
_KEPT_FOR_THE_END = 3  # uses of a response_url: the card, without its chart, and in words only
_WORKSPACES = 10_000
_RUN_OUT = frozenset({"expired_url", "used_url", "no_service", "url_expired"})  # of a response_url
_TOO_LATE = "That form was open for too long to answer where it was opened, so the answer stands here."

Draw = Callable[[ChartSpec], Awaitable[bytes]]
log = structlog.get_logger("clout.slack")


class Charts:
    """How each workspace gets its histories drawn; remembered once Slack refused the better way."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._forms: dict[str, ChartForm] = {}

    def ladder(self, team: str) -> tuple[ChartForm, ...]:
        """Return the ways to try in a workspace, best first."""
        return _LADDER[_LADDER.index(self._forms.get(team, "blocks")) :]

    def settled(self, team: str, form: ChartForm) -> None:
        """Remember what a workspace took."""
        if len(self._forms) < _WORKSPACES:
            self._forms[team] = form

    async def upload(self, client: AsyncWebClient, spec: ChartSpec) -> str | None:
        """Return the id of an uploaded picture that Slack is ready to show, or None."""
        alt = str(picture(spec, "")["alt_text"])
        try:
            png = await self._draw(spec)
            sent = await client.files_upload_v2(
                filename="history.png", content=png, title="Influence scores", alt_txt=alt
            )
            files = sent.get("files") or [{}]
            number = str(files[0].get("id") or "")
            for _ in range(_LOOKS):
                seen = (await client.files_info(file=number)).get("file") or {}
                if seen.get("mimetype"):
                    return number
                await asyncio.sleep(_PAUSE)
        except (SlackApiError, SlackRequestError, ClientError, TimeoutError, OSError) as error:
            log.warning("a picture could not be uploaded to Slack", error=type(error).__name__)
        return None


class SignOfLife:
    """Does `tell` once, `patience` seconds from now, unless all is over by then; a timer, for most are over at once."""

    def __init__(self, tell: Callable[[], Coroutine[None, None, None]], patience: float) -> None:
        self._tell = tell
        self._telling: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(patience, self._begin)

    def _begin(self) -> None:
        self._telling = asyncio.create_task(self._tell())

    def within(self, patience: float) -> None:
        """Tell no later than `patience` seconds from now."""
        loop = asyncio.get_running_loop()
        if self._telling is None and self._timer.when() > loop.time() + patience:
            self._timer.cancel()
            self._timer = loop.call_later(patience, self._begin)

    async def over(self) -> None:
        """Tell no more; what is being told is finished first, so that nothing comes after the answer."""
        self._timer.cancel()
        if self._telling is not None:
            await self._telling


class OrDirect:
    """A response_url that may have run out meanwhile; then everything goes to the person directly, who is told why."""

    def __init__(self, hook: Post | None, direct: Direct) -> None:
        self._hook = hook
        self._direct = direct
        self._told = False

    @property
    def left(self) -> int:
        """How many messages it still takes."""
        return self._hook.left if self._hook is not None else self._direct.left

    async def __call__(self, message: SlackMessage, *, replace: bool) -> str:
        """Show a message, directly where the address no longer takes it."""
        if self._hook is not None:
            error = await self._hook(message, replace=replace)
            if error not in _RUN_OUT:
                return error
            self._hook = None
            replace = False
        if not self._told:
            self._told = True
            await self._direct(SlackMessage((), _TOO_LATE, private=True), replace=False)
            replace = False
        return await self._direct(message, replace=replace)


class Answer:
    """What one deed is answered with; `post` shows it.

    `source` says what a deed came from: nothing (a command), or a message that is public or private. `in_place` lets
    the card take the place of that message, which it does only where both are seen by the same people.
    """

    def __init__(
        self,
        post: Post,
        charts: Charts,
        client: AsyncWebClient,
        team: str,
        *,
        source: Literal["none", "public", "private"] = "none",
        in_place: bool = False,
    ) -> None:
        self._post = post
        self._charts = charts
        self._client = client
        self._team = team
        self._source = source
        self.in_place = in_place
        self._shown: bool | None = None if source == "none" else source == "private"
        self._turn = asyncio.Lock()

    @property
    def from_private(self) -> bool:
        """Whether the deed came from a message that one person sees."""
        return self._source == "private"

    @property
    def shares(self) -> bool:
        """Whether there is a channel to share a private card with."""
        return not isinstance(self._post, Direct)

    async def line(self, words: str) -> None:
        """Show a line of markup to the asker alone; the words are ours or escaped."""
        async with self._turn:
            await self._said(SlackMessage((), words, private=True), may_replace=self._source == "none")

    async def partial(self, card: Card) -> None:
        """Show what is known so far, where the card can take its place later."""
        async with self._turn:
            if self._post.left > _KEPT_FOR_THE_END and (self._source == "none" or self.in_place):
                await self._said(render(card, chart="none"), may_replace=True)

    async def card(self, card: Card, *, page: int = 0, again: Button | None = None, share: bool = False) -> None:
        """Show the card, with less of its chart where Slack refuses that, and in words where it refuses all blocks."""
        async with self._turn:
            for form in self._charts.ladder(self._team) if card.chart is not None else ("none",):
                file = None
                if form == "file" and card.chart is not None:
                    file = await self._charts.upload(self._client, card.chart)
                    if file is None:
                        continue
                message = render(card, chart=form, slack_file=file, page=page, again=again, share=share)
                error = await self._said(message, may_replace=self._source == "none" or self.in_place)
                if error != REFUSED:
                    self._remember(form, card, error)
                    return
            log.error("Slack refused every form of a card", kind=card.kind)
            await self._said(message.words_only(), may_replace=self._source == "none" or self.in_place)

    def _remember(self, form: ChartForm, card: Card, error: str) -> None:
        if card.chart is not None and not error and form != "none":
            self._charts.settled(self._team, form)

    async def _said(self, message: SlackMessage, *, may_replace: bool) -> str:
        replace = may_replace and self._shown is not None and self._shown == message.private
        error = await self._post(message, replace=replace)
        if not error and self._source == "none":
            self._shown = message.private
        return error
