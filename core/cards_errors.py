"""What a person is told when something did not work: what happened, what to do, when, and a reference code."""

from collections.abc import Sequence
from datetime import datetime

from core import figures
from core.card import Button, Card, Fact, Line, Lines, Span, at, joined, line, outside, text
from core.errors import (
    AmbiguousHandle,
    BadHandle,
    BadSchedule,
    ChannelGone,
    CloutError,
    DeliveryError,
    DeliveryForbidden,
    DeliveryUnknown,
    InputError,
    LimitReached,
    NeedsOwner,
    NotAllowed,
    NotConfigured,
    NotFound,
    NotRecorded,
    OptedOut,
    PaymentRequired,
    Private,
    QuotaExhausted,
    RateLimited,
    SettingsError,
    SourceAuthFailed,
    SourceChanged,
    SourceError,
    StoreError,
    Suspended,
    TokenExpired,
    Unavailable,
    UnknownNetwork,
)
from core.inert import inert
from core.naming import HANDLE_LIMIT, at_handle

_MESSAGE_LIMIT = 600  # characters; an error may join the words of several networks
_SUGGESTIONS_SHOWN = 3
_ASKED = "Did you mean"  # asked once, even where the message already does with other names

HAPPENED: dict[type[CloutError], str] = {
    CloutError: "This did not work",
    InputError: "This command is not complete",
    BadHandle: "Not a handle",
    UnknownNetwork: "Unknown network",
    AmbiguousHandle: "Several accounts fit",
    BadSchedule: "Not a time I can keep",
    NotAllowed: "Not allowed here",
    LimitReached: "Limit reached",
    NotRecorded: "Nothing stored yet",
    SourceError: "A network did not answer",
    NotFound: "Not found",
    Private: "Private account",
    OptedOut: "Asked not to be scored",
    Suspended: "Account not shown",
    NeedsOwner: "Needs the creator's consent",
    TokenExpired: "Needs the creator's consent again",
    NotConfigured: "Not set up here",
    RateLimited: "Asked too often for now",
    QuotaExhausted: "Allowance used up",
    PaymentRequired: "Budget used up",
    Unavailable: "No answer",
    SourceAuthFailed: "Key or permission refused",
    SourceChanged: "Answer not understood",
    StoreError: "Database trouble",
    SettingsError: "Settings to mend",
    DeliveryError: "Message not posted",
    ChannelGone: "Channel gone",
    DeliveryForbidden: "Not allowed to post",
    DeliveryUnknown: "Delivery not confirmed",
}
"""What happened, in a few words, for every class of the error tree."""


def happened(error: CloutError) -> str:
    """Return what happened in a few words: those of the error's class, or of the nearest class above it."""
    return next(HAPPENED[cls] for cls in type(error).__mro__ if cls in HAPPENED)


def error_card(error: CloutError, ref: str, *, now: datetime | None = None, zone: str = "UTC") -> Card:
    """Return an error's own words, what to do, when to try again, and the reference code `ref`."""
    return _card(error, ref, now, zone, _suggested(error, ()))


def not_found_card(
    error: CloutError, ref: str, suggestions: Sequence[str], *, now: datetime | None = None, zone: str = "UTC"
) -> Card:
    """Return an error about a handle with known handles that are like it, each one click away."""
    return _card(error, ref, now, zone, _suggested(error, suggestions))


def _suggested(error: CloutError, others: Sequence[str]) -> tuple[str, ...]:
    """Return the creators worth a button: the one the error itself means, then the others, each once."""
    own = error.suggestion if isinstance(error, InputError | NotFound) else None
    if isinstance(error, UnknownNetwork):  # it means a network, which nobody can look up
        own = None
    if own is None:
        return tuple(dict.fromkeys(others))[:_SUGGESTIONS_SHOWN]
    return tuple(dict.fromkeys([own, *(one for one in others if _bare(one) != _bare(own))]))[:_SUGGESTIONS_SHOWN]


def _bare(name: str) -> str:
    return name.removeprefix("@").rpartition(":")[2].removeprefix("@").casefold()


def unexpected_card(ref: str) -> Card:
    """Return what to show when the fault is ours and nobody foresaw it."""
    what = line("Something went wrong inside Clout, and it is logged under the reference code.")
    do = line("Try again; if it happens again, give the operator the code.")
    return _paragraph((what, do), ref, line("Something went wrong"), (), "Unexpected")


def _card(error: CloutError, ref: str, now: datetime | None, zone: str, suggestions: Sequence[str]) -> Card:
    what = line(outside(_stop(error.message or happened(error)), _MESSAGE_LIMIT))
    offered = [name for name in suggestions if at_handle(name) not in error.message]
    quoted = len(offered) < len(suggestions) or _ASKED in error.message
    asked = line(f"{_ASKED} ", *_either(offered), "?") if offered and not quoted else ()
    parts = (what, asked or line(error.advice), _retry(error, now, zone))
    return _paragraph(tuple(filter(None, parts)), ref, line(happened(error)), tuple(suggestions), type(error).__name__)


def _paragraph(parts: Sequence[Line], ref: str, title: Line, suggestions: Sequence[str], error: str) -> Card:
    said = (*joined(parts, " "), text(" · ref "), text(ref, "code"))
    return Card(
        kind="error",
        tone="error",
        title=title,
        blocks=(Lines(facts=(Fact(line=said),)),),
        buttons=tuple(_suggestion(name) for name in suggestions),
        private=True,
        error=error,
        reference=ref,
    )


def _suggestion(name: str) -> Button:
    return Button(label=inert(at_handle(name), HANDLE_LIMIT), command="influence", arguments=(("creator", name),))


def _either(names: Sequence[str]) -> tuple[Span, ...]:
    return joined([line(_name(name)) for name in names], " or ")


def _name(name: str) -> Span:
    return outside(at_handle(name), HANDLE_LIMIT)


def _retry(error: CloutError, now: datetime | None, zone: str) -> Line:
    if error.retry_at is None:
        return ()
    present = error.retry_at if now is None else now
    when = figures.at_time(error.retry_at, present, zone)
    return line("It works again from ", at(error.retry_at, when, "datetime"), ".")


def _stop(words: str) -> str:
    trimmed = words.strip()
    return trimmed if trimmed.endswith((".", "?", ":")) else f"{trimmed}."
