"""Who moved: what a team's tracked creators amount to between two moments. Pure.

Every creator is in exactly one group, so that the groups add up to the number tracked. A change of the model is no
move, and neither is a network that stopped answering.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Literal, Protocol

from core import movement
from core.figures import shown
from core.models import ChartPoint, Model, Moment, Post
from core.readings import CARRY

SILENT_SHOWN, NEW_SHOWN = 5, 5  # named; of more only the number is said
STARTING_SHOWN = 10  # scores that a first digest names
FIRM = frozenset({"ok", "provisional"})  # the others say nothing about movement (SCORING 5)
WAITING = "waiting"  # the status of an account that was never read
QUIET_AFTER = timedelta(days=2)  # without a reading; a network that fails for an hour is no news
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ProblemLike(Protocol):
    """One account of a creator that brings nothing new, as `core.roster` knows it."""

    @property
    def network(self) -> str:
        """The network's name."""
        ...

    @property
    def status(self) -> str:
        """How it answers: one of core.models.Status, or `waiting` before its first reading."""
        ...

    @property
    def since(self) -> datetime | None:
        """Since when, where that is known."""
        ...

    @property
    def last_read(self) -> datetime | None:
        """When it was last read well."""
        ...


class RenamedLike(Protocol):
    """An account that bears another handle now, as `core.roster` knows it."""

    @property
    def network(self) -> str:
        """The network's name."""
        ...

    @property
    def before(self) -> str:
        """The handle it had."""
        ...

    @property
    def handle(self) -> str:
        """The handle it has."""
        ...

    @property
    def at(self) -> datetime:
        """When that was seen."""
        ...


class StandingLike(Protocol):
    """Where one tracked creator stands now and stood before in shown points, as `core.roster` knows it."""

    @property
    def creator_id(self) -> int:
        """The creator's id."""
        ...

    @property
    def name(self) -> str:
        """What the team calls the creator."""
        ...

    @property
    def tracked_since(self) -> datetime:
        """Since when the team tracks the creator."""
        ...

    @property
    def state(self) -> str | None:
        """How far the score may be trusted."""
        ...

    @property
    def score(self) -> int | None:
        """The score now, 1 to 100."""
        ...

    @property
    def at(self) -> datetime | None:
        """When it was computed."""
        ...

    @property
    def model_version(self) -> str | None:
        """The formula it was computed with."""
        ...

    @property
    def previous(self) -> int | None:
        """The firm score at the earlier moment."""
        ...

    @property
    def previous_model_version(self) -> str | None:
        """The formula that one was computed with."""
        ...

    @property
    def problems(self) -> Sequence[ProblemLike]:
        """Its accounts that bring nothing new."""
        ...

    @property
    def renamed(self) -> Sequence[RenamedLike]:
        """Its accounts that bear another handle now."""
        ...


class Move(Model):
    """A creator whose score moved, in shown points."""

    creator_id: int
    name: str
    before: int
    after: int
    state: str = "ok"

    @property
    def change(self) -> int:
        """The change in points."""
        return self.after - self.before


class Scored(Model):
    """A creator without an earlier score; `score` is None while there are too few posts."""

    name: str
    score: int | None
    state: str | None = "ok"


class Silent(Model):
    """A creator of whom a network brings no news, why, and since when."""

    name: str
    network: str
    status: str
    since: Moment | None = None


class NewName(Model):
    """A creator's account that bears another handle since this digest's beginning."""

    name: str
    network: str
    before: str
    handle: str


class Cause(Model):
    """One reason for a move: `name` is a row of the change ledger, `post` the post behind it where it was one."""

    name: str
    points: float
    post: Post | None = None


class Background(Model):
    """What is known about a creator that is shown: reasons for the move, its last post, its scores to be drawn."""

    causes: tuple[Cause, ...] = ()
    last_post_at: Moment | None = None
    points: tuple[ChartPoint, ...] = ()


class Digest(Model):
    """What one digest says about the time from `since` to `until`; `least` is the change that is told.

    `new` and `steady` to `waiting` count creators; with risers, fallers and silent ones they add up to `tracked`.
    `revised` have a score under another model than then, `unmatched` none then. `first` says that nobody has an
    earlier score. `middle` is the median of the firm scores, `middle_before` and `middle_after` those of the creators
    who have both.
    """

    since: Moment
    until: Moment
    least: int
    tracked: int = 0
    risers: tuple[Move, ...] = ()
    fallers: tuple[Move, ...] = ()
    newcomers: tuple[Scored, ...] = ()
    new: int = 0
    silent: tuple[Silent, ...] = ()
    renamed: tuple[NewName, ...] = ()
    steady: int = 0
    dormant: int = 0
    revised: int = 0
    unmatched: int = 0
    unscored: int = 0
    waiting: int = 0
    scored: int = 0
    starting: tuple[Scored, ...] = ()
    first: bool = False
    middle: float | None = None
    middle_before: float | None = None
    middle_after: float | None = None

    @property
    def moved(self) -> bool:
        """Whether there is anything that a channel that asked for silence wants to hear."""
        return bool(self.risers or self.fallers or (self.new and not self.first))


Group = Literal["new", "silent", "waiting", "unscored", "dormant", "revised", "unmatched", "steady", "moved"]
"""Each tracked creator is in one of them."""


Ranked = tuple[int, str, str | None, int | None]
"""What a creator is ranked by, its name, its state and its shown score."""


class Tally:
    """Counts standings as they come, in any order, so that a hundred thousand need no room at once."""

    def __init__(self, *, since: datetime, until: datetime, least: int = movement.LEAST) -> None:
        self._since, self._until, self._least = since, until, max(least, movement.LEAST)
        self._counts: Counter[Group] = Counter()
        self._moves: list[Move] = []
        self._new: list[Ranked] = []
        self._silent: list[Silent] = []
        self._renamed: list[NewName] = []
        self._firm: list[int] = []
        self._then: list[int] = []
        self._now: list[int] = []
        self._starting: list[Ranked] = []

    def add(self, standings: Iterable[StandingLike]) -> None:
        """Take creators in."""
        for one in standings:
            score, previous = one.score, one.previous  # computed when they are asked for
            group = self._group(one, score, previous)
            self._counts[group] += 1
            if group == "moved" and score is not None and previous is not None:
                move = Move(
                    creator_id=one.creator_id, name=one.name, before=previous, after=score, state=one.state or "ok"
                )
                self._moves.append(move)
            elif group == "new":
                self._new.append((score or 0, one.name, one.state, score))
            elif group == "silent":
                self._silent.append(_silent(one))
            self._renamed += _new_names(one, self._since, self._until)
            self._measure(one, score, previous)
        self._new = _highest(self._new, NEW_SHOWN)
        self._starting = [] if self._then else _highest(self._starting, STARTING_SHOWN)

    def _measure(self, one: StandingLike, score: int | None, previous: int | None) -> None:
        """Take a creator's firm scores into the medians."""
        if score is None or one.state not in FIRM:
            return
        self._firm.append(score)
        if not self._then:
            self._starting.append((score, one.name, one.state, score))
        if previous is not None and one.previous_model_version == one.model_version:
            self._then.append(previous)
            self._now.append(score)

    def _group(self, one: StandingLike, score: int | None, previous: int | None) -> Group:
        problems, state = one.problems, one.state
        if score is None and any(problem.status == WAITING for problem in problems):
            return "waiting"
        if one.tracked_since > self._since:
            return "new"
        if state == "stale" or any(map(self._lasting, problems)) or self._unread(one):
            return "silent"  # the score goes on with what was read last: neither steady nor a move
        if score is None or state == "insufficient":
            return "unscored"
        if state not in FIRM:
            return "dormant"
        if previous is None:
            return "unmatched"
        if one.previous_model_version != one.model_version:
            return "revised"
        return "steady" if movement.steady(previous, score, least=self._least) else "moved"

    def _unread(self, one: StandingLike) -> bool:
        """Whether nothing was read since the beginning, as where a network's limit is used up all week."""
        return one.at is not None and one.at <= self._since and self._until - one.at > QUIET_AFTER

    def _lasting(self, problem: ProblemLike) -> bool:
        """Whether an account has brought nothing for long enough to be named, and not yet left the score."""
        unread = problem.last_read is None or self._until - problem.last_read > QUIET_AFTER
        return unread and (problem.since is None or problem.since >= self._since - CARRY)

    def digest(self) -> Digest:
        """Return what was counted."""
        counts, first = self._counts, bool(self._firm) and not self._then and not self._counts["revised"]
        return Digest(
            since=self._since,
            until=self._until,
            least=self._least,
            tracked=counts.total(),
            risers=_ranked(move for move in self._moves if move.change > 0),
            fallers=_ranked(move for move in self._moves if move.change < 0),
            newcomers=_scored(self._new),
            new=counts["new"],
            silent=tuple(sorted(self._silent, key=lambda one: (one.name.casefold(), one.name))),
            renamed=tuple(self._renamed),
            steady=counts["steady"],
            dormant=counts["dormant"],
            revised=counts["revised"],
            unmatched=counts["unmatched"],
            unscored=counts["unscored"],
            waiting=counts["waiting"],
            scored=len(self._firm),
            starting=_scored(self._starting) if first else (),
            first=first,
            middle=median(self._firm) if self._firm else None,
            middle_before=median(self._then) if self._then else None,
            middle_after=median(self._now) if self._now else None,
        )


def digest_of(
    standings: Iterable[StandingLike], *, since: datetime, until: datetime, least: int = movement.LEAST
) -> Digest:
    """Return who moved among these creators."""
    tally = Tally(since=since, until=until, least=least)
    tally.add(standings)
    return tally.digest()


def _new_names(one: StandingLike, since: datetime, until: datetime) -> list[NewName]:
    names = [renamed for renamed in one.renamed if since <= renamed.at < until]
    return [NewName(name=one.name, network=n.network, before=n.before, handle=n.handle) for n in names]


def _ranked(moves: Iterable[Move]) -> tuple[Move, ...]:
    return tuple(sorted(moves, key=lambda move: (-abs(move.change), -move.after, move.name.casefold(), move.name)))


def _highest(found: list[Ranked], most: int) -> list[Ranked]:
    return sorted(found, key=lambda one: (-one[0], one[1].casefold(), one[1]))[:most]


def _scored(found: Iterable[Ranked]) -> tuple[Scored, ...]:
    return tuple(Scored(name=name, score=score, state=state) for _, name, state, score in found)


def _silent(one: StandingLike) -> Silent:
    if not one.problems:
        return Silent(name=one.name, network="", status="stale", since=one.at)
    newest = max(one.problems, key=lambda problem: (problem.since is not None, problem.since or _LONG_AGO))
    return Silent(name=one.name, network=newest.network, status=newest.status, since=newest.since)


def shown_moves(digest: Digest, top: int) -> tuple[Move, ...]:
    """Return the moves that a card names: the `top` largest each way."""
    return (*digest.risers[:top], *digest.fallers[:top])


def without(digest: Digest, held: Collection[int]) -> Digest:
    """Return the digest with some moves counted as steady, for they may be none."""
    risers = tuple(move for move in digest.risers if move.creator_id not in held)
    fallers = tuple(move for move in digest.fallers if move.creator_id not in held)
    gone = len(digest.risers) + len(digest.fallers) - len(risers) - len(fallers)
    return digest.model_copy(update={"risers": risers, "fallers": fallers, "steady": digest.steady + gone})


def middle_change(digest: Digest) -> int | None:
    """Return how the median of the creators with both scores moved in shown points; None without any."""
    if digest.middle_before is None or digest.middle_after is None:
        return None
    return shown(digest.middle_after) - shown(digest.middle_before)
