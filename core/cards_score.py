"""The score card: the answer first, then what it stands on, what is missing, and where the figures come from."""

from collections.abc import Sequence
from datetime import datetime
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
    Span,
    Table,
    TableRow,
    Tone,
    at,
    joined,
    line,
    outside,
    text,
)
from core.cards_accounts import (
    POSTS_FOR_A_FIRM_SCORE,
    POSTS_FOR_A_SCORE,
    accounts_table,
    choices,
)
from core.cards_history import change_line, chart, sparkline, tone_of, week_change
from core.cards_patterns import patterns_table
from core.cards_remarks import SAYS_WHAT
from core.context import assumed
from core.models import BestPost, Model, NetworkReading, Reading, SubScores
from core.naming import REMARK_LIMIT, Manifests, at_handle, counts_of, handle_span, label, post_url

POSTS_SHOWN = 3  # of the five with most leverage; `why` shows them all
NETWORKS_NAMED = 4  # in the one line of what could be connected
RANKED_FROM = 20  # SCORING 8: no percentile among fewer tracked creators
_NAME_LIMIT = 40  # characters of a creator's name beside the handle
_NOTES_AT_MOST = 8


class Percentile(Model):
    """How many per cent of the team's tracked creators score lower, and of how many."""

    above: int
    of: int


class Basis(NamedTuple):
    """What every part of a card is written from."""

    reading: Reading
    now: datetime
    zone: str
    manifests: Manifests

    @property
    def counted(self) -> list[NetworkReading]:
        """The accounts whose score enters the total, strongest first."""
        return _scored(self.reading, "sum")

    @property
    def apart(self) -> list[NetworkReading]:
        """The accounts whose score stands beside the total."""
        return _scored(self.reading, "separate")


def _scored(reading: Reading, combine: str) -> list[NetworkReading]:
    found = [n for n in reading.networks if n.combine == combine and n.score is not None]
    found = [n for n in found if n.score is not None and n.score.score is not None]
    return sorted(found, key=lambda n: (-_value(n), n.network))


def _value(reading: NetworkReading) -> float:
    return reading.score.score or 0.0 if reading.score is not None else 0.0


def score_card(
    reading: Reading,
    now: datetime,
    *,
    zone: str,
    percentile: Percentile | None = None,
    manifests: Manifests | None = None,
) -> Card:
    """Return everything a lookup found, in the order of a score card; `zone` is the reader's, by IANA name."""
    basis = Basis(reading, now, zone, manifests or {})
    change = week_change(reading)
    head = Headline(cells=tuple(filter(None, _cells(basis, change))), aside=_aside(basis, percentile))
    return Card(
        kind="score",
        tone=_tone(reading, change),
        title=joined(head.cells[:2], " "),
        blocks=(head, *_body(basis)),
        buttons=_buttons(reading, basis.manifests),
        chart=chart(reading, zone),
    )


def partial_card(reading: Reading, now: datetime, *, zone: str, manifests: Manifests | None = None) -> Card:
    """Return what is known while some networks still answer; it has no buttons and claims no change."""
    basis = Basis(reading, now, zone, manifests or {})
    known = [cell for cell in _cells(basis, None) if cell] if basis.counted or basis.apart else [_who(reading)]
    head = Headline(cells=tuple(known), aside=_waiting(basis))
    return Card(kind="partial", title=joined(head.cells[:2], " "), blocks=(head, *_body(basis)))


def _waiting(basis: Basis) -> Line:
    pending = [label(network, basis.manifests) for network in basis.reading.pending]
    answered = len(basis.reading.networks)
    names = " and ".join(filter(None, [", ".join(pending[:-1]), pending[-1] if pending else ""]))
    return line(f"{answered} of {answered + len(pending)} networks answered; waiting for {names}")


def _tone(reading: Reading, change: int | None) -> Tone:
    return tone_of(change) if reading.score.state in ("ok", "provisional") else "warn"


# --- the first line ---------------------------------------------------------------------------------------------------


def _who(reading: Reading) -> Line:
    name = reading.name
    same = name is None or name.casefold().lstrip("@") == reading.handle.casefold().lstrip("@")
    handle = handle_span(reading.handle, strong=True)
    return line(handle) if same or name is None else line(handle, " (", outside(name, _NAME_LIMIT), ")")


def _cells(basis: Basis, change: int | None) -> tuple[Line, ...]:
    """Return who, the score as far as it may be trusted, and the week's change."""
    reading, score = basis.reading, basis.reading.score
    if score.score is None or score.low is None or score.high is None:
        return (_who(reading), *_without_score(basis))
    whole, span = str(figures.shown(score.score)), figures.score_range(score.low, score.high)
    number = line(text(whole, "strong"), f" ({span})")
    match score.state:
        case "provisional":
            so_far = line(text(f"provisional, {figures.counted(_posts_of(basis.counted), 'post')} so far", "warn"))
            return (_who(reading), so_far, line("about ", *number), change_line(change))
        case "dormant":
            return (
                _who(reading),
                line("last score ", text(whole, "strong"), " on ", _scored_at(basis), ", no post since"),
            )
        case "stale":
            return (_who(reading), line("last score ", *number, " on ", _scored_at(basis), ", not renewed since"))
        case _:
            return (_who(reading), number, change_line(change))


def _without_score(basis: Basis) -> tuple[Line, ...]:
    """Return what stands in place of a total: a score that may not be one, or how many posts there are so far."""
    if basis.apart:
        first = basis.apart[0].score
        if first is not None and first.low is not None and first.high is not None:
            number = text(str(figures.shown(first.score or 1.0)), "strong")
            span = figures.score_range(first.low, first.high)
            return (line(f"{label(first.network, basis.manifests)} ", number, f" ({span})"),)
    known = [n for n in basis.reading.networks if n.score is not None and n.score.inputs is not None]
    so_far = f", {figures.counted(_posts_of(known), 'post')} so far" if known else ""
    return (line(text(f"no score yet{so_far}", "warn")),)


def _posts_of(networks: Sequence[NetworkReading]) -> int:
    return sum(n.score.inputs.posts for n in networks if n.score is not None and n.score.inputs is not None)


def _scored_on(basis: Basis) -> datetime:
    """Return when the last score was made: a dormant account is scored anew each day, but its history is firm."""
    firm = [p.at for p in basis.reading.history if p.state in ("ok", "provisional")]
    scored = [n.score.as_of for n in basis.counted if n.score is not None]
    known = firm or scored if basis.reading.score.state == "dormant" else scored
    return max(known, default=basis.reading.at)


def _scored_at(basis: Basis) -> Span:
    moment = _scored_on(basis)
    return at(moment, figures.day(moment, basis.zone, now=basis.now), "date")


def _aside(basis: Basis, percentile: Percentile | None) -> Line:
    score = basis.reading.score
    if score.score is None:
        if basis.apart:
            return line(f"its own score ({label(basis.apart[0].network, basis.manifests)}'s terms)")
        return line(f"a score needs {POSTS_FOR_A_SCORE} posts of the last 90 days with public reactions")
    word = figures.band(score.score)
    if score.state == "provisional":
        few = _posts_of(basis.counted) < POSTS_FOR_A_FIRM_SCORE
        return line(f"{word}; {POSTS_FOR_A_FIRM_SCORE} posts make it firm" if few else word)
    if score.state == "ok" and percentile is not None and percentile.of >= RANKED_FROM:
        return line(f"{word}; above {percentile.above} % of your {percentile.of} tracked creators")
    return line(word) if score.state != "dormant" else ()


# --- what it stands on ------------------------------------------------------------------------------------------------


def _body(basis: Basis) -> tuple[Block, ...]:
    reading = basis.reading
    spark = sparkline(reading) if not reading.pending else None
    table = accounts_table(
        reading.networks, basis.now, basis.zone, basis.manifests, beside=reading.handle, pending=reading.pending
    )
    found: list[Block | None] = [
        Lines(facts=(_networks_fact(basis),)),
        spark,
        _facts(basis),
        table,
        _would_count(basis),
        _best_posts(basis),
        _patterns(basis),
        choices(reading, basis.manifests),
        _notes(basis),
    ]
    return tuple(block for block in found if block is not None)


def _networks_fact(basis: Basis) -> Fact:
    """Return `Instagram 60 · TikTok 49`, or just the network when there is only one, and the window."""
    names = [label(n.network, basis.manifests) for n in basis.counted]
    if len(names) > 1:
        names = [f"{name} {figures.shown(_value(n))}" for name, n in zip(names, basis.counted, strict=True)]
    elif not names:
        names = [label(n.network, basis.manifests) for n in basis.reading.networks]
    last = _scored_on(basis) if basis.reading.score.state in ("dormant", "stale") else basis.reading.at
    end = at(last, figures.day(last, basis.zone), "date")
    return Fact(line=line(" · ".join(dict.fromkeys(names))), aside=line("90 days to ", end))


def _facts(basis: Basis) -> Lines | None:
    lines = [_sub_scores(basis.reading.score.sub_scores)] if basis.reading.score.score is not None else []
    # a score that may not be mixed keeps its figures to itself too
    lines.append(_rates(basis.counted or basis.apart[:1], basis.manifests))
    facts = tuple(Fact(line=one) for one in lines if one)
    return Lines(facts=facts) if facts else None


def _sub_scores(parts: SubScores) -> Line:
    known = (
        ("Reach", parts.reach),
        ("Resonance", parts.resonance),
        ("Amplification", parts.amplification),
        ("Consistency", parts.consistency),
        ("Growth", parts.growth),
    )
    said = [f"{name} {figures.shown(value)}" for name, value in known if value is not None]
    lacking = ", ".join(name for name, value in known if value is None)
    if not said:
        return ()
    return line(" · ".join([*said, f"{lacking} not available"] if lacking else said))


def _rates(readings: Sequence[NetworkReading], manifests: Manifests) -> Line:
    """Return the reactions as plain facts: a rate over all followers known, against what their sizes expect, and a sum.

    Several networks: `sum of typical reactions / sum of followers`, compared with the same at each one's expected rate.
    """
    inputs = [n.score.inputs for n in readings if n.score is not None and n.score.inputs is not None]
    rated = [(i.typical_reactions, i.followers, i.expected_rate) for i in inputs if i.followers]
    compared = [(reactions, rate * followers) for reactions, followers, rate in rated if followers and rate]
    said = []
    if rated and len(compared) == len(rated):
        followers = sum(followers for _, followers, _ in rated if followers)
        reactions = sum(reactions for reactions, _ in compared)
        times = figures.one_decimal(reactions / sum(expected for _, expected in compared))
        share = figures.percent(reactions / followers)
        said.append(f"{share} of followers react to a post, {times} times {_expected(readings, manifests)}")
    if inputs:
        said.append(f"{figures.counted(sum(i.reactions_per_week for i in inputs), 'reaction')} a week")
    return line(" · ".join(said))


def _expected(readings: Sequence[NetworkReading], manifests: Manifests) -> str:
    """Return what a rate is compared with: creators of the size, as far as anybody has measured them."""
    names = dict.fromkeys(n.network for n in readings)
    guessed = [label(name, manifests) for name in names if assumed(name)]
    if len(guessed) == len(names):
        return "an assumed rate for this size"
    return f"creators of this size (assumed for {', '.join(guessed)})" if guessed else "creators of this size"


def _would_count(basis: Basis) -> Lines | None:
    """Return in one line what would count once its owner connected it, and what to type for that."""
    reading = basis.reading
    names = [label(network, basis.manifests) for network in reading.connectable]
    if not names or reading.pending:
        return None
    if len(names) > NETWORKS_NAMED:
        names = [*names[: NETWORKS_NAMED - 1], f"{len(names) - NETWORKS_NAMED + 1} more"]
    joint = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    verb, them = ("count", "them") if len(reading.connectable) > 1 else ("counts", "it")
    typed = outside(f"connect {at_handle(reading.handle)} {reading.connectable[0]}", REMARK_LIMIT, "code")
    said = line(f"{joint} {verb} once ", handle_span(reading.handle), f" connects {them}: ", typed)
    return Lines(facts=(Fact(line=said),))


def _best_posts(basis: Basis) -> Table | None:
    posts = [best for n in basis.counted or basis.apart[:1] for best in n.best_posts]
    posts.sort(key=lambda best: (-best.leverage, best.post.network, best.post.native_id))
    if not posts:
        return None
    columns = (Column(title="Post"), Column(title="Counts"), Column(title="Points", align="right"))
    rows = tuple(_best_post(best, basis) for best in posts[:POSTS_SHOWN])
    return Table(label="Posts that carry it", columns=columns, rows=rows)


def _best_post(best: BestPost, basis: Basis) -> TableRow:
    post = best.post
    url = post_url(post, basis.manifests.get(post.network))
    date = at(post.created_at, figures.day(post.created_at, basis.zone, now=basis.now), "date")
    where = line(text(label(post.network, basis.manifests), url=url), " ", date)
    return TableRow(cells=(where, line(counts_of(post)), line(f"{figures.signed(best.leverage)} points")))


def _patterns(basis: Basis) -> Table | None:
    """Return the unusual patterns with their numbers, or that there are none; nothing where there is no number."""
    shown = basis.counted or basis.apart[:1]
    if not shown:
        return None
    found = [flag for reading in shown for flag in reading.flags if not flag.information]
    if found:
        return patterns_table(found, basis.reading.score.penalty)
    rows = (TableRow(cells=(line("nothing unusual"),)),)
    return Table(label="Patterns", columns=(Column(title="Pattern"),), rows=rows)


# --- small print ------------------------------------------------------------------------------------------------------


def _notes(basis: Basis) -> Notes:
    return Notes(lines=(*_network_notes(basis)[:_NOTES_AT_MOST], _footer(basis)))


def _network_notes(basis: Basis) -> list[Line]:
    names: dict[str, dict[str, None]] = {}
    for reading in basis.reading.networks:
        name = label(reading.network, basis.manifests)
        score = reading.score  # one without a number says why in its row
        for note in (*reading.notes, *(score.notes if score is not None and score.score is not None else ())):
            said = note.strip().removeprefix(f"{name}:").strip().removesuffix(".")
            names.setdefault(said[:1].upper() + said[1:], {})[name] = None
    return [line(f"{', '.join(of)}: ", outside(said, REMARK_LIMIT)) for said, of in names.items()]


def _footer(basis: Basis) -> Line:
    shown = [*basis.counted, *basis.apart] or basis.reading.networks
    read = [n.profile.fetched_at for n in shown if n.profile is not None]
    if not read and basis.reading.pending:
        return line(SAYS_WHAT)
    updated = min(read, default=basis.reading.at)
    ago = at(updated, figures.ago(updated, basis.now, basis.zone), "ago")
    model = basis.reading.score.model_version
    return line("Updated ", ago, f" · model {model} · {SAYS_WHAT}")


def _buttons(reading: Reading, manifests: Manifests) -> tuple[Button, ...]:
    creator = (("creator", reading.handle),)
    opened = reading.connectable[:1]
    connect = [
        Button(label=f"Connect {label(name, manifests)}", command="connect", arguments=(*creator, ("network", name)))
        for name in opened
    ]
    return (
        Button(label="Refresh", command="influence", arguments=(*creator, ("fresh", "fresh"))),
        Button(label="Why", command="why", arguments=creator),
        Button(label="History", command="history", arguments=creator),
        Button(label="Compare", command="compare", arguments=(("creators", reading.handle),)),
        Button(label="Watch", command="watch", arguments=creator),
        Button(label="Track", command="track", arguments=creator),
        *connect,
    )
