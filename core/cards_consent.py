"""What a team is told of consent: the link for a creator with what to say, and that an account is let go of again."""

from datetime import datetime

from core import figures
from core.card import Button, Card, Fact, Headline, Item, Lines, Link, Listing, Notes, Span, at, line, outside, text
from core.naming import REMARK_LIMIT, Manifests, at_handle, handle_span, label
from core.permission import Consent, Withdrawn


def link_card(consent: Consent, now: datetime, *, zone: str) -> Card:
    """Return the link that a creator is to be sent, and what to say with it."""
    who, name = handle_span(consent.handle, strong=True), consent.label
    until = at(consent.until, figures.at_time(consent.until, now, zone), "datetime")
    title = line("A consent link for ", who, f" on {name}")
    words = (
        f"To count your {name} posts in our influence score we need your consent. "
        "This page says what is read and how to withdraw it again:"
    )
    facts = (
        Fact(line=line("Send these two lines to ", handle_span(consent.creator), ":")),
        Fact(line=line(text(words, "code"))),
        Fact(line=line(text(consent.address, "code"))),
    )
    notes = (
        line("Only ", handle_span(consent.handle), f" can use it: {name} has to be signed in as that account."),
        line("Anybody may look at the page; nothing begins before its button is pressed."),
        line("What is read stays with this team, until the creator or you end it: ", _typed("disconnect", consent)),
    )
    return Card(
        kind="consent_link",
        title=title,
        blocks=(
            Headline(cells=(title,), aside=line("works once, until ", until)),
            Lines(facts=facts),
            what_is_read(consent, "What the page says is read"),
            Notes(lines=notes),
        ),
        links=(Link(label="Look at the page", url=consent.address),),
        private=True,
    )


def disconnected_card(withdrawn: Withdrawn, *, manifests: Manifests) -> Card:
    """Return that an account is no longer connected, and what was deleted."""
    name = label(withdrawn.network, manifests)
    who = handle_span(withdrawn.creator, strong=True)
    title = line(f"{name} of ", who, " is disconnected")
    gone = line(f"Deleted: the permission, and every post and count that was read of {name} with it.")
    creator = ("creator", withdrawn.creator)
    return Card(
        kind="disconnected",
        title=title,
        blocks=(Headline(cells=(title,)), Lines(facts=(Fact(line=gone),))),
        buttons=(
            Button(label="Card", command="influence", arguments=(creator,)),
            Button(label="Connect again", command="connect", arguments=(creator, ("network", withdrawn.network))),
        ),
        private=True,
    )


# --- words that the pages say too ------------------------------------------------------------------------------------


def what_is_read(consent: Consent, called: str = "What is read") -> Listing:
    """Return what a network's consent lets Clout read, an item each."""
    items = tuple(Item(line=line(sentence_of(one))) for one in consent.reads)
    nothing = Item(line=line(f"Nothing is posted, changed or deleted on {consent.label}."))
    return Listing(label=line(called), items=(*items, nothing))


def sentence_of(words: str) -> str:
    """Return words as a sentence of their own."""
    words = words.strip()
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"


def _typed(command: str, consent: Consent) -> Span:
    return outside(f"{command} {at_handle(consent.creator)} {consent.network}", REMARK_LIMIT, "code")
