"""The use case behind `watch`: who wants to hear of whom, the judging of what was read, and what an alert says."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from core import figures, outbox
from core import watches_judged as judged
from core import watches_rows as rows
from core.backgrounds import Backgrounds, HistoryLike
from core.card import Card
from core.cards_alert import alert_card, trouble_card
from core.digests import Background, Move
from core.errors import ChannelGone, CloutError, DeliveryError, DeliveryForbidden, InputError
from core.explaining import end_of_day
from core.inert import inert
from core.intake_creators import tag_of
from core.messenger import Messenger, Place, Platform
from core.models import Clock, Post
from core.movement import Difference, steady
from core.outbox import Delivery, DeliveryState
from core.roster import Roster
from core.store import Store
from core.tables import AnyRow, creators, from_ms, handle_key, moment_or_none, to_ms
from core.tables_watches import watch_alerts
from core.tracking import Tracking
from core.watches import Alert, Listed, Rule, Watch, across
from core.watches_told import KIND, leave_unsaid, move, take_back

__all__ = ["Changed", "Listed", "Page", "SetUp", "Watch", "Watches"]

SHOWN = 10  # watches a page
WORDS_LIMIT = 300  # characters of a team's own text
SNOOZE_MOST = timedelta(days=90)
_TRIES = 3  # times an edit is applied again when somebody else was quicker
_WHY_BACK = timedelta(days=7)  # how far back an alert looks for reasons when no earlier day is known


@dataclass(frozen=True, slots=True)
class SetUp:
    """A watch that was set up, where its creator stands, and what follows.

    `already` says that it is true now, so that the next crossing is told; `known` that there was such a watch before;
    `tracked` that the creator is tracked from now on; `creators` counts those of a tag.
    """

    watch: Watch
    score: int | None = None
    state: str | None = None
    already: bool = False
    known: bool = False
    tracked: bool = False
    creators: int = 1


@dataclass(frozen=True, slots=True)
class Changed:
    """A watch before and after a change."""

    before: Watch
    after: Watch


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a team's watches, from 1; `of` is the creator or the tag that was asked for."""

    rows: tuple[Listed, ...]
    number: int
    pages: int
    total: int
    of: str | None = None


class Watches:
    """Watches of every team; one for the whole process. Methods raise StoreError when the database refuses.

    It follows the store as the roster does, and must be made after it. `messengers` are those of this process.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lookups: HistoryLike,
        tracking: Tracking,
        roster: Roster,
        messengers: Mapping[Platform, Messenger],
    ) -> None:
        self._db = store.database
        self._clock = clock
        self._manifests = lookups.manifests
        self._tracking = tracking
        self._roster = roster
        self._messengers = messengers
        self._backgrounds = Backgrounds(store, lookups)
        store.follow(self)

    # --- hearing of readings ------------------------------------------------------------------------------------------

    def attempted(self, conn: Connection, account_ids: Sequence[int], now: datetime) -> None:
        """Note, in the transaction that records a reading, whose watches are to be judged."""
        judged.note_due(conn, account_ids, now)

    def regrouped(self, conn: Connection, creator_id: int, now: datetime) -> None:
        """Note a creator that has other accounts from now on."""
        judged.note_creator(conn, creator_id, now)

    async def evaluate(self, now: datetime) -> int:
        """Judge everybody who was read since the last time, and make the alerts; return how many creators.

        Any number of processes may call it, at any time: each reading is judged once.
        """
        done = 0
        while taken := await self._db.write(judged.judge_due, now):
            done += taken
        return done

    # --- what people change -------------------------------------------------------------------------------------------

    async def add(
        self,
        team: str,
        *,
        rule: Rule,
        place: Place,
        creator: str | None = None,
        tag: str | None = None,
        mention: str | None = None,
        words: str | None = None,
        zone: str = "UTC",
        asker: str = "",
    ) -> SetUp:
        """Set a watch up; an unknown creator is looked up and tracked first, as `track` does.

        Raises what that raises, InputError for an unknown tag, LimitReached, DeliveryError where nothing can be posted.
        """
        named = await self._messenger(place).check(team, place)
        now = self._clock.now()
        draft = Watch(team=team, rule=rule, place=named, zone=zone, owner=asker, edited_by=asker, edited_at=now)
        draft = _applied(draft, None, mention, words)
        tracked, count = False, 1
        if tag is not None:
            draft = draft.model_copy(update={"tag": await self._known_tag(team, tag)})
            count = await self._roster.size(team, draft.tag)
        else:
            name = await self._tracking.known(team, creator or "")
            tracked = name is None
            if name is None:
                name = (await self._tracking.track(team, creator or "")).name
            creator_id = await self._db.read(rows.creator_of, team, handle_key(name))
            draft = draft.model_copy(update={"creator_id": creator_id, "name": name})
        made, known = await self._db.write(_add, draft, now)
        score, state, firm = await self._db.read(_stands, made)
        already = firm and score is not None and made.rule.kind in {"above", "below"}
        already = already and across(made.rule.kind, made.rule.threshold, score or 0)
        return SetUp(made, score, state, already, known, tracked, count)

    async def _known_tag(self, team: str, text: str) -> str:
        tag = tag_of(text)
        if await self._roster.size(team, tag):
            return tag
        known = ", ".join(await self._roster.tags(team, 10))
        said = f"Tags here: {known}." if known else "`track @name tag word` gives a creator one."
        raise InputError(f"No tracked creator bears the tag {tag}. {said}", field="tag")

    async def edit(
        self,
        team: str,
        number: int,
        *,
        rule: Rule | None = None,
        place: Place | None = None,
        mention: str | None = None,
        words: str | None = None,
        asker: str = "",
    ) -> Changed:
        """Change what is given; an empty role or text is taken away. Of two people at once the last one wins.

        Raises InputError, and DeliveryError for a place that cannot be posted in.
        """
        named = await self._messenger(place).check(team, place) if place is not None else None

        def changed(before: Watch) -> Watch:
            found = _applied(before, rule, mention, words)
            return found if named is None else found.model_copy(update={"place": named, "state": "on"})

        return await self._change(team, number, changed, asker)

    async def snooze(self, team: str, number: int, length: timedelta | None, *, asker: str) -> Changed:
        """Let a watch be silent for a while, or no longer (None). Raises InputError."""
        if length is not None and not timedelta(0) < length <= SNOOZE_MOST:
            raise InputError(f"A watch is snoozed for 1 hour to {SNOOZE_MOST.days} days: 1d, 1w.", field="length")
        until = None if length is None else self._clock.now() + length
        return await self._change(team, number, lambda one: one.model_copy(update={"snoozed_until": until}), asker)

    async def _change(self, team: str, number: int, changed: Callable[[Watch], Watch], asker: str) -> Changed:
        for _ in range(_TRIES):
            before, now = await self.one(team, number), self._clock.now()
            after = changed(before).model_copy(update={"edited_by": asker, "edited_at": now})
            if await self._db.write(_store, before, after, now):
                return Changed(before, after.model_copy(update={"version": before.version + 1}))
        raise InputError("Somebody else is changing this watch at the same moment. Try again.")

    async def remove(self, team: str, number: int) -> Watch:
        """Delete a watch for good; raises InputError."""
        found = await self.one(team, number)
        await self._db.write(rows.remove, found)
        return found

    # --- what people ask ----------------------------------------------------------------------------------------------

    async def one(self, team: str, number: int) -> Watch:
        """Return one of a team's watches; raises InputError for a number that none has."""
        found = await self._db.read(rows.by_number, team, number)
        if found is None:
            raise InputError(f"There is no watch {number}. `watches` lists them.", field="number")
        return found

    async def page(
        self, team: str, *, creator: str | None = None, tag: str | None = None, page: int = 1, size: int = SHOWN
    ) -> Page:
        """Return a page of a team's watches, of one creator or tag when it is given; the nearest one there is."""
        creator_id = None
        if creator is not None:
            name = await self._tracking.known(team, creator) or creator
            creator_id = await self._db.read(rows.creator_of, team, handle_key(name))
            if creator_id is None:
                return Page((), 1, 1, 0, creator)
        wanted = tag_of(tag) if tag is not None else None
        found, number, total = await self._db.read(rows.page, team, creator_id, wanted, page, size)
        return Page(tuple(found), number, max(1, -(-total // size)), total, creator or wanted)

    # --- what an alert says -------------------------------------------------------------------------------------------

    async def render(self, delivery: Delivery) -> tuple[Card, ...]:
        """Return what a delivery says; nothing when its watches are gone, or a move may be none."""
        found = await self._db.read(_told, delivery.key, delivery.team)
        told = [one for one in found if not await self._may_be_none(delivery.team, one)]
        held = [(one.watch.id, one.creator_id, to_ms(one.at)) for one in found if one not in told]
        if held:
            await self._db.write(take_back, held)
        if not told:
            return ()
        why, _ = await self._behind(delivery.team, told[0])
        return (alert_card(told, why, self._clock.now(), zone=delivery.zone, manifests=self._manifests),)

    async def _may_be_none(self, team: str, alert: Alert) -> bool:
        """Whether digests would call a move steady (core/movement.py), by the draws that the judging does not have."""
        if alert.news != "moved" or alert.before is None:
            return False
        _, spread = await self._behind(team, alert)
        return steady(alert.before, alert.score, least=alert.watch.rule.threshold, difference=spread)

    async def _behind(self, team: str, alert: Alert) -> tuple[Background, Difference | None]:
        before = alert.before if alert.before is not None else alert.score
        move = Move(creator_id=alert.creator_id, name=alert.name, before=before, after=alert.score)
        # to the end of that day, of which the reading is the last: stored moments are cut to milliseconds
        since = end_of_day(alert.before_at) if alert.before_at is not None else alert.at - _WHY_BACK
        return await self._backgrounds.of(team, move, since=since)

    # --- what became of it --------------------------------------------------------------------------------------------

    async def settled(
        self, delivery: Delivery, state: DeliveryState, error: CloutError | None
    ) -> tuple[str, Card] | None:
        """Note what became of an alert, and return whom to tell what: its owner, once, of what lasts."""
        if delivery.kind != KIND:
            return None
        found = {one.watch.id: one.watch for one in await self._db.read(_told, delivery.key, delivery.team)}
        if not found:
            return None
        if error is None:
            await self._db.write(rows.note, list(found), {"last_error": None, "told_at": None})
            return None
        found = {
            number: one for number, one in found.items() if one.place.where == delivery.place.where
        }  # others have moved on
        if not found:
            return None
        values: dict[str, datetime | str | None] = {"last_error": error.message}
        lasting = isinstance(error, ChannelGone) or (isinstance(error, DeliveryForbidden) and error.retry_at is None)
        first = next(iter(found.values()))
        if lasting:
            values["told_at"] = first.told_at or self._clock.now()
        if isinstance(error, ChannelGone):
            values["state"] = "gone"
        await self._db.write(rows.note, list(found), values)
        return (first.owner, trouble_card(first, error.message)) if lasting and first.told_at is None else None

    async def gone(self, team: str, channel: str) -> None:
        """Switch off what is told in a deleted channel, and tell each owner once."""
        for one in await self._db.write(_lost_channel, team, channel):
            messenger = self._messengers.get(one.place.platform)
            if messenger is not None and one.owner:
                with suppress(DeliveryError):  # who cannot be told reads it in `watches`
                    await messenger.tell(team, one.owner, trouble_card(one, "The channel was deleted."))

    def _messenger(self, place: Place) -> Messenger:
        messenger = self._messengers.get(place.platform)
        if messenger is None:
            raise InputError(f"Clout is not connected to {place.platform.title()} in this process, so it cannot post.")
        return messenger


def _applied(found: Watch, rule: Rule | None, mention: str | None, words: str | None) -> Watch:
    update: dict[str, object] = {}
    if rule is not None:
        update["rule"] = rule
    if mention is not None:
        update["mention"] = mention or None
    if words is not None:
        update["words"] = inert(words, WORDS_LIMIT) or None
    return found.model_copy(update=update)


def _add(conn: Connection, draft: Watch, now: datetime) -> tuple[Watch, bool]:
    """Store a watch, unless there is one like it, and note on which side everybody stands; one transaction."""
    known = rows.same(conn, draft)
    if known is not None:
        return known, True
    made = rows.add(conn, draft)
    _baseline(conn, made, now)
    return made, False


def _store(conn: Connection, before: Watch, after: Watch, now: datetime) -> bool:
    if not rows.change(conn, after, before.version):
        return False
    if after.place.where != before.place.where:
        move(conn, after.id, after.place)
    if after.rule != before.rule:
        leave_unsaid(conn, after.id)
        rows.unmark(conn, after.id)
        _baseline(conn, after, now)
    return True


def _baseline(conn: Connection, one: Watch, now: datetime) -> None:
    """Note where those stand whom a new watch is about: what is true already arms it for the next crossing."""
    for ids in rows.watched_creators(conn, one):
        judged.judge_creators(conn, ids, now, watch=one.id)


def _stands(conn: Connection, one: Watch) -> tuple[int | None, str | None, bool]:
    """Return the shown score that a watch of one creator waits upon, its state, and whether it is firm."""
    if one.creator_id is None:
        return None, None, False
    if one.rule.network is not None and one.rule.kind != "spike":
        found = judged.network_score(conn, one.creator_id, one.rule.network)
        return (None, None, False) if found is None else (figures.shown(found.score), "ok", True)
    c = creators.c
    row = conn.execute(select(c.score, c.state).where(c.id == one.creator_id)).one()
    return None if row.score is None else figures.shown(row.score), row.state, row.state == "ok"


def _told(conn: Connection, key: str, team: str) -> tuple[Alert, ...]:
    """Return what a message tells, the whole score's crossings first."""
    a, c = watch_alerts.c, creators.c
    wanted = select(watch_alerts, c.name.label("creator")).join(creators, c.id == a.creator_id)
    found = conn.execute(wanted.where(a.delivery == key, c.team == team).order_by(a.at, a.watch_id)).all()
    of = rows.by_ids(conn, [row.watch_id for row in found])
    alerts = [_alert(row, of[row.watch_id]) for row in found if row.watch_id in of]
    return tuple(sorted(alerts, key=lambda one: (one.post is not None, one.watch.rule.network or "")))


def _alert(row: AnyRow, watch: Watch) -> Alert:
    def shown(value: float | None) -> int | None:
        return None if value is None else figures.shown(value)

    return Alert(
        watch=watch,
        creator_id=row.creator_id,
        name=row.creator,
        news=row.news,
        at=from_ms(row.at),
        score=figures.shown(row.score),
        low=shown(row.low),
        high=shown(row.high),
        before=shown(row.before),
        before_at=moment_or_none(row.before_at),
        post=Post.model_validate_json(row.post) if row.post is not None else None,
        times=row.times,
    )


def _lost_channel(conn: Connection, team: str, channel: str) -> list[Watch]:
    found = rows.in_channel(conn, team, channel)
    for one in found:
        outbox.give_up(conn, KIND, one.id, "The channel was deleted.")
    rows.note(conn, [one.id for one in found], {"state": "gone", "last_error": "The channel was deleted."})
    return found
