"""What people are told of tracking: a creator that is followed now, a page of all of them, a list brought in."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

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
    Table,
    TableRow,
    at,
    joined,
    line,
    outside,
    text,
)
from core.cards_history import change_line
from core.models import NetworkReading
from core.naming import REMARK_LIMIT, Manifests, handle_span, label, typed

if TYPE_CHECKING:  # use cases bring the database along, which help never needs
    from core.roster import Problem, Row
    from core.tracking import Imported, Page, Tracked

BAD_LINES_SHOWN = 200  # lines of a list that are named one by one
_TAG_LIMIT = 32
_SORTS = {"score": "by score", "movement": "by movement this week", "name": "by name"}
_OTHER_SORTS = {"score": "By score", "movement": "By movement", "name": "By name"}

# What became of an account, for people; other failures are told on the creator's own card.
_GONE = {
    "private": "private",
    "suspended": "suspended or closed",
    "not_found_or_not_eligible": "not found, or not shown any more",
    "needs_owner_consent": "its owner has to connect it",
    "token_expired": "its owner has to connect it again",
    "permission_missing": "this app's permission is missing",
    "not_configured": "not set up here",
    "rate_limited": "waiting for the network's allowance",
    "waiting": "waiting for its first reading",
}
_UNREAD = "not answering properly"


# --- one creator ------------------------------------------------------------------------------------------------------


def tracked_card(tracked: "Tracked", now: datetime, *, zone: str, manifests: Manifests) -> Card:
    """Return that a creator is tracked, under which accounts and tags."""
    name = handle_span(tracked.name, strong=True)
    since = at(tracked.since, figures.day(tracked.since, zone, now=now), "date")
    head = (
        line(name, " is tracked already, since ", since) if tracked.already else line(name, " is tracked from now on")
    )
    facts = [Fact(line=_account(one, manifests)) for one in tracked.accounts]
    if tracked.tags:
        facts.append(Fact(line=line("Tags: ", *_tags(tracked.tags))))
    notes = [line("Its score is kept every day; `tracked` lists everybody who is followed.")]
    if tracked.others:
        also = [outside(typed(one.network, one.handle), REMARK_LIMIT, "code") for one in tracked.others]
        notes.append(
            line("Other accounts bear the name, and `link` adds one: ", *joined(((one,) for one in also), ", "))
        )
    creator = (("creator", tracked.name),)
    return Card(
        kind="tracked",
        title=head,
        blocks=(Headline(cells=(head,)), *((Lines(facts=tuple(facts)),) if facts else ()), Notes(lines=tuple(notes))),
        buttons=(
            Button(label="Card", command="influence", arguments=creator),
            Button(label="All tracked", command="tracked"),
            Button(label="Untrack", command="untrack", arguments=creator),
        ),
    )


def _account(reading: NetworkReading, manifests: Manifests) -> Line:
    score = reading.score.score if reading.score is not None else None
    number = "no score yet" if score is None else str(figures.shown(score))
    return line(f"{label(reading.network, manifests)} ", handle_span(reading.handle), f"  {number}")


def _tags(tags: Sequence[str]) -> Line:
    return joined((line(outside(tag, _TAG_LIMIT)) for tag in tags), ", ")


def untracked_card(name: str) -> Card:
    """Return that a creator is no longer tracked, and what follows."""
    head = line(handle_span(name, strong=True), " is not tracked any more")
    said = "Its tags are gone; scores and counts go within 7 days. Accounts that were linked stay linked."
    return Card(
        kind="tracked",
        title=head,
        blocks=(Headline(cells=(head,)), Notes(lines=(line(said),))),
        buttons=(Button(label="Track again", command="track", arguments=(("creator", name),)),),
    )


# --- everybody --------------------------------------------------------------------------------------------------------

_COLUMNS = (
    Column(title="Creator"),
    Column(title="Score", align="right"),
    Column(title="Range", align="right"),
    Column(title="Week", align="right"),
    Column(title=""),
)


def roster_card(page: "Page", now: datetime, *, zone: str, manifests: Manifests) -> Card:
    """Return a page of the tracked creators with buttons to the others."""
    under = line(" tagged ", outside(page.tag, _TAG_LIMIT)) if page.tag else ()
    if not page.total:
        return _nobody(page, under)
    noun = "creator" if page.total == 1 else "creators"
    head = line(text(f"{page.total:,} tracked {noun}", "strong"), *under)
    rows = tuple(_row(one, now, zone, manifests) for one in page.rows)
    blocks: tuple[Block, ...] = (
        Headline(cells=(head,), aside=line(_SORTS[page.sort])),
        Table(columns=_COLUMNS, rows=rows, heads=True),
        Notes(lines=tuple(_small_print(page))),
    )
    return Card(kind="roster", title=head, blocks=blocks, buttons=_turn(page))


def _nobody(page: "Page", under: Line) -> Card:
    head = line(text("No creator is tracked yet", "strong"), *under)
    how = (
        "`track @name` follows one: its score is kept every day." if not page.tag else "`track @name tag t` gives one."
    )
    return Card(kind="roster", title=head, blocks=(Headline(cells=(head,)), Notes(lines=(line(how),))))


def _row(one: "Row", now: datetime, zone: str, manifests: Manifests) -> TableRow:
    remarks = joined(_remarks(one, now, zone, manifests), "; ")
    if one.score is None or one.low is None or one.high is None:
        return TableRow(cells=(line(handle_span(one.name)),), tail=remarks or line("no score yet"))
    return TableRow(
        cells=(
            line(handle_span(one.name)),
            line(str(one.score)),
            line(figures.score_range(one.low, one.high)),
            change_line(one.moved, "") if one.moved is not None else (),
            remarks,
        )
    )


def _remarks(one: "Row", now: datetime, zone: str, manifests: Manifests) -> list[Line]:
    remarks = [line(text(one.state, "quiet"))] if one.state not in (None, "ok") and one.score is not None else []
    if one.score is None and not one.problems:
        remarks.append(line("no score yet"))
    remarks += [_problem(problem, now, zone, manifests) for problem in one.problems]
    if one.tags:
        remarks.append(_tags(one.tags))
    return [remark for remark in remarks if remark]


def _problem(problem: "Problem", now: datetime, zone: str, manifests: Manifests) -> Line:
    name = label(problem.network, manifests)
    since = problem.since
    said = line(f"{name} {_GONE.get(problem.status, _UNREAD)}")
    if since is None or problem.status == "waiting":
        return said
    return line(*said, " since ", at(since, figures.day(since, zone, now=now), "date"))


def _small_print(page: "Page") -> list[Line]:
    first, last = page.start + 1, page.start + len(page.rows)
    lines = [line(f"{first:,} to {last:,} of {page.total:,}")] if page.pages > 1 else []
    if page.tags and page.tag is None:
        lines.append(line("Tags: ", *_tags(page.tags)))
    lines.append(line("Week: change of the shown score in 7 days"))
    return lines


def _turn(page: "Page") -> tuple[Button, ...]:
    buttons = []
    if page.number > 1:
        buttons.append(_to(page, "Back", page.sort, page.number - 1))
    if page.number < page.pages:
        buttons.append(_to(page, "Next", page.sort, page.number + 1))
    buttons += [_to(page, said, sort, 1) for sort, said in _OTHER_SORTS.items() if sort != page.sort]
    return tuple(buttons)


def _to(page: "Page", said: str, sort: str, number: int) -> Button:
    arguments = [("sort", sort), *([("tag", page.tag)] if page.tag else [])]
    arguments += [("page", str(number))] if number > 1 else []
    return Button(
        label=said,
        command="tracked",
        arguments=tuple(arguments),
        line=" ".join(("tracked", *(word for pair in arguments for word in pair))),
    )


# --- a list brought in ------------------------------------------------------------------------------------------------


def imported_card(imported: "Imported") -> Card:
    """Return what became of a list of creators: how many are tracked now, or each line that has to be mended."""
    if imported.bad:
        return _refused(imported)
    head = line(text(f"{_counted(imported.made, 'creator')} tracked from now on", "strong"))
    facts = [line(f"{_counted(imported.lines, 'line')} read")]
    if imported.joined:
        facts.append(line(f"{_counted(imported.joined, 'creator')} known before: tracked, tags and accounts added"))
    if imported.already:
        facts.append(line(f"{_counted(imported.already, 'creator')} tracked already, nothing to change"))
    said = "They are read one after the other within each network's allowance; `tracked` shows who still waits."
    return Card(
        kind="imported",
        title=head,
        blocks=(Headline(cells=(head,)), Lines(facts=tuple(Fact(line=f) for f in facts)), Notes(lines=(line(said),))),
        buttons=(Button(label="All tracked", command="tracked"),),
    )


def _refused(imported: "Imported") -> Card:
    bad = imported.bad
    head = line(text("Nothing was imported", "strong"))
    aside = line(f"{_counted(len(bad), 'line')} of {imported.lines:,} to mend")
    columns = (Column(title="Line", align="right"), Column(title="Column"), Column(title="What is wrong"))
    rows = tuple(
        TableRow(cells=(line(f"{one.line:,}"), line(one.field), line(outside(one.message, REMARK_LIMIT))))
        for one in bad[:BAD_LINES_SHOWN]
    )
    notes = [line("Mend them and import the file again: it goes in as a whole.")]
    if len(bad) > BAD_LINES_SHOWN:
        notes.insert(0, line(f"and {_counted(len(bad) - BAD_LINES_SHOWN, 'more line')}"))
    return Card(
        kind="imported",
        tone="error",
        title=head,
        blocks=(
            Headline(cells=(head,), aside=aside),
            Table(columns=columns, rows=rows, heads=True),
            Notes(lines=tuple(notes)),
        ),
        private=True,
        error="InputError",
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
