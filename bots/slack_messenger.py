"""Posts finished cards in Slack by themselves: digests, alerts, and words to one person.

What Slack answers, and what becomes of it (CHAT 13; bots/slack_codes.py holds the codes):

- posted: `Sent` with the message's `ts`, remembered ten minutes, so that the same key again posts nothing
- no connection, so that nothing can have been posted: tried again twice, then DeliveryForbidden with `retry_at`
- 429: waited for where that is 15 s or less, three times; then DeliveryForbidden with `retry_at`
- 5xx, no JSON, `internal_error`, `fatal_error`, a time-out, a broken connection: DeliveryUnknown, never sent again
- `invalid_blocks` and other faults of ours: without the native chart, as a picture, without, then in words alone, once
- `not_in_channel`, `channel_not_found`: DeliveryForbidden with the /invite that mends it; a deleted channel looks the
  same, so ChannelGone is never raised here: `channel_deleted` says it (bots/slack_life.py)
- `is_archived`: DeliveryForbidden; it resumes with `channel_unarchive`
- `token_revoked`, `account_inactive`: DeliveryForbidden, and the installation is forgotten
- `missing_scope`: DeliveryForbidden that names the scope and where to install again
- administrators' rules, and any other code: DeliveryForbidden with the code
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from aiohttp import ClientConnectorError, ClientError
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bots.render_slack import SlackMessage, render
from bots.slack_answer import Charts
from bots.slack_codes import (
    ARCHIVED,
    NO_MESSAGES,
    PAYLOAD,
    SOON,
    UNINSTALLED,
    code_of,
    delivery_error,
    forbidden,
    limited,
    paths_of,
    pause_of,
)
from bots.slack_rotation import NotTurnedYet
from core.card import Card
from core.errors import DeliveryError, DeliveryForbidden, DeliveryUnknown, StoreError
from core.messenger import Place, Platform, Sent
from core.models import Clock

EVENT_TYPE = "clout_post"
PACE = timedelta(seconds=1)  # between two posts in one channel: Slack allows about that
LONGEST_WAIT = timedelta(seconds=15)  # for a turn or a Retry-After; beyond that the caller comes again
REMEMBERED = timedelta(minutes=10)  # keys of what was posted
_MOST = 10_000  # channels and keys remembered
_TRIES = 3
_PAUSE = 0.5  # seconds before a connection is tried again
_GROUP = re.compile(r"S[A-Z0-9]{2,20}")  # ids of user groups; nothing else is ever called

Sleep = Callable[[float], Awaitable[None]]
log = structlog.get_logger("clout.slack")


class Clients(Protocol):
    """Slack clients by team."""

    @property
    def again(self) -> str:
        """How Clout is installed anew, as a sentence."""
        ...

    async def of(self, team: str) -> AsyncWebClient | None:
        """Return a client with the team's token, None where Clout is not installed."""
        ...

    async def dismissed(self, team: str) -> None:
        """Hear that the token of a team, of all teams of an organisation for `slack:E1:`, is said to be dead."""
        ...


class Turns:
    """When a channel may be posted in next; `sleep` waits for it."""

    def __init__(self, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._next: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    async def mine(self, team: str, place: Place) -> None:
        """Wait for a turn in a channel; raises DeliveryForbidden where that would be long."""
        now = self._clock.now()
        at = max(now, self._next.get((team, place.channel), now))
        if at - now > LONGEST_WAIT:
            raise DeliveryForbidden(place.shown or place.channel, "Slack asks for patience.", retry_at=at)
        self._set(team, place.channel, at + PACE)
        if at > now:
            await self._sleep((at - now).total_seconds())

    def later(self, team: str, place: Place, seconds: float) -> None:
        """Let nobody post in a channel for so long."""
        at = self._clock.now() + timedelta(seconds=seconds)
        self._set(team, place.channel, max(at, self._next.get((team, place.channel), at)))

    def _set(self, team: str, channel: str, at: datetime) -> None:
        self._next[team, channel] = at
        self._next.move_to_end((team, channel))
        while len(self._next) > _MOST:
            self._next.popitem(last=False)


class SlackMessenger:
    """See core.messenger.Messenger; `charts` draws histories as each workspace can show them."""

    platform: Platform = "slack"

    def __init__(self, clients: Clients, charts: Charts, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> None:
        self._clients = clients
        self._charts = charts
        self._clock = clock
        self._sleep = sleep
        self._turns = Turns(clock, sleep)
        self._sent: OrderedDict[tuple[str, str], tuple[datetime, Sent]] = OrderedDict()

    async def send(
        self, team: str, place: Place, card: Card, *, key: str, under: str | None = None, mention: str | None = None
    ) -> Sent:
        """Post a card in a channel or below a message; `mention` is the id of a user group. See the module."""
        if (before := self._known(team, key)) is not None:
            return before
        client = await self._client(team, place)
        thread = under or place.thread
        beside: dict[str, Any] = {"metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}}}
        beside |= {"thread_ts": thread} if thread else {}
        ts = await self._shown(client, team, place, card, beside, _group(mention))
        return self._remember(team, key, Sent(message=ts))

    async def check(self, team: str, place: Place) -> Place:
        """Return the place as people name it where Clout may post; joins a public channel. Raises DeliveryError."""
        client = await self._client(team, place)
        answer = await self._asked(team, place, client.conversations_info(channel=place.channel))
        found = answer.get("channel") or {}
        name = str(found.get("name") or "")
        named = place.model_copy(update={"shown": f"#{name}" if name else place.shown})
        if found.get("is_archived"):
            raise self._error(named, ARCHIVED)
        if found.get("is_member") or found.get("is_im"):
            return named
        if not found.get("is_private") and await self._lets_in(client, named, answer):
            return named
        raise self._error(named, "not_in_channel")

    async def private(self, team: str, place: Place) -> bool:
        """See Messenger.private."""
        try:
            client = await self._client(team, place)
            answer = await self._asked(team, place, client.conversations_info(channel=place.channel))
        except DeliveryError:
            return True
        found = answer.get("channel") or {}
        return bool(found.get("is_private", True))

    async def tell(self, team: str, person: str, card: Card) -> None:
        """Write to one person; who takes no messages hears nothing. Raises DeliveryError."""
        place = Place(platform="slack", channel=person, shown="a direct message")
        client = await self._client(team, place)
        try:
            await self._shown(client, team, place, card, {}, "", quiet=NO_MESSAGES)
        except _NotTaken as no:
            log.info("a person takes no messages", team=team, error=no.code)

    # --- posting ------------------------------------------------------------------------------------------------------

    async def _shown(
        self,
        client: AsyncWebClient,
        team: str,
        place: Place,
        card: Card,
        beside: dict[str, Any],
        group: str,
        quiet: frozenset[str] = frozenset(),
    ) -> str:
        """Post the best form of a card that Slack takes, and return its `ts`."""
        for form in self._charts.ladder(team) if card.chart is not None else ("none",):
            file = None
            if form == "file" and card.chart is not None:
                file = await self._charts.upload(client, card.chart)
                if file is None:
                    continue
            message = render(card, chart=form, slack_file=file)
            try:
                ts = await self._posted(client, team, place, calling(message, group) | beside, quiet)
            except _Malformed as error:
                log.error("Slack refused our blocks", kind=card.kind, form=form, paths=error.paths)  # noqa: TRY400
                continue
            if card.chart is not None and form != "none":
                self._charts.settled(team, form)
            return ts
        try:
            return await self._posted(client, team, place, calling(message.words_only(), group) | beside, quiet)
        except _Malformed as error:
            raise self._error(place, error.code) from error

    async def _posted(
        self, client: AsyncWebClient, team: str, place: Place, payload: dict[str, Any], quiet: frozenset[str]
    ) -> str:
        """Post one message; tried again only where it surely was not posted."""
        for attempt in range(1, _TRIES + 1):
            await self._turns.mine(team, place)
            try:
                answer = await client.chat_postMessage(channel=place.channel, **payload)
                return str(answer.get("ts"))
            except ClientConnectorError as error:
                if attempt == _TRIES:
                    raise self._unreachable(place) from error
                await self._sleep(_PAUSE)
            except (ClientError, TimeoutError, OSError, SlackRequestError) as error:
                raise _unknown(place) from error
            except SlackApiError as error:
                await self._refused(team, place, error, quiet, last=attempt == _TRIES)
        raise AssertionError("the last attempt returns or raises")

    async def _refused(
        self, team: str, place: Place, error: SlackApiError, quiet: frozenset[str], *, last: bool
    ) -> None:
        """Return where another try does no harm; raise what a refusal means otherwise."""
        code = code_of(error)
        if limited(error):
            pause = pause_of(error)
            self._turns.later(team, place, pause)
            if last or timedelta(seconds=pause) > LONGEST_WAIT:
                at = self._clock.now() + timedelta(seconds=pause)
                raise DeliveryForbidden(place.shown, "Slack asks for patience.", retry_at=at) from error
            return
        if code in PAYLOAD:
            raise _Malformed(code, paths_of(error)) from error
        if code in quiet:
            raise _NotTaken(code) from error
        raise await self._meaning(team, place, error) from error

    # --- around it ----------------------------------------------------------------------------------------------------

    async def _client(self, team: str, place: Place) -> AsyncWebClient:
        where = place.shown or place.channel
        try:
            client = await self._clients.of(team)
        except (StoreError, NotTurnedYet) as error:
            raise DeliveryForbidden(where, error.message, retry_at=self._clock.now() + SOON) from error
        if client is None:
            raise DeliveryForbidden(where, f"Clout is not installed in this workspace. {self._clients.again}".strip())
        return client

    async def _asked(self, team: str, place: Place, call: Awaitable[Any]) -> Any:
        """Return what a question that changes nothing is answered with."""
        try:
            return await call
        except SlackApiError as error:
            raise await self._meaning(team, place, error) from error
        except (ClientError, TimeoutError, OSError, SlackRequestError) as error:
            raise self._unreachable(place) from error

    async def _lets_in(self, client: AsyncWebClient, place: Place, seen: Any) -> bool:
        """Return whether a public channel can be posted in: by joining it, else without being a member."""
        try:
            await client.conversations_join(channel=place.channel)
        except SlackApiError as error:
            log.info("a channel could not be joined", error=code_of(error))
        except (ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(place) from error
        else:
            return True
        headers = {name.lower(): str(value) for name, value in seen.headers.items()}
        return "chat:write.public" in re.split(r"[,\s]+", headers.get("x-oauth-scopes", ""))

    async def _meaning(self, team: str, place: Place, error: SlackApiError) -> DeliveryError:
        if (code := code_of(error)) in UNINSTALLED:
            await self._forget(team)
        log.warning("Slack did not take a post", error=code or "no code", team=team, channel=place.channel)
        return delivery_error(error, place.shown, self._clock.now(), again=self._clients.again)

    async def _forget(self, team: str) -> None:
        try:
            await self._clients.dismissed(team)
        except StoreError as error:
            log.error("a dead installation could not be forgotten", team=team, error=error.message)  # noqa: TRY400

    def _error(self, place: Place, code: str) -> DeliveryError:
        return forbidden(code, place.shown or place.channel, self._clients.again)

    def _unreachable(self, place: Place) -> DeliveryForbidden:
        now = self._clock.now()
        return DeliveryForbidden(place.shown or place.channel, "Slack cannot be reached.", retry_at=now + SOON)

    def _known(self, team: str, key: str) -> Sent | None:
        held = self._sent.get((team, key))
        return held[1] if held is not None and self._clock.now() - held[0] < REMEMBERED else None

    def _remember(self, team: str, key: str, sent: Sent) -> Sent:
        self._sent[team, key] = (self._clock.now(), sent)
        self._sent.move_to_end((team, key))
        while len(self._sent) > _MOST:
            self._sent.popitem(last=False)
        return sent


def calling(message: SlackMessage, group: str) -> dict[str, Any]:
    """Return the arguments of a message that calls one user group, or none; empty blocks are left out."""
    payload = {name: value for name, value in message.payload().items() if value != []}
    if not group:
        return payload
    call = {"type": "rich_text_section", "elements": [{"type": "usergroup", "usergroup_id": group}]}
    blocks = [{"type": "rich_text", "elements": [call]}, *message.blocks][:50] if message.blocks else []
    return payload | {"text": f"<!subteam^{group}> {message.text}"} | ({"blocks": blocks} if blocks else {})


def _group(mention: str | None) -> str:
    if not mention or _GROUP.fullmatch(mention):
        return mention or ""
    log.warning("a mention that is no user group was left out")
    return ""


def _unknown(place: Place) -> DeliveryUnknown:
    where = place.shown or place.channel
    return DeliveryUnknown(where, f"Slack did not say whether the message arrived in {where}.")


class _Malformed(Exception):
    """Slack refuses our blocks."""

    def __init__(self, code: str, paths: list[str]) -> None:
        super().__init__(code)
        self.code, self.paths = code, paths


class _NotTaken(Exception):
    """A person takes no messages."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
