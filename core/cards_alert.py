"""What an alert says and why, and what people are told of their watches: set up, listed, changed, removed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core import figures
from core.card import (
    Button,
    Card,
    Fact,
    Headline,
    Item,
    Line,
    Lines,
    Listing,
    Notes,
    Tone,
    at,
    joined,
    line,
    outside,
    text,
)
from core.cards_delivery import FOR_MANAGERS, moment_span, place_span
from core.cards_why import CHANGES
from core.digests import Background, Cause
from core.messenger import Place
from core.naming import REMARK_LIMIT, Manifests, counts_of, handle_span, label, post_url
from core.watches import BACK, Alert, Listed, Rule, Watch

if TYPE_CHECKING:  # the use case brings the database along, which help never needs
    from core.watching import Changed, Page, SetUp

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CAUSES = 3  # reasons on an alert
_LEAST_CAUSE = 0.1  # points: a smaller reason says nothing
_WORDS_LIMIT = 300  # characters of a team's own text
_LATELY = timedelta(minutes=10)  # a change so short ago by somebody else may not have been seen


# --- the alert --------------------------------------------------------------------------------------------------------


def alert_card(found: Sequence[Alert], why: Background, now: datetime, *, zone: str, manifests: Manifests) -> Card:
    """Return what is posted when a creator crosses a line; several crossings of one creator are one card."""
    first = found[0]
    title = line(handle_span(first.name, strong=True), *_news(first, manifests), *_before(first, now, zone))
    facts = [Fact(line=line(handle_span(one.name), *_news(one, manifests))) for one in found[1:]]
    reasons = joined(
        [_cause(one, manifests, now, zone) for one in why.causes if abs(one.points) >= _LEAST_CAUSE][:_CAUSES]
    )
    facts += [Fact(line=reasons)] if reasons and any(one.post is None for one in found) else []
    own = list(dict.fromkeys(one.watch.words for one in found if one.watch.words))
    facts += [Fact(line=line(outside(words, _WORDS_LIMIT))) for words in own]
    watches = {one.watch.number: one.watch for one in found}
    facts.append(Fact(line=joined([_whose(one) for one in watches.values()])))
    return Card(
        kind="alert",
        tone=_tone(first),
        title=title,
        blocks=(Headline(cells=(title,)), Lines(facts=tuple(facts))),
        buttons=(Button(label="Why", command="why", arguments=(("creator", first.name),)), *_switches(first.watch)),
    )


def _news(one: Alert, manifests: Manifests) -> Line:
    rule = one.watch.rule
    if one.post is not None:
        post = one.post
        name = text(f"{label(post.network, manifests)} post", url=post_url(post, manifests.get(post.network)))
        times = figures.count(round(one.times or 0))
        return line(": a ", name, f" has {times} times the usual reactions: {counts_of(post)}")
    of = line(" on ", label(rule.network, manifests)) if rule.network else ()
    stands = f": {one.score}{_range(one)}"
    if rule.kind == "moves":
        change = one.score - (one.before if one.before is not None else one.score)
        points = figures.counted(abs(change), "point")
        return line(f" moved {'up' if change > 0 else 'down'} {points} in {rule.days} days{stands}")
    side = "above" if one.news == "recovered" else rule.kind
    back = "back " if one.news in {"again", "recovered"} else ""
    return line(f" is {back}{side} {rule.threshold}", *of, stands)


def _range(one: Alert) -> str:
    if one.low is None or one.high is None or one.low == one.high:
        return ""
    return f" ({figures.score_range(one.low, one.high)})"


def _before(one: Alert, now: datetime, zone: str) -> Line:
    if one.before is None or one.before_at is None:
        return ()
    local = one.before_at.astimezone(figures.zone_of(zone)[0])
    lately = now - one.before_at < timedelta(days=6)
    day = _DAYS[local.weekday()] if lately else figures.day(one.before_at, zone, now=now)
    return line(", ", at(one.before_at, day, "date"), f" {one.before}")


def _tone(one: Alert) -> Tone:
    if one.post is not None or one.news == "recovered":
        return "up"
    if one.watch.rule.kind == "moves":
        return "up" if one.before is None or one.score > one.before else "down"
    return "up" if one.watch.rule.kind == "above" else "down"


def _cause(cause: Cause, manifests: Manifests, now: datetime, zone: str) -> Line:
    points = f" {figures.signed(cause.points)}"
    if cause.post is None:
        return line(next((words for name, words in CHANGES.items() if name == cause.name), cause.name), points)
    post = cause.post
    name = text(label(post.network, manifests), url=post_url(post, manifests.get(post.network)))
    day = at(post.created_at, figures.day(post.created_at, zone, now=now), "date")
    return line(name, " post of ", day, points)


def _whose(one: Watch) -> Line:
    of = f" for everybody tagged {one.tag}" if one.tag is not None else ""
    return line(f"Watch {one.number}: {one.rule.written}", outside(of, REMARK_LIMIT))


def _switches(one: Watch) -> tuple[Button, ...]:
    number = ("number", str(one.number))
    snooze = "watch-snooze"
    return (
        Button(label="Snooze 1 day", command=snooze, arguments=(number, ("length", "1d"))),
        Button(label="Snooze 1 week", command=snooze, arguments=(number, ("length", "1w"))),
        Button(label="Edit", command="watch-edit", arguments=(number,)),
        Button(label="Remove", command="unwatch", arguments=(number,)),
    )


def trouble_card(one: Watch, error: str) -> Card:
    """Return what an owner is told once when alerts cannot be posted where they should be."""
    title = line(text(f"Watch {one.number} ", "strong"), "for ", place_span(one.place.shown), " can not be posted")
    advice = f"`watch edit {one.number}` with another channel mends it; so does letting Clout post there again."
    facts = (Fact(line=line(outside(error, REMARK_LIMIT))), Fact(line=line(advice)))
    edit = Button(label="Edit", command="watch-edit", arguments=(("number", str(one.number)),))
    blocks = (Headline(cells=(title,)), Lines(facts=facts))
    return Card(kind="trouble", tone="warn", title=title, blocks=blocks, buttons=(edit,), private=True)


# --- set up and changed -----------------------------------------------------------------------------------------------


def _on(one: Watch) -> Line:
    if one.tag is not None:
        return line("everybody tagged ", outside(one.tag, REMARK_LIMIT))
    return line(handle_span(one.name or "", strong=True))


def _of(one: Watch) -> Line:
    return line(text(f"Watch {one.number}", "strong"), " on ", *_on(one), f": {one.rule.written}")


def _choices(one: Watch) -> Line:
    parts = [line("told in ", place_span(one.place.shown))]
    parts += [line("in a thread")] if one.place.thread else []
    parts += [line("calls a role")] if one.mention else []
    parts += [line("says ", outside(f"“{one.words}”", _WORDS_LIMIT))] if one.words else []
    return joined(parts)


def set_up_card(done: "SetUp", now: datetime) -> Card:
    """Return what who set a watch up is told: where the creator stands, and what will be told next."""
    one = done.watch
    title = line(*_of(one), " was set up before" if done.known else " is set up")
    facts = [Fact(line=_stands(done)), Fact(line=_choices(one))]
    facts += [Fact(line=line(handle_span(one.name or ""), " is tracked from now on."))] if done.tracked else []
    return _card(one, title, facts)


def _stands(done: "SetUp") -> Line:
    rule, name = done.watch.rule, line(*_on(done.watch))
    if done.watch.tag is not None:
        return line(f"{figures.counted(done.creators, 'creator')} now, and whoever gets the tag; {_next_of(rule)}")
    if rule.kind == "spike":
        return line(f"Told once for each post with over 5 times the usual reactions; {_next_of(rule)}")
    if done.score is None:
        return line(*name, " has no score to judge yet; the first one says on which side it stands.")
    if done.state != "ok":
        return line(*name, f" stands at about {done.score} ({done.state}); only a firm score is judged.")
    if done.already:
        back = rule.threshold - BACK if rule.kind == "above" else rule.threshold + BACK
        again = f"the next crossing is told, once it was at {back} or {'less' if rule.kind == 'above' else 'more'}."
        return line(*name, f" is {rule.kind} {rule.threshold} already, at {done.score}: {again}")
    return line(*name, f" stands at {done.score}; {_next_of(rule)}")


def _next_of(rule: Rule) -> str:
    if rule.kind == "spike":
        return "posts that are far above it already are not told"
    if rule.kind == "moves":
        return "a move is told once, and again after 7 days at the soonest"
    crossed = f"{rule.threshold} or more" if rule.kind == "above" else f"less than {rule.threshold}"
    return f"{crossed} is told once, and again after it was {BACK} points back"


def changed_card(done: "Changed", now: datetime) -> Card:
    """Return what a watch is now; and, where somebody else had just changed it, that this change came last."""
    before, one = done.before, done.after
    if one.snoozed_until != before.snoozed_until:
        return _snoozed(one, now)
    card = _card(one, line(*_of(one), " is changed"), [Fact(line=_choices(one))])
    if before.version == 1 or before.edited_by == one.edited_by or now - before.edited_at >= _LATELY:
        return card
    ago = figures.ago(before.edited_at, now, one.zone)
    words = line("Somebody else changed it ", ago, f": {before.rule.written} · ", *_choices(before))
    note = Notes(lines=(line(*words, ". Your change came last and stands."),))
    return card.model_copy(update={"tone": "warn", "blocks": (*card.blocks, note)})


def _snoozed(one: Watch, now: datetime) -> Card:
    if one.snoozed_until is None:
        return _card(one, line(*_of(one), " is awake again"), [Fact(line=_choices(one))])
    until = line("Silent until ", moment_span(one.snoozed_until, now, one.zone))
    more = "What is crossed meanwhile is told afterwards, if it still holds."
    card = _card(one, line(*_of(one), " is snoozed"), [Fact(line=until), Fact(line=line(more))])
    number = ("number", str(one.number))
    wake = Button(label="Wake", command="watch-snooze", arguments=(number, ("length", "off")))
    return card.model_copy(update={"buttons": (wake, *card.buttons)})


def how_to_edit_card(one: Watch) -> Card:
    """Return what a watch is set to, and how each of it is changed."""
    stem = f"watch edit {one.number}"
    examples = ("above 65", "moves 5 in 7d", "spike", "to here", "mention none", "saying “Time for a drop”")
    lines = joined([line(text(f"{stem} {example}", "code")) for example in examples])
    card = _card(one, _of(one), [Fact(line=_choices(one))])
    return card.model_copy(update={"blocks": (*card.blocks, Notes(lines=(line("Change it with ", *lines),)))})


def removed_card(one: Watch) -> Card:
    """Return that a watch is gone, and how it would be set up again."""
    title = line(*_of(one), " is removed")
    of = f"tag {one.tag}" if one.tag is not None else f"@{one.name}"
    again = line("Set it up again with ", outside(f"watch {of} {one.rule.written}", REMARK_LIMIT, "code"))
    return Card(kind="watch", title=title, blocks=(Headline(cells=(title,)), Notes(lines=(again,))), private=True)


def _card(one: Watch, title: Line, facts: Sequence[Fact]) -> Card:
    number = (("number", str(one.number)),)
    buttons = (
        Button(label="Edit", command="watch-edit", arguments=number),
        Button(label="Remove", command="unwatch", arguments=number),
        Button(label="Watches", command="watches"),
    )
    blocks = (Headline(cells=(title,)), Lines(facts=tuple(facts)))
    return Card(kind="watch", title=title, blocks=blocks, buttons=buttons, private=True)


def offer_card(creator: str, page: "Page", score: int | None) -> Card:
    """Return what could be watched of a creator, each a button away, and what is watched already."""
    title = line("What to watch of ", handle_span(creator, strong=True))
    stands = f"It stands at {score}." if score is not None else "Nothing is known of its score yet."
    how = line(f"{stands} Press one, or type ", text("watch @name above 60 in #channel", "code"))
    up, down = ((score // 5 + 1) * 5, (score - 1) // 5 * 5) if score is not None else (60, 40)
    rules = [f"above {up}"] if up <= 100 else []
    rules += [f"below {down}"] if down >= 2 else []
    rules += ["moves 5 in 7d", "spike"]
    offered = tuple(
        Button(label=rule.capitalize(), command="watch", arguments=(("creator", creator), ("condition", rule)))
        for rule in rules
    )
    facts = [Fact(line=how)]
    facts += [Fact(line=line(f"{figures.counted(page.total, 'watch', 'watches')} on it already: ",
                             joined_rules(page.rows)))] if page.rows else []  # fmt: skip
    blocks = (Headline(cells=(title,)), Lines(facts=tuple(facts)))
    return Card(kind="watch", title=title, blocks=blocks, buttons=offered, private=True)


def joined_rules(found: Sequence[Listed]) -> str:
    """Return the rules of some watches in one text: `above 60 (watch 3), spike (watch 5)`."""
    return ", ".join(f"{one.watch.rule.written} (watch {one.watch.number})" for one in found[:5])


def unnamed(one: Listed, place: Place) -> Listed:
    """Return a watch that is told at a place without a name here; what went wrong would tell the name, so it goes."""
    error = None if one.watch.last_error is None else FOR_MANAGERS
    return one._replace(watch=one.watch.model_copy(update={"place": place, "last_error": error}))


# --- the list ---------------------------------------------------------------------------------------------------------


def watches_card(page: "Page", now: datetime) -> Card:
    """Return a page of a team's watches with how each stands."""
    of = line(" on ", outside(page.of, REMARK_LIMIT)) if page.of is not None else ()
    if not page.rows:
        title = line(text("No watch", "strong"), *of, " yet")
        how = line(
            "Set one up with ", text("watch @name above 60", "code"), "; it is told in the channel where you ask."
        )
        none = (Headline(cells=(title,)), Lines(facts=(Fact(line=how),)))
        return Card(kind="watches", title=title, blocks=none, private=True)
    title = line(text(figures.counted(page.total, "watch", "watches"), "strong"), *of)
    aside = line(f"page {page.number} of {page.pages}") if page.pages > 1 else ()
    items = tuple(_item(one, now) for one in page.rows)
    blocks = (Headline(cells=(title,), aside=aside), Listing(items=items))
    return Card(kind="watches", title=title, blocks=blocks, buttons=_turns(page), private=True)


def _turns(page: "Page") -> tuple[Button, ...]:
    found = []
    for label_, number in (("Previous", page.number - 1), ("Next", page.number + 1)):
        if 1 <= number <= page.pages:
            given = (("of", page.of),) if page.of is not None else ()
            typed = f"watches {page.of or ''} page {number}".replace("  ", " ")
            arguments = (*given, ("page", str(number)))
            found.append(Button(label=label_, command="watches", arguments=arguments, line=typed))
    return tuple(found)


def _item(one: Listed, now: datetime) -> Item:
    number = ("number", str(one.watch.number))
    buttons = (
        Button(label="Edit", command="watch-edit", arguments=(number,)),
        Button(label="Remove", command="unwatch", arguments=(number,)),
    )
    return Item(line=_of(one.watch), detail=joined([_state(one, now), _choices(one.watch)]), buttons=buttons)


def _state(one: Listed, now: datetime) -> Line:
    watch, rule = one.watch, one.watch.rule
    parts: list[Line] = []
    if watch.state == "gone":
        parts.append(line(text("off: its channel was deleted", "warn")))
    elif watch.snoozed_until is not None and watch.snoozed_until > now:
        parts.append(line("snoozed until ", moment_span(watch.snoozed_until, now, watch.zone)))
    if not one.tracked:
        parts.append(line(text("waits: nobody tracks it any more", "warn")))
    elif watch.tag is None and rule.network is None:
        parts.append(line(_now(one)))
    if watch.fired_at is not None:
        parts.append(line("last told ", at(watch.fired_at, figures.ago(watch.fired_at, now, watch.zone), "ago")))
    if watch.last_error is not None and watch.state != "gone":
        parts.append(line(text("last error: ", "warn"), outside(watch.last_error, REMARK_LIMIT)))
    return joined(parts)


def _now(one: Listed) -> str:
    if one.score is None:
        return "no score yet"
    if one.state != "ok":
        return f"at {one.score}, {one.state or 'not read'}: not judged"
    waits = one.watch.rule.kind in {"above", "below"} and one.armed is False
    return f"at {one.score}, told again once it was {BACK} points back" if waits else f"at {one.score}"
