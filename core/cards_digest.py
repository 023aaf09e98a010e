"""The digest: who moved and why, who is new, of whom there is no news, and the movers' picture."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from core import figures
from core.card import (
    Block,
    Button,
    Card,
    Column,
    Fact,
    Headline,
    Line,
    Lines,
    Notes,
    Style,
    Table,
    TableRow,
    Tone,
    at,
    joined,
    line,
    plain,
    text,
)
from core.cards_delivery import moment_span, place_span
from core.cards_why import CHANGES
from core.digests import (
    NEW_SHOWN,
    SILENT_SHOWN,
    STARTING_SHOWN,
    Background,
    Cause,
    Digest,
    Move,
    Scored,
    Silent,
    middle_change,
    shown_moves,
)
from core.models import ChartPoint, ChartSeries, ChartSpec, Model, Moment
from core.naming import Manifests, handle_span, label, post_url
from core.schedules import Cadence

LINES_DRAWN = 6  # movers in the picture: more lines cannot be told apart
PICTURE_OF = timedelta(weeks=12)
CARD_MOVES, PART_MOVES = 12, 20  # movers on the card itself, and on each further part in its thread
_CAUSES = 2  # reasons beside one mover
_LEAST_CAUSE = 0.1  # points: a smaller reason says nothing beside a move of 2
_NO_POST_FOR = timedelta(days=14)  # from then on a fall is told by the silence, not by the ledger
_SPAN: Mapping[Cadence, str] = {"weekly": "this week", "daily": "today", "monthly": "this month"}
_BEFORE: Mapping[Cadence, str] = {"weekly": "week", "daily": "day", "monthly": "month"}
_STATUS: Mapping[str, str] = {
    "not_configured": "not set up here",
    "needs_owner_consent": "needs its owner",
    "not_found_or_not_eligible": "not found",
    "private": "private",
    "suspended": "suspended",
    "permission_missing": "permission missing",
    "rate_limited": "limit reached",
    "token_expired": "needs its owner again",
    "upstream_error": "did not answer",
    "stale": "not read lately",
}
_STATE: Mapping[str | None, str] = {"provisional": " (provisional)"}


class Frame(Model):
    """Where and when a digest is posted, and by which subscription.

    `days` are the first and last local date it reports on; `remarks` are notes of our own, a test's mark for one.
    """

    number: int
    place: str
    cadence: Cadence
    days: tuple[date, date]
    zone: str
    top: int
    now: Moment
    next_at: Moment | None = None
    remarks: tuple[str, ...] = ()


def digest_cards(
    found: Digest, backgrounds: Mapping[int, Background], frame: Frame, manifests: Manifests
) -> tuple[Card, ...]:
    """Return the digest, and further parts for its thread where more movers are named than fit on one card."""
    moves = _Rows(backgrounds, frame, manifests)
    up, down = found.risers[: frame.top], found.fallers[: frame.top]
    own, rest = _split(up, down)
    title = line(text(f"Influence {_SPAN[frame.cadence]}", "strong"))
    headline = Headline(
        cells=(title, line(_days(frame)), line(place_span(frame.place))),
        aside=line(_whole(found, frame)),
    )
    card = Card(
        kind="digest",
        tone=_tone(up, down),
        title=line(*title, f" · {_days(frame)}"),
        blocks=(headline, *_body(found, own, moves, frame, manifests), _notes(found, frame)),
        buttons=_buttons(frame.number),
        chart=_picture(shown_moves(found, frame.top), backgrounds, frame),
    )
    parts = [rest[start : start + PART_MOVES] for start in range(0, len(rest), PART_MOVES)]
    return (card, *(_part(part, moves, frame) for part in parts))


def preview_card(cards: Sequence[Card]) -> Card:
    """Return a digest as the one card its asker sees before anybody else does: its thread stands below, paged."""
    first, further = cards[0], cards[1:]
    if not further:
        return first
    rows = [row for part in further for block in part.blocks if isinstance(block, Table) for row in block.rows]
    said = line(f"In its thread: {figures.counted(len(rows), 'more mover')}")
    thread = (Lines(facts=(Fact(line=said),)), Table(columns=(Column(title=""),) * 3, rows=tuple(rows)))
    return first.model_copy(update={"blocks": (*first.blocks[:-1], *thread, *first.blocks[-1:])})


def _split(up: Sequence[Move], down: Sequence[Move]) -> tuple[Sequence[Move], Sequence[Move]]:
    """Return the movers of the card and those of its further parts; both directions have their share of the card."""
    if len(up) + len(down) <= CARD_MOVES:
        return (*up, *down), ()
    half = CARD_MOVES // 2
    rise = min(len(up), max(half, CARD_MOVES - len(down)))
    fall = CARD_MOVES - rise
    return (*up[:rise], *down[:fall]), (*up[rise:], *down[fall:])


def _tone(up: Sequence[Move], down: Sequence[Move]) -> Tone:
    whole = sum(move.change for move in (*up, *down))
    return "up" if whole > 0 else "down" if whole < 0 else "flat"


def _buttons(number: int) -> tuple[Button, ...]:
    which = (("number", str(number)),)
    return (
        Button(label="Status", command="digest-status", arguments=which),
        Button(label="Edit", command="digest-edit", arguments=which),
        Button(label="Pause", command="digest-pause", arguments=which),
    )


# --- the whole --------------------------------------------------------------------------------------------------------


def _days(frame: Frame) -> str:
    """Return `16 to 22 Nov`, `30 Nov to 6 Dec` or one date."""
    first, last = (_noon(day, frame.zone) for day in frame.days)
    end = figures.day(last, frame.zone, now=frame.now)
    if frame.days[0] == frame.days[1]:
        return end
    start = figures.day(first, frame.zone, now=frame.now)
    same_month = frame.days[0].replace(day=1) == frame.days[1].replace(day=1)
    return f"{frame.days[0].day if same_month else start} to {end}"


def _noon(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(12), tzinfo=figures.zone_of(zone)[0])


def _whole(found: Digest, frame: Frame) -> str:
    said = f"{figures.count(found.tracked)} tracked"
    if found.middle is None:
        return said
    change = middle_change(found)
    words = {None: "", 0: " (steady)"}.get(change)
    if words is None:
        words = f" ({figures.UP if (change or 0) > 0 else figures.DOWN} {abs(change or 0)})"
    return f"{said}, median {figures.shown(found.middle)}{words}"


def _body(found: Digest, own: Sequence[Move], moves: "_Rows", frame: Frame, manifests: Manifests) -> tuple[Block, ...]:
    if not found.tracked:
        words = (
            "Nobody is tracked yet. `track @handle` adds a creator, and the next digest shows where each one stands."
        )
        return (Lines(facts=(Fact(line=line(words)),)),)
    facts = [] if own or found.first else [Fact(line=line(_nothing(found)))]
    if found.first:
        facts.append(Fact(line=line(f"No previous {_BEFORE[frame.cadence]} yet: these are the starting scores.")))
    table = (moves.table(own),) if own else (_starting(found.starting),) if found.starting else ()
    facts += [
        Fact(line=one)
        for one in (_counts(found, frame), _silence(found, frame, manifests), _renamed(found, manifests))
        if one
    ]
    lines = (Lines(facts=tuple(facts)),) if facts else ()
    return (*lines, *table) if found.first else (*table, *lines)


def _nothing(found: Digest) -> str:
    return f"Nobody moved by {figures.counted(found.least, 'point')} or more."


def _counts(found: Digest, frame: Frame) -> Line:
    """Return `● 35 steady · 2 new: @mara 37, @tiko 29 (provisional)` and whoever else is in no other line."""
    more_up = max(0, len(found.risers) - frame.top)
    more_down = max(0, len(found.fallers) - frame.top)
    numbers = (
        (more_up, "more up"),
        (more_down, "more down"),
        (found.steady, "steady"),
        (found.dormant, "without a recent post"),
        (found.unscored, "with too few posts for a score"),
        (found.unmatched, "without an earlier score to compare with"),
        (found.waiting, "not read yet"),
        (found.revised, "scored by a new model"),
    )
    said = [line(f"{figures.count(number)} {words}") for number, words in numbers if number]
    new = () if found.first else found.newcomers
    if new:
        names = joined([_scored(one) for one in new[:NEW_SHOWN]], ", ")
        rest = f" and {figures.count(found.new - NEW_SHOWN)} more" if found.new > NEW_SHOWN else ""
        said.append(line(f"{figures.count(found.new)} new: ", *names, rest))
    return line(f"{figures.STEADY} ", *joined(said)) if said else ()


def _scored(one: Scored) -> Line:
    number = "no score yet" if one.score is None else f"{figures.shown(one.score)}{_STATE.get(one.state, '')}"
    return line(handle_span(one.name), f" {number}")


def _silence(found: Digest, frame: Frame, manifests: Manifests) -> Line:
    if not found.silent:
        return ()
    named = joined(_silent(one, frame, manifests) for one in found.silent[:SILENT_SHOWN])
    rest = len(found.silent) - SILENT_SHOWN
    return line("No news from ", *named, f" · and {figures.count(rest)} more" if rest > 0 else "")


def _renamed(found: Digest, manifests: Manifests) -> Line:
    """Return whose account bears another handle now."""
    if not found.renamed:
        return ()
    named = joined(
        line(handle_span(one.handle), f" on {label(one.network, manifests)} was ", handle_span(one.before))
        for one in found.renamed[:SILENT_SHOWN]
    )
    rest = len(found.renamed) - SILENT_SHOWN
    return line("New names: ", *named, f" · and {figures.count(rest)} more" if rest > 0 else "")


def _silent(one: Silent, frame: Frame, manifests: Manifests) -> Line:
    network = f"{label(one.network, manifests)} " if one.network else ""
    status = _STATUS.get(one.status, "no news")
    since = (
        ("",)
        if one.since is None
        else (" since ", at(one.since, figures.day(one.since, frame.zone, now=frame.now), "date"))
    )
    return line(handle_span(one.name), f" ({network}{status}", *since, ")")


def _starting(scored: Sequence[Scored]) -> Table:
    rows = tuple(
        TableRow(
            cells=(
                line(handle_span(one.name, strong=True)),
                line(str(figures.shown(one.score)) if one.score is not None else ""),
                line(figures.band(one.score) + _STATE.get(one.state, "") if one.score is not None else ""),
            )
        )
        for one in scored[:STARTING_SHOWN]
    )
    return Table(columns=(Column(title=""), Column(title="", align="right"), Column(title="")), rows=rows)


def _notes(found: Digest, frame: Frame) -> Notes:
    lines = [line(remark) for remark in frame.remarks]
    if found.first and found.scored > STARTING_SHOWN:
        lines.append(line(f"The {STARTING_SHOWN} highest of {figures.count(found.scored)} scores"))
    if found.revised:
        lines.append(line("A new model scores from now on; a change of the model is no move"))
    if found.risers or found.fallers:
        lines.append(line("A post's figure is what the score would lose without it"))
    if frame.next_at is not None:
        lines.append(line("Next ", moment_span(frame.next_at, frame.now, frame.zone)))
    return Notes(lines=tuple(lines) or (line("Scores of 1 to 100, from public reactions"),))


# --- the movers -------------------------------------------------------------------------------------------------------


class _Rows:
    """Writes the lines of movers."""

    def __init__(self, backgrounds: Mapping[int, Background], frame: Frame, manifests: Manifests) -> None:
        self._backgrounds = backgrounds
        self._frame = frame
        self._manifests = manifests

    def table(self, moves: Sequence[Move]) -> Table:
        columns = (Column(title=""), Column(title=""), Column(title=""))
        return Table(columns=columns, rows=tuple(self._row(move) for move in moves))

    def _row(self, move: Move) -> TableRow:
        up = move.change > 0
        style: Style = "up" if up else "down"
        sign = text(f"{figures.UP if up else figures.DOWN} ", style)
        scores = f"{figures.shown(move.before)} to {figures.shown(move.after)}{_STATE.get(move.state, '')}"
        known = self._backgrounds.get(move.creator_id, Background())
        cells = (line(sign, handle_span(move.name, strong=True)), line(scores), self._reasons(move, known))
        return TableRow(cells=cells)

    def _reasons(self, move: Move, known: Background) -> Line:
        silent = known.last_post_at is not None and self._frame.now - known.last_post_at >= _NO_POST_FOR
        if move.change < 0 and silent and known.last_post_at is not None:
            date_of = figures.day(known.last_post_at, self._frame.zone, now=self._frame.now)
            return line("no post since ", at(known.last_post_at, date_of, "date"))
        way = 1 if move.change > 0 else -1
        told = [cause for cause in known.causes if cause.points * way >= _LEAST_CAUSE]
        told.sort(key=lambda cause: -abs(cause.points))
        return joined(self._cause(cause) for cause in told[:_CAUSES])

    def _cause(self, cause: Cause) -> Line:
        points = f" {figures.signed(cause.points)}"
        if cause.post is None:
            return line(CHANGES.get(cause.name, cause.name), points)  # type: ignore[call-overload]
        post, frame = cause.post, self._frame
        link = text(label(post.network, self._manifests), url=post_url(post, self._manifests.get(post.network)))
        day = at(post.created_at, figures.day(post.created_at, frame.zone, now=frame.now), "date")
        return line(link, " post of ", day, points)


def _part(moves: Sequence[Move], rows: _Rows, frame: Frame) -> Card:
    title = line(text("More movers", "strong"), f" · {_days(frame)}")
    whole = sum(move.change for move in moves)
    tone: Tone = "up" if whole > 0 else "down" if whole < 0 else "flat"
    return Card(kind="digest", tone=tone, title=title, blocks=(Headline(cells=(title,)), rows.table(moves)))


# --- the picture ------------------------------------------------------------------------------------------------------


def _picture(moves: Iterable[Move], backgrounds: Mapping[int, Background], frame: Frame) -> ChartSpec | None:
    """Return the lines of those who moved most, over 12 weeks; None where nobody has two points."""
    ranked = sorted(moves, key=lambda move: -abs(move.change))
    drawn = [(move, weekly(backgrounds[move.creator_id].points)) for move in ranked if move.creator_id in backgrounds]
    drawn = [(move, points) for move, points in drawn if len(points) > 1][:LINES_DRAWN]
    if not drawn:
        return None
    series = tuple(
        ChartSeries(
            name=plain(line(handle_span(move.name))),
            points=points,
        )
        for move, points in drawn
    )
    said = "; ".join(
        f"{one.name} {figures.shown(move.before)} to {figures.shown(move.after)}"
        for one, (move, _) in zip(series, drawn, strict=True)
    )
    alt = f"Who moved {_SPAN[frame.cadence]}, with 12 weeks of scores: {said}."
    return ChartSpec(series=series, title=f"Who moved {_SPAN[frame.cadence]}", alt=alt, zone=frame.zone)


def weekly(points: Sequence[ChartPoint]) -> tuple[ChartPoint, ...]:
    """Return the last point of each week before the newest one, oldest first: what a picture of 12 weeks needs."""
    if not points:
        return ()
    ordered = sorted(points, key=lambda point: point.at)
    newest = ordered[-1].at
    last_of = {(newest - point.at) // timedelta(days=7): point for point in ordered if newest - point.at <= PICTURE_OF}
    return tuple(last_of[week] for week in sorted(last_of, reverse=True))
