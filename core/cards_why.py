"""The statement: where every point of a score comes from, and row by row why it moved."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

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
    at,
    joined,
    line,
    text,
)
from core.cards_history import tone_of
from core.cards_patterns import patterns_table
from core.cards_remarks import CAUTION
from core.changes import ChangeLedger, ChangeRow, PostChange, RowName
from core.context import Outreach, PeerRate, assumed
from core.explain import Explanation, printed_changes, printed_points
from core.ledger import NetworkStatement, PointLedger
from core.models import PARTS, PartName
from core.naming import Manifests, handle_span, label, noun_of_posts, plural, post_url

NOT_GIVEN = "not given"

_PARTS: Mapping[PartName, str] = MappingProxyType(
    {
        "volume": "reactions a post",
        "amplification": "shares a post",
        "audience": "audience that reacts",
        "rate": "against creators of the size",
        "consistency": "weeks with a post",
        "growth": "follower growth",
    }
)
CHANGES: Mapping[RowName, str] = MappingProxyType(
    {
        "ageing": "posts that grew older or left",
        "later_counts": "later reactions on earlier posts",
        "new_posts": "new posts",
        "followers": "followers",
        "networks": "networks added or removed",
        "authenticity": "unusual patterns",
        "model_version": "new model",
        "small_changes": "small changes",
    }
)
"""What each row of a change ledger is called."""

_SUB_SCORES = (
    "The card's figures of 0 to 100: Reach, the audience that reacts; Resonance, reactions a post and against the "
    "size; Amplification, shares; Consistency, weeks with a post; Growth, followers (50 is level)"
)
_POSTS_A_ROW = 3  # of the five with most leverage: more do not fit beside the row


class Basis(NamedTuple):
    """What every part of the statement is written from."""

    why: Explanation
    now: datetime
    zone: str
    manifests: Manifests


def why_card(why: Explanation, now: datetime, *, zone: str, manifests: Manifests | None = None) -> Card:
    """Return the statement of an explanation; `zone` is the reader's, by IANA name."""
    basis = Basis(why, now, zone, manifests or {})
    handle = why.reading.handle
    creator = (("creator", handle),)
    if why.points is None:
        head = Headline(cells=(line(handle_span(handle, strong=True)), line("no score yet, so no points to explain")))
        blocks: tuple[Block, ...] = (head, *_notes(basis))
    else:
        head = _headline(basis, why.points)
        blocks = (head, _statement(basis, why.points), *_context(basis), *_changes(basis), *_notes(basis))
    return Card(
        kind="why",
        tone=tone_of(_shown_change(why.change)) if why.change is not None else "flat",
        title=joined(head.cells[:2], " "),
        blocks=blocks,
        buttons=(
            Button(label="Card", command="influence", arguments=creator),
            Button(label="History", command="history", arguments=creator),
            Button(label="Compare", command="compare", arguments=(("creators", handle),)),
        ),
    )


def _shown_change(change: ChangeLedger) -> int:
    return figures.shown(change.after) - figures.shown(change.before)


# --- points -----------------------------------------------------------------------------------------------------------


def _headline(basis: Basis, ledger: PointLedger) -> Headline:
    """Return `@glow   62 = 1 + 61.0 points`, or where rounding shows, that the sum was rounded."""
    points, penalty = printed_points(ledger)
    gained = sum(points.values(), Decimal(0))
    whole = figures.shown(ledger.score)
    joint = " = " if 1 + gained + penalty == whole else ", rounded from "
    said = line(text(str(whole), "strong"), f"{joint}1 + {figures.one_decimal(float(gained))} points")
    if penalty:
        less = figures.one_decimal(float(-penalty))
        said = line(*said, f" − {less} for unusual patterns")
    who = line(handle_span(basis.why.reading.handle, strong=True))
    cells = [who, said]
    if ledger.state != "ok":
        cells.append(line(text(ledger.state, "warn")))
    aside: Line = ()
    if ledger.apart:
        aside = line(f"{label(ledger.networks[0].network, basis.manifests)}'s own score, part of no total")
    return Headline(cells=tuple(cells), aside=aside)


def _statement(basis: Basis, ledger: PointLedger) -> Table:
    """Return a row a part with a column a network; each column adds up to its last row as printed."""
    points, penalty = printed_points(ledger)
    networks = ledger.networks
    rows = [_part_row(part, networks, points) for part in PARTS if any(n.row(part) for n in networks)]
    sums = [sum((points[at, row.part] for row in one.rows), Decimal(0)) for at, one in enumerate(networks)]
    rows.append(TableRow(cells=(line("in all"), *(line(text(_points(value), "strong")) for value in sums))))
    if penalty:
        rows.append(TableRow(cells=(line("unusual patterns"), line(text(figures.signed(float(penalty)), "down")))))
    titles = _titles(networks, basis.manifests)
    columns = (Column(title=""), *(Column(title=title, align="right") for title in titles), Column(title=""))
    return Table(columns=columns, rows=tuple(rows), heads=True)


def _titles(networks: Sequence[NetworkStatement], manifests: Manifests) -> list[str]:
    """Return each network's name, numbered where a creator has two accounts on one."""
    names = [label(one.network, manifests) for one in networks]
    counts = [names[: at + 1].count(name) for at, name in enumerate(names)]
    return [f"{n} {c}" if names.count(n) > 1 else n for n, c in zip(names, counts, strict=True)]


def _points(value: Decimal) -> str:
    return figures.one_decimal(float(value))


def _part_row(
    part: PartName, networks: Sequence[NetworkStatement], points: Mapping[tuple[int, PartName], Decimal]
) -> TableRow:
    cells = []
    for at_, network in enumerate(networks):
        known = network.row(part) is not None
        cells.append(line(_points(points[at_, part])) if known else line(text(NOT_GIVEN, "quiet")))
    return TableRow(cells=(line(_PARTS[part]), *cells, line(_stands_on(part, networks))))


def _stands_on(part: PartName, networks: Sequence[NetworkStatement]) -> str:
    """Return the raw figures of a part, one a network in the order of the columns."""
    match part:
        case "volume":
            posts = " + ".join(str(network.posts) for network in networks)
            one = len(networks) == 1 and networks[0].posts == 1
            many = noun_of_posts(networks[0].network) if one else _noun(networks)
            return f"typical {_each(part, 'typical_weighted', networks)} weighted, on {posts} {many}"
        case "amplification":
            return f"typical {_each(part, 'typical_shares', networks)}"
        case "audience":
            return f"{_each(part, 'followers', networks)} followers"
        case "rate":
            return f"{_times(networks)} times {_usual(networks)}"
        case "consistency":
            return f"{_shares(networks)} of the days within a week of a post"
        case "growth":
            return _growth(networks)


def _noun(networks: Sequence[NetworkStatement]) -> str:
    nouns = {noun_of_posts(network.network) for network in networks}
    return plural(nouns.pop()) if len(nouns) == 1 else "posts"


def _figures(part: PartName, name: str, networks: Sequence[NetworkStatement]) -> list[float]:
    found = (row.inputs.get(name) for network in networks if (row := network.row(part)) is not None)
    return [value for value in found if value is not None]


def _each(part: PartName, name: str, networks: Sequence[NetworkStatement]) -> str:
    return ", ".join(figures.count(value) for value in _figures(part, name, networks))


def _times(networks: Sequence[NetworkStatement]) -> str:
    said = []
    for network in networks:
        row = network.row("rate")
        if row is None:
            continue
        followers, expected = row.inputs.get("followers"), row.inputs.get("expected_rate")
        reactions = row.inputs.get("typical_reactions")
        if followers and expected and reactions is not None:
            said.append(figures.one_decimal(reactions / (expected * followers)))
    return ", ".join(said) if said else "no"


def _usual(networks: Sequence[NetworkStatement]) -> str:
    rated = [assumed(network.network) for network in networks if network.row("rate") is not None]
    if all(rated):
        return "the assumed reactions"
    return "the usual reactions, partly assumed" if any(rated) else "the usual reactions"


def _shares(networks: Sequence[NetworkStatement]) -> str:
    return ", ".join(f"{figures.shown(value * 100)} %" for value in _figures("consistency", "active_share", networks))


def _growth(networks: Sequence[NetworkStatement]) -> str:
    grown = _figures("growth", "growth_30d", networks)
    if not grown:
        return "not known yet, counted as none"
    said = ", ".join(f"{figures.signed(value * 100)} %" for value in grown)
    return f"{said} in 30 days" + ("" if len(grown) == len(networks) else ", else not known yet")


# --- what the score is read beside ------------------------------------------------------------------------------------


def _context(basis: Basis) -> tuple[Block, ...]:
    why = basis.why
    ledger = why.points
    lines = [_peer(peer, basis.manifests) for peer in why.peers]
    lines.append(_weekly(basis))
    lines.append(_outreach(why.outreach, basis.manifests))
    facts = Lines(facts=tuple(Fact(line=one) for one in lines if one))
    found = ledger.flags if ledger is not None else ()
    return (facts, patterns_table(found, ledger.penalty)) if found and ledger is not None else (facts,)


def _peer(peer: PeerRate, manifests: Manifests) -> Line:
    said = f"{label(peer.network, manifests)}: {figures.percent(peer.rate)} of followers react to a post, "
    times = figures.one_decimal(peer.times)
    if peer.assumed:
        rate = figures.percent(peer.expected)
        return line(f"{said}{times} times the {rate} assumed for this size · no public benchmark of creators there")
    return line(f"{said}{times} times {_tier(peer)} · usual rate: ", text(peer.source, "quiet", peer.address))


def _tier(peer: PeerRate) -> str:
    if peer.tier is None or peer.followers_from is None:
        return "creators of this size"
    least = figures.count(peer.followers_from)
    to = (
        f"{least} followers and more" if peer.followers_to is None else f"{least} to {figures.count(peer.followers_to)}"
    )
    return f"{peer.tier} creators ({to})"


def _weekly(basis: Basis) -> Line:
    told = {(n.network, n.native_id) for n in basis.why.points.networks} if basis.why.points is not None else set()
    inputs = [
        reading.score.inputs
        for reading in basis.why.reading.networks
        if (reading.network, reading.native_id) in told and reading.score is not None
    ]
    weekly = sum(known.reactions_per_week for known in inputs if known is not None)
    return line(f"{figures.counted(weekly, 'reaction')} a week, whatever the number of posts; the score follows a post")


def _outreach(found: Outreach | None, manifests: Manifests) -> Line:
    if found is None:
        return line("Outreach not available: replies to others and reposts cannot be told apart there")
    names = ", ".join(label(name, manifests) for name in found.networks)
    weekly = figures.one_decimal(found.weekly)
    unread = "; reposts are not read on X" if "x" in found.networks else ""
    said = f"replies to, quotes or reposts others {weekly} times a week on {names}{unread}"
    return line(f"Outreach {figures.shown(found.value)}, no part of the score · {said}")


# --- changes ----------------------------------------------------------------------------------------------------------


def _changes(basis: Basis) -> tuple[Block, ...]:
    why = basis.why
    if why.asked_since is None:
        return ()
    if why.change is None:
        said = "No earlier reading is stored that this one could be compared with; a tracked creator gains one a day."
        return (Lines(facts=(Fact(line=line(said)),)),)
    return (Lines(facts=(_since(basis, why.change),)), _change_table(basis, why.change))


def _since(basis: Basis, change: ChangeLedger) -> Fact:
    """Return `Since 15 Nov: 58 to 62`, and from when on readings are kept where less was found than asked for."""
    start = at(change.since, figures.day(change.since, basis.zone, now=basis.now), "date")
    moved = f": {figures.shown(change.before)} to {figures.shown(change.after)}"
    asked = basis.why.asked_since
    if asked is None or change.since.date() <= asked.date():
        return Fact(line=line("Since ", start, text(moved, "strong")))
    return Fact(line=line("Since ", start, text(moved, "strong")), aside=line("stored readings reach back to ", start))


def _change_table(basis: Basis, change: ChangeLedger) -> Table:
    rows = sorted(zip(change.rows, printed_changes(change.rows), strict=True), key=lambda pair: -_weight(*pair))
    drawn = [_change_row(row, points, basis) for row, points in rows]
    whole = sum((points for _, points in rows), Decimal(0))
    rounded = whole != _shown_change(change)
    drawn.append(
        TableRow(
            cells=(
                line("in all"),
                line(text(figures.signed(float(whole)), "strong")),
                line("before both scores were rounded" if rounded else ""),
            )
        )
    )
    columns = (Column(title="Change"), Column(title="Points", align="right"), Column(title=""))
    return Table(columns=columns, rows=tuple(drawn))


def _weight(row: ChangeRow, points: Decimal) -> Decimal:
    """What raised the score comes first, what lowered it last; small changes stand between the two."""
    return Decimal(0) if row.name == "small_changes" else points


def _change_row(row: ChangeRow, points: Decimal, basis: Basis) -> TableRow:
    style: Style = "up" if points > 0 else "down" if points < 0 else "plain"
    number = line(text(figures.signed(float(points)), style))
    return TableRow(cells=(line(CHANGES[row.name]), number, _behind(row, basis)))


def _behind(row: ChangeRow, basis: Basis) -> Line:
    """Return what stands behind a row: the posts, networks, patterns or versions."""
    if row.name == "new_posts":
        return joined([_post(change, basis) for change in row.posts[:_POSTS_A_ROW]])
    if row.name == "networks":
        return line(", ".join(f"{_signed(name[0])} {label(name[1:], basis.manifests)}" for name in row.networks))
    if row.name == "authenticity":
        return line(", ".join(f"{_seen(name[0])} {name[1:]}" for name in row.flags))
    if row.name == "model_version":
        return line(" to ".join(row.versions))
    return ()


def _signed(sign: str) -> str:
    return "with" if sign == "+" else "without"


def _seen(sign: str) -> str:
    return "now" if sign == "+" else "no longer"


def _post(change: PostChange, basis: Basis) -> Line:
    post = change.post
    url = post_url(post, basis.manifests.get(post.network))
    date = at(post.created_at, figures.day(post.created_at, basis.zone, now=basis.now), "date")
    return line(text(label(post.network, basis.manifests), url=url), " ", date, f" {figures.signed(change.leverage)}")


# --- small print ------------------------------------------------------------------------------------------------------


def _notes(basis: Basis) -> tuple[Notes, ...]:
    model = basis.why.reading.score.model_version
    lines = []
    change = basis.why.change
    if change is not None and any(row.posts for row in change.rows):
        lines.append(line("A post's figure is what the score would lose without it; such figures overlap"))
    if basis.why.points is not None:
        lines.append(line(_SUB_SCORES))
        lines.append(line("Formulas, constants and exact points: ", text("clout why --json", "code")))
    lines.append(line(f"model {model} · {CAUTION}"))
    return (Notes(lines=tuple(lines)),)
