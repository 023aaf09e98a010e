"""A creator's accounts on a card: which count and why the others do not, what is linked, what else bears the name."""

from collections.abc import Sequence
from datetime import datetime

from core import figures
from core.card import (
    Block,
    Button,
    Card,
    Column,
    Fact,
    Headline,
    Item,
    Line,
    Lines,
    Listing,
    Notes,
    Table,
    TableRow,
    at,
    joined,
    line,
    outside,
    text,
)
from core.models import Candidate, Linked, NetworkReading, NetworkScore, Offer, Offers, Reading
from core.naming import (
    HANDLE_LIMIT,
    REMARK_LIMIT,
    Manifests,
    at_handle,
    handle_span,
    label,
    noun_of_posts,
    plural,
    sentence,
    typed,
)

POSTS_FOR_A_SCORE = 3  # SCORING 5: below this a network has no number
POSTS_FOR_A_FIRM_SCORE = 8  # SCORING 5: below this a score is provisional
_EVIDENCE_LIMIT = 3  # reasons printed for one candidate

_COLUMNS = (
    Column(title="Network"),
    Column(title="Score", align="right"),
    Column(title="Followers", align="right"),
    Column(title="Posts", align="right"),
    Column(title=""),
)


def accounts_table(
    networks: Sequence[NetworkReading],
    now: datetime,
    zone: str,
    manifests: Manifests,
    *,
    beside: str,
    pending: Sequence[str] = (),
) -> Table | None:
    """Return one row an account: those in the score first, then those apart, then those without one.

    `beside` is the handle in the headline: an account of another name says so.
    """
    ordered = sorted(networks, key=_place)
    rows = [_row(reading, now, zone, manifests, beside) for reading in ordered]
    rows += [TableRow(cells=(line(label(n, manifests)),), tail=line("still answering")) for n in pending]
    return Table(columns=_COLUMNS, rows=tuple(rows)) if rows else None


def _place(reading: NetworkReading) -> tuple[int, float, str]:
    score = reading.score.score if reading.score is not None else None
    if score is None:
        return (2, 0.0, reading.network)
    return (1 if reading.combine == "separate" else 0, -score, reading.network)


def _row(reading: NetworkReading, now: datetime, zone: str, manifests: Manifests, beside: str) -> TableRow:
    name = label(reading.network, manifests)
    score = reading.score
    if score is None or score.score is None:
        return TableRow(cells=(line(name),), tail=line("not counted: ", *_missing(reading, now, zone, name)))
    if reading.combine == "separate":
        terms = f"its own score, not part of the total ({name}'s terms)"
        remarks = joined((line(terms), *_remarks(reading, score, now, zone, name, beside)), "; ")
        return TableRow(cells=(line(name), line(str(figures.shown(score.score)))), tail=remarks)
    return TableRow(
        cells=(
            line(name),
            line(str(figures.shown(score.score))),
            line(_followers(reading)),
            line(_posts(reading.network, score)),
            joined(_remarks(reading, score, now, zone, name, beside), "; "),
        )
    )


def _followers(reading: NetworkReading) -> str:
    known = reading.profile.followers if reading.profile is not None else None
    return "followers not given" if known is None else figures.counted(known, "follower")


def _posts(network: str, score: NetworkScore) -> str:
    noun = noun_of_posts(network)
    return "" if score.inputs is None else figures.counted(score.inputs.posts, noun, plural(noun))


def _remarks(
    reading: NetworkReading, score: NetworkScore, now: datetime, zone: str, name: str, beside: str
) -> tuple[Line, ...]:
    """Return what limits or explains an account's number: permission, other name, few posts, age."""
    remarks: list[Line] = []
    handle = reading.profile.handle if reading.profile is not None else reading.handle
    if reading.access == "owner_authorised":
        remarks.append(line("connected by ", handle_span(handle)))
    elif at_handle(handle).casefold() != at_handle(beside).casefold() and ":" not in beside:
        remarks.append(line("as ", handle_span(handle)))
    if reading.access == "research_programme":
        remarks.append(line("research programme"))
    if score.state == "provisional":
        remarks.append(line("provisional"))
    if score.state == "dormant":
        remarks.append(line("no post in 90 days"))
    if reading.failure is not None or reading.status != "ok":
        remarks.append(line(*_as_of(reading, score, now, zone), *_failure(reading, now, zone, name)))
    return tuple(remarks)


def _as_of(reading: NetworkReading, score: NetworkScore, now: datetime, zone: str) -> Line:
    moment = reading.profile.fetched_at if reading.profile is not None else score.as_of
    return line("read ", at(moment, figures.ago(moment, now, zone), "ago"), ": ")


def _missing(reading: NetworkReading, now: datetime, zone: str, name: str) -> Line:
    """Return why an account has no number."""
    if reading.failure is not None or reading.status != "ok":
        return _failure(reading, now, zone, name)
    score = reading.score
    if score is not None and score.notes:
        return sentence(score.notes[0][:1].lower() + score.notes[0][1:])
    inputs = score.inputs if score is not None else None
    if inputs is None:
        return line("it supplies no reactions to count")
    noun = noun_of_posts(reading.network)
    so_far = figures.counted(inputs.posts, noun, plural(noun))
    return line(f"{so_far} so far, a score needs {POSTS_FOR_A_SCORE}")


_STATUS_WORDS = {
    "not_configured": "not set up here",
    "needs_owner_consent": "its owner has to connect it",
    "not_found_or_not_eligible": "no such account, or one the network does not show",
    "private": "the account is private",
    "suspended": "the account is suspended or closed",
    "permission_missing": "this app's permission is missing",
    "rate_limited": "the network's allowance is used up for now",
    "token_expired": "its owner has to connect it again",
    "upstream_error": "the network is not answering properly",
    "stale": "not read since",
}


def _failure(reading: NetworkReading, now: datetime, zone: str, name: str) -> Line:
    if reading.failure is None:
        return line(_STATUS_WORDS.get(reading.status, "not readable"))
    back = reading.failure.retry_at
    until: Line = ()
    if back is not None and back > now:
        until = line("; asked again from ", at(back, figures.at_time(back, now, zone), "datetime"))
    return (*sentence(reading.failure.message, name), *until)


# --- several accounts under a bare name -------------------------------------------------------------------------------


def choices(reading: Reading, manifests: Manifests) -> Listing | None:
    """Return the other accounts under the same bare name, with evidence and the offer to link; None without any."""
    if not reading.candidates:
        return None
    first = next((n for n in reading.networks if n.score is not None), None)
    label_line = line("Also called ", handle_span(reading.handle), "; the strongest account is shown")
    items = tuple(_choice(candidate, reading, first, manifests) for candidate in reading.candidates)
    return Listing(label=label_line, items=items, choose=True)


def _choice(candidate: Candidate, reading: Reading, first: NetworkReading | None, manifests: Manifests) -> Item:
    facts = [line(label(candidate.network, manifests), " ", handle_span(candidate.handle))]
    if candidate.score is not None:
        facts.append(line(str(figures.shown(candidate.score))))
    if candidate.followers is not None:
        facts.append(line(figures.counted(candidate.followers, "follower")))
    shown = typed(candidate.network, candidate.handle)
    anchor = typed(first.network, first.handle) if first is not None else reading.handle
    return Item(
        line=joined(facts),
        detail=_evidence(candidate),
        buttons=(
            Button(label="Show", command="influence", arguments=(("creator", shown),)),
            Button(label="Link", command="link", arguments=(("creator", anchor), ("account", shown))),
        ),
    )


def _evidence(candidate: Candidate) -> Line:
    if not candidate.evidence:
        return line("nothing published shows that both are the same creator")
    return joined([line(outside(e, REMARK_LIMIT)) for e in candidate.evidence[:_EVIDENCE_LIMIT]], "; ")


# --- what a team has linked -------------------------------------------------------------------------------------------


def accounts_card(
    linked: Linked,
    now: datetime,
    *,
    zone: str,
    manifests: Manifests | None = None,
    offers: Offers | None = None,
) -> Card:
    """Return the accounts linked under a name, and with `offers` those that a reference work names beside them."""
    name = handle_span(linked.name, strong=True)
    many = figures.counted(len(linked.accounts), "linked account")
    if len(linked.accounts) == 1 and offers is not None:
        many = "one account, none linked to it"
    blocks = _linked_blocks(linked, now, zone, manifests or {})
    return Card(
        kind="accounts",
        title=line(name, f" {many}"),
        blocks=(Headline(cells=(line(name), line(many))), *blocks, *_offered(offers, linked.name, manifests or {})),
        buttons=(Button(label="Card", command="influence", arguments=(("creator", linked.name),)),),
    )


def _offered(offers: Offers | None, name: str, manifests: Manifests) -> tuple[Block, ...]:
    """Return what a reference work names beside the linked accounts: to link, or to leave."""
    if offers is None:
        return ()
    if not offers.accounts:
        words = offers.trouble or "No reference work names another account."
        return (Lines(facts=(Fact(line=line(outside(words, REMARK_LIMIT))),)),)
    items = tuple(_offer(offer, name, manifests) for offer in offers.accounts if offer.ready)
    named = line("Named elsewhere as the same; nothing is linked until you say so")
    unread = [offer for offer in offers.accounts if not offer.ready]
    facts = (Fact(line=_not_set_up(unread, manifests)),) if unread else ()
    blocks = (Listing(label=named, items=items, choose=True) if items else None, Lines(facts=facts) if facts else None)
    return tuple(block for block in blocks if block is not None)


def _offer(offer: Offer, name: str, manifests: Manifests) -> Item:
    link = (("creator", name), ("account", typed(offer.network, offer.handle)))
    return Item(
        line=line(label(offer.network, manifests), " ", handle_span(offer.handle)),
        detail=line(outside(offer.reason, REMARK_LIMIT)),
        buttons=(Button(label="Link", command="link", arguments=link),),
    )


def _not_set_up(offers: Sequence[Offer], manifests: Manifests) -> Line:
    """Return what is named on networks that cannot be read here."""
    accounts = [line(label(offer.network, manifests), " ", handle_span(offer.handle)) for offer in offers]
    return line("Named too, on networks that are not set up here: ", *joined(accounts, ", "))


def linked_card(
    linked: Linked,
    target: str,
    now: datetime,
    *,
    zone: str,
    manifests: Manifests | None = None,
    removed: bool = False,
) -> Card:
    """Return what `link` or, with `removed`, `unlink` changed, and all accounts that now belong together."""
    name = handle_span(linked.name, strong=True)
    account = outside(target, HANDLE_LIMIT)
    done = line(account, " no longer belongs to ", name) if removed else line(account, " belongs to ", name)
    undo = Button(
        label="Link again" if removed else "Undo",
        command="link" if removed else "unlink",
        arguments=(("creator", linked.name), ("account", target)),
    )
    card = Button(label="Card", command="influence", arguments=(("creator", linked.name),))
    return Card(
        kind="linked",
        title=done,
        blocks=(Headline(cells=(done,)), *_linked_blocks(linked, now, zone, manifests or {})),
        buttons=(card, undo),
        private=True,
    )


def _linked_blocks(linked: Linked, now: datetime, zone: str, manifests: Manifests) -> tuple[Block, ...]:
    if not linked.accounts:
        empty = line("No account is linked under this name: link one with ", text("link @name network:handle", "code"))
        return (Lines(facts=(Fact(line=empty),)),)
    rows = tuple(_linked_row(account, now, zone, manifests) for account in linked.accounts)
    columns = (Column(title="Network"), Column(title="Account"), Column(title="Score", align="right"), Column(title=""))
    note = line("Links count for this team only; linked accounts share one score.")
    return (Table(columns=columns, rows=rows, heads=True), Notes(lines=(note,)))


def _linked_row(reading: NetworkReading, now: datetime, zone: str, manifests: Manifests) -> TableRow:
    name = label(reading.network, manifests)
    who = (line(name), line(handle_span(reading.handle)))
    score = reading.score
    if score is None or score.score is None:
        return TableRow(cells=who, tail=line("no score: ", *_missing(reading, now, zone, name)))
    remarks = joined(_remarks(reading, score, now, zone, name, reading.handle), "; ")
    return TableRow(cells=(*who, line(str(figures.shown(score.score))), remarks))
