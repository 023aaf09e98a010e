"""The use case behind `clout score`: many creators from a file, each line scored or refused, nothing lost.

Lines hold the models' own JSON and are scored by the code that scores one creator. A line that is refused says why and
leaves the others alone; what is accepted though it looks odd is noted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from core.columns import Entry
from core.gains import gains
from core.inert import inert
from core.intake import Block, Raw, reread
from core.models import FollowerReading, Model, Moment, Part, Post, Profile, State
from core.scoring import STATES, Scores, columns_of, parts_of, score_many
from core.weights import CURRENT, Weights

NO_POSTS = "no posts"
UNSORTED = "posts in no order of time"
DUPLICATES = "duplicate post ids (the first counts)"
FUTURE = "dates in the future (taken at now)"
ELSEWHERE = "posts of another network (counted as the profile's)"
ESTIMATED = "running totals (the gain of 90 days is estimated)"

_FIELD_LIMIT = 80  # characters of a field's name that are told; a stranger wrote it


class CreatorLine(Model):
    """One account to score: what one fetch brought, as of `now`; `earlier` are older follower readings."""

    id: str | Annotated[int, Field(strict=True)]
    profile: Profile
    posts: tuple[Post, ...]
    now: Moment
    earlier: tuple[FollowerReading, ...] | None = None
    complete_from: Moment | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not scored; `field` is where the fault lies, None when the line as a whole is unreadable."""

    line: int
    error: str
    field: str | None

    def json(self) -> dict[str, Any]:
        """Return the line written for it, keys in their fixed order."""
        return {"line": self.line, "error": self.error, "field": self.field}


@dataclass(frozen=True, slots=True)
class Scored:
    """A line's score, 1 to 100 with its 90 % range, all None in state `insufficient`; `notes` say what was odd."""

    line: int
    id: str | int
    state: State
    score: float | None
    low: float | None
    high: float | None
    parts: tuple[Part, ...]
    model_version: str
    notes: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """Return the line written for it, keys in their fixed order."""
        return {
            "id": self.id,
            "state": self.state,
            "score": self.score,
            "range": None if self.low is None else [self.low, self.high],
            "parts": [part.model_dump() for part in self.parts],
            "model_version": self.model_version,
        }


@dataclass(slots=True)
class Tally:
    """What a run came to, gathered while it goes on: how many lines, and of each note how many and where first."""

    scored: int = 0
    refused: int = 0
    noted: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, outcome: "Scored | Refused") -> None:
        """Count one more line."""
        if isinstance(outcome, Refused):
            self.refused += 1
            return
        self.scored += 1
        for note in outcome.notes:
            count, first = self.noted.get(note, (0, outcome.line))
            self.noted[note] = (count + 1, first)

    def lines(self) -> Iterator[str]:
        """Say it in words, a line for the whole and one for each note."""
        refused = f", {self.refused:,} refused" if self.refused else ""
        whole = self.scored + self.refused
        yield f"{whole:,} {'line' if whole == 1 else 'lines'}: {self.scored:,} scored{refused}"
        for note, (count, first) in self.noted.items():
            yield f"noted: {note}, {count:,} {'line' if count == 1 else 'lines'}, first line {first:,}"


def score_blocks(
    blocks: Iterable[Block], *, interval: bool = True, weights: Weights = CURRENT
) -> Iterator[tuple[list[Scored | Refused], int]]:
    """Score block after block; each comes back as its outcomes, in the order of the lines, and its size."""
    for block in blocks:
        yield score_lines(block.lines, interval=interval, weights=weights), block.size


def score_lines(
    lines: Iterable[tuple[int, Raw]], *, interval: bool = True, weights: Weights = CURRENT
) -> list[Scored | Refused]:
    """Score some numbered lines together; a line that cannot be read becomes Refused in its place."""
    read = [(number, read_line(number, raw)) for number, raw in lines]
    fit = [line for _, line in read if isinstance(line, CreatorLine)]
    ready = [_entry(line) for line in fit]
    columns = columns_of([entry for entry, _ in ready], estimated=[guessed for _, guessed in ready], weights=weights)
    scores = score_many(columns, weights=weights, interval=interval)
    rows = iter(range(len(fit)))
    return [
        line if isinstance(line, Refused) else _scored(number, line, scores, next(rows), weights)
        for number, line in read
    ]


def _entry(line: CreatorLine) -> tuple[Entry, bool]:
    """Return what is scored, and whether it is an estimate: running totals become what they gained (SCORING 3)."""
    posts: Sequence[Post] = line.posts
    guessed = False
    if any(post.opened_at is not None for post in posts):
        gained = gains(posts, {}, line.now)
        posts, guessed = gained.posts, gained.estimated
    return (line.profile, posts, line.now, line.complete_from, line.earlier or ()), guessed


def _scored(number: int, line: CreatorLine, scores: Scores, row: int, weights: Weights) -> Scored:
    state = STATES[scores.state[row]]
    told = state != "insufficient"
    low, high = float(scores.low[row]), float(scores.high[row])
    return Scored(
        line=number,
        id=line.id,
        state=state,
        score=float(scores.s[row]) if told else None,
        low=low if low == low else None,
        high=high if high == high else None,
        parts=parts_of(scores, row) if told else (),
        model_version=weights.model_version,
        notes=tuple(_notes(line)),
    )


def _notes(line: CreatorLine) -> Iterator[str]:
    created = [post.created_at for post in line.posts]
    if not created:
        yield NO_POSTS
        return
    if not _in_time(created):
        yield UNSORTED
    if len({post.native_id for post in line.posts}) < len(created):
        yield DUPLICATES
    if max(created) > line.now:
        yield FUTURE
    if any(post.network != line.profile.network for post in line.posts):
        yield ELSEWHERE
    if any(post.opened_at is not None for post in line.posts):
        yield ESTIMATED


def _in_time(created: Sequence[datetime]) -> bool:
    newest_first = created[0] >= created[-1]
    return all((one >= two) is newest_first or one == two for one, two in pairwise(created))


# --- reading a line ---------------------------------------------------------------------------------------------------

_LINE = TypeAdapter(CreatorLine)

_FAULTS = {
    "int_type": "must be a whole number: no fraction, no NaN, nothing in quotes",
    "int_parsing_size": "is larger than any count can be",
    "greater_than_equal": "must be zero or more",
    "less_than_equal": "is larger than any count can be",
    "timezone_aware": "needs a time zone, for example 2026-11-22T12:00:00Z",
    "missing": "is missing",
    "extra_forbidden": "is not known here; check its spelling",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "datetime_from_date_parsing": "is no date and time, for example 2026-11-22T12:00:00Z",
    "datetime_parsing": "is no date and time, for example 2026-11-22T12:00:00Z",
    "datetime_type": "is no date and time, for example 2026-11-22T12:00:00Z",
    "literal_error": "is none of the words allowed here",
}


def read_line(number: int, raw: Raw) -> CreatorLine | Refused:
    """Return a line as a model, or what is wrong with it first; figures such as 12.0 pass as whole numbers."""
    if raw is None:
        return Refused(number, "The line is too long.", None)
    if isinstance(raw, bytes) and not raw.strip():
        return Refused(number, "The line is empty.", None)
    try:
        return _validated(raw)
    except ValidationError as err:
        return _refused(number, dict(err.errors(include_url=False, include_input=False)[0]))


def _validated(raw: bytes | dict[str, Any]) -> CreatorLine:
    if not isinstance(raw, bytes):
        return _LINE.validate_python(raw)
    try:
        return _LINE.validate_json(raw.strip())  # a line break would move the place of a fault
    except ValidationError as err:
        faults = {fault["type"] for fault in err.errors(include_url=False, include_input=False)}
        if "int_type" not in faults or "int_parsing_size" in faults:
            raise
    return _LINE.validate_python(reread(raw))


def _refused(number: int, fault: Mapping[str, Any]) -> Refused:
    if fault["type"] == "json_invalid":
        fault_at = str(fault["ctx"]["error"]).replace(" at line 1 column", " at column")  # a line is all there is
        return Refused(number, f"Broken JSON: {fault_at}.", None)
    place = _place(fault["loc"])
    what = _FAULTS.get(fault["type"]) or f"does not fit: {fault['msg']}"
    if place == "id" and fault["type"] == "string_type":
        what = "must be text or a whole number"
    return Refused(number, f"{place or 'The line'} {what}.", place or None)


def _place(loc: tuple[int | str, ...]) -> str:
    """Write a place as people write it: posts[3].likes."""
    steps = loc[:1] if loc[:1] == ("id",) else loc
    joined = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return inert(joined.removeprefix("."), _FIELD_LIMIT)
