"""What people are told of their digests: set up, changed, listed, how each fares, and the file of an export."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import StringIO

from core import figures
from core.card import (
    Attachment,
    Button,
    Card,
    Fact,
    Headline,
    Item,
    Line,
    Lines,
    Listing,
    Notes,
    joined,
    line,
    outside,
    text,
)
from core.cards_delivery import FOR_MANAGERS, moment_span, place_span
from core.digests import StandingLike
from core.messenger import Place
from core.naming import REMARK_LIMIT
from core.schedules import LastPost, Subscribed, Subscription

CSV_COLUMNS = ("creator", "score", "state", "previous", "change", "tracked_since", "scored_at", "model", "no_news")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a cell that begins so for a formula
_STATES = {"on": "", "paused": "paused", "gone": "off: its channel was deleted"}
_POSTED = {
    "pending": "waits to be posted",
    "sending": "is being posted",
    "failed": "was not posted",
    "unknown": "may or may not have been posted",
    "skipped": "was skipped",
}


def schedule_words(found: Subscription) -> str:
    """Return the rule with its zone: `every monday 09:00 Europe/Berlin`."""
    return f"{found.schedule.written} {found.schedule.zone}"


def _choices(found: Subscription) -> Line:
    said = [f"top {found.top}"]
    said += [f"moves of {found.least} points or more"] if found.least is not None else []
    said += [f"tags {', '.join(found.tags)}"] if found.tags else []
    said += ["quiet unless somebody moved"] if found.quiet else []
    said += ["calls a role"] if found.mention else []
    said += ["in a thread"] if found.place.thread else []
    return line(outside(" · ".join(said), REMARK_LIMIT))


def _named(found: Subscription) -> Line:
    return line(text(f"Digest {found.number}", "strong"), " in ", place_span(found.place.shown))


def _buttons(found: Subscription, *commands: tuple[str, str]) -> tuple[Button, ...]:
    number = (("number", str(found.number)),)
    return tuple(Button(label=label, command=command, arguments=number) for label, command in commands)


def _next(found: Subscription, now: datetime) -> Line:
    if found.state != "on":
        return line(_STATES[found.state])
    return line("next ", moment_span(found.next_run.at, now, found.schedule.zone))


# --- set up, changed --------------------------------------------------------------------------------------------------


def confirmed_card(found: Subscription, now: datetime) -> Card:
    """Return what is posted in a channel when a digest is set up there, so that everybody sees it and it works."""
    title = line(text("Weekly digest" if found.schedule.cadence == "weekly" else "Digest", "strong"), " set up here")
    facts = (
        Fact(line=line(f"Who of your tracked creators moved, and why: {schedule_words(found)}.")),
        Fact(line=line("First ", moment_span(found.next_run.at, now, found.schedule.zone))),
    )
    buttons = _buttons(found, ("Status", "digest-status"), ("Edit", "digest-edit"), ("Pause", "digest-pause"))
    return Card(kind="subscribed", title=title, blocks=(Headline(cells=(title,)), Lines(facts=facts)), buttons=buttons)


def set_up_card(found: Subscription, now: datetime) -> Card:
    """Return what who set a digest up is told."""
    title = line(*_named(found), " is set up")
    return _one(found, title, now, ("Preview", "digest-preview"), ("Test", "digest-test"), ("Edit", "digest-edit"))


def edited_card(before: Subscription, found: Subscription, now: datetime) -> Card:
    """Return what changed; and, where somebody else had just changed it, that this change came last."""
    title = line(*_named(found), " is changed")
    card = _one(found, title, now, ("Preview", "digest-preview"), ("Status", "digest-status"))
    lately = (now - before.edited_at).total_seconds() < _LATELY_S
    if before.version == 1 or before.edited_by == found.edited_by or not lately:
        return card
    ago = figures.ago(before.edited_at, now, found.schedule.zone)
    note = line(
        "Somebody else changed it ",
        ago,
        ": ",
        outside(schedule_words(before), REMARK_LIMIT),
        " · ",
        *_choices(before),
        ". Your change came last and stands.",
    )
    return card.model_copy(update={"tone": "warn", "blocks": (*card.blocks, Notes(lines=(note,)))})


_LATELY_S = 600  # a change so short ago by somebody else may not have been seen


def how_to_edit_card(found: Subscription, now: datetime) -> Card:
    """Return what a digest is set to, and how each of it is changed."""
    title = line(*_named(found))
    card = _one(found, title, now, ("Pause", "digest-pause"), ("Remove", "digest-remove"))
    stem = f"digest edit {found.number}"
    examples = (
        "every tuesday 10:00",
        "Europe/Paris",
        "top 10 min 5",
        "tag skincare",
        "quiet",
        "always",
        "mention none",
    )
    lines = joined([line(text(f"{stem} {example}", "code")) for example in examples])
    return card.model_copy(update={"blocks": (*card.blocks, Notes(lines=(line("Change it with ", *lines),)))})


def switched_card(found: Subscription, now: datetime) -> Card:
    """Return that a digest was paused, or runs again."""
    if found.state == "paused":
        return _one(found, line(*_named(found), " is paused"), now, ("Resume", "digest-resume"))
    return _one(found, line(*_named(found), " runs again"), now, ("Status", "digest-status"))


def removed_card(found: Subscription) -> Card:
    """Return that a digest is gone, and how it would be set up again."""
    title = line(*_named(found), " is removed")
    again = line("Set it up again with ", text(f"digest here {schedule_words(found)}", "code"))
    return Card(kind="subscribed", title=title, blocks=(Headline(cells=(title,)), Notes(lines=(again,))), private=True)


def _one(found: Subscription, title: Line, now: datetime, *commands: tuple[str, str]) -> Card:
    facts = (Fact(line=line(schedule_words(found)), aside=_next(found, now)), Fact(line=_choices(found)))
    return Card(
        kind="subscribed",
        title=title,
        blocks=(Headline(cells=(title,)), Lines(facts=facts)),
        buttons=_buttons(found, *commands),
        private=True,
    )


def unnamed(one: Subscribed, place: Place) -> Subscribed:
    """Return a digest at a place that has no name here; what went wrong would tell the name, so it goes too."""
    found, last = one.subscription, one.last
    error = None if found.last_error is None else FOR_MANAGERS
    if last is not None and last.error is not None:
        last = last.model_copy(update={"error": FOR_MANAGERS})
    return Subscribed(subscription=found.model_copy(update={"place": place, "last_error": error}), last=last)


# --- how they fare ----------------------------------------------------------------------------------------------------


def list_card(known: Sequence[Subscribed], now: datetime) -> Card:
    """Return a team's digests with when each runs next."""
    if not known:
        return _none()
    title = line(text(f"{figures.counted(len(known), 'digest')} here", "strong"))
    items = tuple(
        Item(
            line=joined((_named(one.subscription), line(schedule_words(one.subscription)))),
            detail=joined((_next(one.subscription, now), _choices(one.subscription))),
            buttons=_buttons(one.subscription, ("Status", "digest-status"), ("Edit", "digest-edit")),
        )
        for one in known
    )
    return Card(kind="digests", title=title, blocks=(Headline(cells=(title,)), Listing(items=items)), private=True)


def _none() -> Card:
    title = line(text("No digest is set up yet", "strong"))
    how = line("Set one up with ", text("digest here every monday 09:00", "code"), "; a zone may follow the time.")
    return Card(
        kind="digests", title=title, blocks=(Headline(cells=(title,)), Lines(facts=(Fact(line=how),))), private=True
    )


def status_card(known: Sequence[Subscribed], now: datetime) -> Card:
    """Return for each digest when it last ran, when it runs next, and what stands in its way."""
    if not known:
        return _none()
    alone = known[0].subscription if len(known) == 1 else None
    title = line(*_named(alone), " · status") if alone is not None else line(text("Status of the digests", "strong"))
    facts = [fact for one in known for fact in _fares(one, now, named=alone is None)]
    trouble = any(one.subscription.last_error or one.subscription.blocked_since for one in known)
    waiting = [one.subscription for one in known if one.last is not None and one.last.state in _TO_POST]
    buttons = [button for one in waiting[:3] for button in _buttons(one, ("Post now", "digest-post"))]
    if alone is not None:
        switch = ("Resume", "digest-resume") if alone.state == "paused" else ("Pause", "digest-pause")
        buttons += _buttons(alone, ("Test", "digest-test"), ("Edit", "digest-edit"), switch)
    return Card(
        kind="digests",
        tone="warn" if trouble else "flat",
        title=title,
        blocks=(Headline(cells=(title,)), Lines(facts=tuple(facts))),
        buttons=tuple(buttons),
        private=True,
    )


_TO_POST = frozenset({"unknown", "failed", "skipped"})


def _fares(one: Subscribed, now: datetime, *, named: bool) -> Iterable[Fact]:
    found, zone = one.subscription, one.subscription.schedule.zone
    if named:
        yield Fact(line=joined((_named(found), line(schedule_words(found)))))
    yield Fact(line=line("Last: ", *_last(one.last, found, now)))
    yield Fact(line=line("Next: ", *(_next(found, now)[-1:] if found.state == "on" else _next(found, now))))
    if found.blocked_since is not None:
        since = moment_span(found.blocked_since, now, zone)
        words = line(text("Blocked", "warn"), " since ", since, "; it is tried again by itself.")
        yield Fact(line=words)
    if found.last_error is not None:
        yield Fact(line=line(text("Last error: ", "warn"), outside(found.last_error, REMARK_LIMIT)))


def _last(last: LastPost | None, found: Subscription, now: datetime) -> Line:
    if last is None:
        return line("it has not run yet")
    zone = found.schedule.zone
    if last.state == "sent" and last.sent_at is not None:
        return line("posted ", moment_span(last.sent_at, now, zone), f" ({last.period})")
    if last.state == "skipped" and last.error is None:
        return line("nobody moved, so nothing was posted ", moment_span(last.due_at, now, zone))
    said = line(f"{last.period} {_POSTED.get(last.state, last.state)}, due ", moment_span(last.due_at, now, zone))
    return line(*said, ": ", outside(last.error, REMARK_LIMIT)) if last.error else said


def posted_card(found: Subscription, state: str) -> Card:
    """Return what became of a digest that somebody asked to be posted."""
    said = "posted" if state == "sent" else _POSTED.get(state, state)
    title = line(*_named(found), f": {said}" if state != "sent" else " is posted")
    tone = "flat" if state == "sent" else "warn"
    buttons = _buttons(found, ("Status", "digest-status"))
    return Card(
        kind="subscribed", tone=tone, title=title, blocks=(Headline(cells=(title,)),), buttons=buttons, private=True
    )


# --- export -----------------------------------------------------------------------------------------------------------


def export_card(found: Subscription, standings: Sequence[StandingLike], today: date) -> Card:
    """Return the rows behind a digest as a CSV file."""
    name = f"digest-{found.number}-{today.isoformat()}.csv"
    title = line(text(f"{figures.counted(len(standings), 'creator')}", "strong"), " of digest ", str(found.number))
    said = line(f"as {name}: each one's score now and at the beginning of the period")
    return Card(
        kind="export",
        title=title,
        blocks=(Headline(cells=(title,)), Lines(facts=(Fact(line=said),))),
        attachment=Attachment(name=name, content=digest_csv(standings)),
        private=True,
    )


def digest_csv(standings: Iterable[StandingLike]) -> str:
    """Return one line a creator, moments in ISO 8601; no cell can be taken for a formula."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for one in standings:
        writer.writerow([_cell(value) for value in _row(one)])
    return out.getvalue()


def _row(one: StandingLike) -> tuple[object, ...]:
    comparable = one.previous_model_version == one.model_version
    change = one.score - one.previous if comparable and one.score is not None and one.previous is not None else None
    silent = "; ".join(f"{problem.network} {problem.status}" for problem in one.problems)
    at = one.at.isoformat() if one.at is not None else None
    tracked = one.tracked_since.isoformat()
    return (one.name, one.score, one.state, one.previous, change, tracked, at, one.model_version, silent)


def _cell(value: object) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    words = str(value)
    return f"'{words}" if words.startswith(_FORMULA) else words
