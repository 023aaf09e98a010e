"""Every page that a consent link leads to. They are cards, so that their words stand where all others do.

Times are in UTC, for a page knows no zone.
"""

from datetime import datetime
from typing import NamedTuple

from core import figures
from core.card import Block, Card, Fact, Headline, Item, Line, Lines, Listing, Notes, at, line, outside, text
from core.cards_consent import sentence_of, what_is_read
from core.inert import inert
from core.models import Model
from core.naming import HANDLE_LIMIT, REMARK_LIMIT, at_handle, handle_span
from core.permission import Consent, Outcome, OutcomeKind

COUNTS_DAYS, SCORES_DAYS, UNTRACKED_DAYS = 190, 400, 7
"""How long what is read stays, in words of a page; a test holds them to core/retention.py."""

_TEAM_LIMIT = 80  # characters
_SIGNED_IN_SHOWN = 5
_PLATFORMS = {"slack": "Slack", "discord": "Discord"}


class Sheet(Model):
    """A page: a card, and what can be done with it.

    `press` is what its one button says, empty for none; `grave` where pressing deletes. `again` is what the way back to
    the link, or on to the network, says; empty where there is none.
    """

    card: Card
    press: str = ""
    grave: bool = False
    again: str = ""


def sheet_of(outcome: Outcome, now: datetime) -> Sheet:
    """Return the page of a link, of a sign-in or of a withdrawal."""
    words = _WORDS[outcome.kind](_Basis(outcome, now))
    headline = Headline(cells=(line(text(words.title, "strong")),), aside=words.lead)
    tone = "flat" if outcome.kind in _CALM else "warn"
    title = line(words.title)
    card = Card(kind=f"consent_{outcome.kind}", tone=tone, title=title, blocks=(headline, *words.blocks))
    return Sheet(card=card, press=words.press, grave=words.grave, again=words.again)


def going_on_sheet(network: str) -> Sheet:
    """Return the page between ours and the network's; `again` leads on where a browser does not go by itself."""
    title = line(f"Going on to {network}")
    return Sheet(
        card=Card(kind="consent_going_on", title=title, blocks=(_head(title, ()),)), again=f"Continue to {network}"
    )


def broken_sheet(reference: str) -> Sheet:
    """Return the page for what is no one's doing on either side."""
    title = line("Clout cannot do this right now")
    lead = line("Nothing was stored. Try again in a few minutes, and tell who sent you the link if it stays so.")
    code = Notes(lines=(line(f"ref {reference}"),))
    return Sheet(card=Card(kind="consent_broken", tone="error", title=title, blocks=(_head(title, lead), code)))


class _Words(NamedTuple):
    title: str
    lead: Line = ()
    blocks: tuple[Block, ...] = ()
    press: str = ""
    grave: bool = False
    again: str = ""


class _Basis(NamedTuple):
    """What a page is written from; nothing is known of whose it is where there is no consent."""

    outcome: Outcome
    now: datetime

    @property
    def consent(self) -> Consent:
        assert self.outcome.consent is not None
        return self.outcome.consent

    @property
    def name(self) -> str:
        """The network."""
        return self.consent.label

    @property
    def who(self) -> str:
        """The account, for titles: our own words around a stranger's name, made inert."""
        return inert(at_handle(self.consent.handle), HANDLE_LIMIT)

    @property
    def team(self) -> Line:
        """Who asks."""
        if self.consent.team_name:
            return line(outside(self.consent.team_name, _TEAM_LIMIT, "strong"))
        platform = _PLATFORMS.get(self.consent.team.partition(":")[0])
        return line(f"a team on {platform}" if platform else "whoever runs Clout here")

    @property
    def until(self) -> Line:
        until = self.consent.until
        return line(at(until, figures.at_time(until, self.now, "UTC"), "datetime"))

    def later(self, page: str) -> Line:
        """Return how a consent is ended: on a page of ours, or by typing where there is none that lasts."""
        return (
            line("On this machine: ", outside(self.consent.typed, REMARK_LIMIT, "code"))
            if self.consent.typed
            else line(page)
        )

    @property
    def own_page(self) -> Line:
        """Where the network lets people withdraw by themselves."""
        return line(text(f"the settings of {self.name}", url=self.consent.withdraw_url))


_KEPT_BACK = "Nothing was stored"
_TRY_AGAIN = "Try again"


def _open(b: _Basis) -> _Words:
    asks = line(*_capital(b.team), f" asks to read the figures of this {b.name} account, for its influence score.")
    return _Words(
        f"Connect {b.who} on {b.name}?",
        asks,
        (what_is_read(b.consent), _by_whom(b), _how_long(), _how_withdrawn(b), _before_pressing(b)),
        press=f"Continue to {b.name}",
    )


def _by_whom(b: _Basis) -> Listing:
    alone = Item(line=line("Only ", *b.team, " sees these figures; the score made of them is shown in its channels."))
    contact = b.consent.contact
    run = line("Clout, the program that reads them, is run here by ", outside(contact, REMARK_LIMIT), ".")
    return Listing(label=line("By whom"), items=(alone, Item(line=run)) if contact else (alone,))


def _how_long() -> Listing:
    until = Item(line=line("Until you withdraw."))
    kept = (
        f"Counts are deleted {COUNTS_DAYS} days after a post was published, scores after {SCORES_DAYS} days; "
        f"everything read goes {UNTRACKED_DAYS} days after nobody follows the account any more."
    )
    return Listing(label=line("For how long"), items=(until, Item(line=line(kept))))


def _how_withdrawn(b: _Basis) -> Listing:
    items = (
        Item(line=b.later("On a page of your own: you get its address after connecting.")),
        Item(line=line("In ", *b.own_page, ".")),
        Item(line=line("Or tell ", *b.team, ".")),
        Item(line=line("The permission and everything read with it are then deleted at once.")),
    )
    return Listing(label=line("How to withdraw"), items=items)


def _before_pressing(b: _Basis) -> Notes:
    sign_in = line(f"Sign in at {b.name} as ", handle_span(b.consent.handle), ": no other account is taken.")
    works = line(
        "This link works once, until ", *b.until, ". If you do not want this, close the page; nothing happens."
    )
    return Notes(lines=(sign_in, works))


def _used(b: _Basis) -> _Words:
    return _Words(
        "This link has been used",
        line(handle_span(b.consent.handle), f" is connected on {b.name} for ", *b.team, "."),
        (_withdraw_later(b),),
    )


def _connected(b: _Basis) -> _Words:
    address = b.outcome.withdrawal
    shown = line("Keep this address, it is shown only now: ", text(address, "code", url=address))
    keep = Listing(
        label=line("Withdraw at any time"),
        items=(
            Item(line=shown if address else b.later("")),
            Item(line=line("You can also withdraw in ", *b.own_page, ".")),
            Item(line=line("The permission and everything read with it are then deleted at once.")),
        ),
    )
    counts = line(*_capital(b.team), f" counts {b.name} from now on. You can close this page.")
    return _Words(f"{b.who} is connected", counts, (keep,))


def _withdraw_later(b: _Basis) -> Listing:
    items = (
        Item(line=b.later("On the page whose address you got after connecting.")),
        Item(line=line(*_capital(b.own_page), ".")),
        Item(line=line("Or tell ", *b.team, ".")),
    )
    return Listing(label=line("How to withdraw"), items=items)


def _expired(b: _Basis) -> _Words:
    lead = line("It worked for a day, until ", *b.until, ". Ask ", *b.team, " for a new one.")
    return _Words("This link has run out", lead, _note(f"{_KEPT_BACK}."))


def _unknown(b: _Basis) -> _Words:
    lead = line(
        "It may be copied in part or too old, what it stood for may be withdrawn, or a newer sign-in took over."
    )
    note = _note("Open the link you were sent once more, in one tab, or ask for a new one. Nothing was stored.")
    return _Words("This address is not known here", lead, note)


def _denied(b: _Basis) -> _Words:
    lead = line(f"{b.name} says that access was not allowed. {_KEPT_BACK}.")
    return _Words("Not connected", lead, _still_good(b, "If you change your mind"), again=_TRY_AGAIN)


def _other_account(b: _Basis) -> _Words:
    names = b.outcome.signed_in[:_SIGNED_IN_SHOWN]
    shown = [span for name in names for span in (handle_span(name), text(", "))][:-1]
    found = line("as ", *shown) if shown else line("with no account that can be connected")
    lead = line(f"{b.name} was signed in ", *found, ". The link is for ", handle_span(b.consent.handle), " alone.")
    mend = line(f"Sign out at {b.name} or change the account there, and try again. {_KEPT_BACK}.")
    return _Words("Another account was signed in", lead, (Lines(facts=(Fact(line=mend),)),), again=_TRY_AGAIN)


def _partly(b: _Basis) -> _Words:
    lead = line(f"A permission of {b.name} without which nothing can be counted was not allowed. {_KEPT_BACK}.")
    items = tuple(Item(line=line(outside(one, HANDLE_LIMIT, "code"))) for one in b.outcome.missing)
    missing = (Listing(label=line("What was not allowed"), items=items),) if items else ()
    return _Words("Something was left out", lead, (*missing, *_still_good(b, "To allow all of it")), again=_TRY_AGAIN)


def _foreign(b: _Basis) -> _Words:
    lead = line("So that nobody can sign in for you, it has to end where it began.")
    note = _note(
        "Some apps open links in a browser of their own. Copy the link you were sent into your usual browser, and stay "
        f"in it. {_KEPT_BACK}."
    )
    return _Words("This sign-in began in another browser", lead, note)


def _replayed(b: _Basis) -> _Words:
    lead = line("A sign-in ends once; opening its last page again changes nothing.")
    return _Words(
        "This sign-in is over", lead, _note("The link you were sent shows how things stand."), again="Open it"
    )


def _late(b: _Basis) -> _Words:
    lead = line(f"{b.name} no longer takes the permission it gave: it is good for some minutes only. {_KEPT_BACK}.")
    return _Words("That took too long", lead, _still_good(b, "To begin anew"), again=_TRY_AGAIN)


def _unanswered(b: _Basis) -> _Words:
    lead = line(outside(sentence_of(b.outcome.reason), REMARK_LIMIT), f" {_KEPT_BACK}.")
    wait = _still_good(b, "In a few minutes")
    return _Words(f"{b.name} did not answer properly", lead, wait, again=_TRY_AGAIN)


def _misfit(b: _Basis) -> _Words:
    lead = line(outside(sentence_of(b.outcome.reason), REMARK_LIMIT), f" {_KEPT_BACK}.")
    tell = line("Tell ", *b.team, ": only they can change what belongs together.")
    return _Words("The account could not be added", lead, (Lines(facts=(Fact(line=tell),)),))


def _refused(b: _Basis) -> _Words:
    lead = line(outside(sentence_of(b.outcome.reason), REMARK_LIMIT), f" {_KEPT_BACK}.")
    return _Words(f"{b.name} does not let Clout in", lead, (_operator(b),))


def _unready(b: _Basis) -> _Words:
    lead = line(outside(sentence_of(b.outcome.reason), REMARK_LIMIT), f" {_KEPT_BACK}.")
    return _Words(f"{b.name} is not set up here", lead, (_operator(b),))


def _operator(b: _Basis) -> Block:
    contact = b.consent.contact
    whom = line("whoever runs Clout here: ", outside(contact, REMARK_LIMIT)) if contact else line("whoever runs Clout")
    return Lines(facts=(Fact(line=line("That is not yours to mend. Tell ", *b.team, ", or ", *whom, ".")),))


def _standing(b: _Basis) -> _Words:
    lead = line("The permission, and every post and count that was read with it, are deleted at once.")
    whose = line("It was given to ", *b.team, ". Connecting again takes a new link from them.")
    page = (Lines(facts=(Fact(line=whose),)), *_note("This cannot be undone."))
    return _Words(f"Withdraw {b.who} on {b.name}?", lead, page, press="Withdraw and delete", grave=True)


def _withdrawn(b: _Basis) -> _Words:
    lead = line(f"The permission for {b.name} and everything that was read with it are deleted.")
    look = line(f"{b.name} was told, as far as it listens; you can look in ", *b.own_page, ".")
    return _Words(f"{b.who} is no longer connected", lead, (Lines(facts=(Fact(line=look),)),))


def _gone(b: _Basis) -> _Words:
    lead = line("It was withdrawn already, by you or by the team, or the address is not complete.")
    return _Words("Nothing is connected under this address", lead)


_WORDS = {
    "open": _open,
    "used": _used,
    "expired": _expired,
    "unknown": _unknown,
    "connected": _connected,
    "denied": _denied,
    "other_account": _other_account,
    "partly": _partly,
    "foreign": _foreign,
    "replayed": _replayed,
    "late": _late,
    "unanswered": _unanswered,
    "misfit": _misfit,
    "refused": _refused,
    "unready": _unready,
    "standing": _standing,
    "withdrawn": _withdrawn,
    "gone": _gone,
}
_CALM: frozenset[OutcomeKind] = frozenset({"open", "connected", "used", "standing", "withdrawn"})


# --- words ------------------------------------------------------------------------------------------------------------


def _head(title: Line, lead: Line) -> Headline:
    return Headline(cells=(title,), aside=lead)


def _note(words: str) -> tuple[Block, ...]:
    return (Notes(lines=(line(words),)),)


def _still_good(b: _Basis, when: str) -> tuple[Block, ...]:
    return (Lines(facts=(Fact(line=line(f"{when}: the link works until ", *b.until, ".")),)),)


def _capital(one: Line) -> Line:
    """Return a line as the beginning of a sentence; outside words stay as they are."""
    first = one[0]
    if first.untrusted:
        return one
    return (first.model_copy(update={"text": first.text[:1].upper() + first.text[1:]}), *one[1:])
