"""The error tree; every leaf's message is written for the person who reads it.

CloutError                      message is safe to show; retry_at: aware datetime or None
  InputError                    the person can mend it
    BadHandle                   the text is no handle; says which forms work
    UnknownNetwork              no such network; lists the ones that exist
    AmbiguousHandle             several accounts or servers fit; says how to choose
    BadSchedule                 no such weekday, time or zone
    NotAllowed                  this person may not change that here
    LimitReached                a setting's limit stands in the way
    NotRecorded                 nothing is stored that this command could show
  SourceError (.network)        one network could not answer
    NotFound                    unknown handle, or not eligible: cannot be told apart
    Private                     protected, or asks not to be shown to logged-out apps
      OptedOut                  the creator asked this installation not to score the account
    Suspended                   suspended, deactivated or taken down
    NeedsOwner                  only the owner may show this
      TokenExpired              the owner's consent has run out
    NotConfigured               no key, or the network is off
    RateLimited                 a short window is spent; retry_at says when it ends
    QuotaExhausted              the day or the month is spent
    PaymentRequired             credits used up, or our own spend cap reached
    Unavailable                 timeout, connection, 5xx, or every network failed
    SourceAuthFailed            the operator's key or permission is refused
    SourceChanged               a 2xx that does not fit the model; names the field
  StoreError                    the database refuses; says what to do
  SettingsError                 missing or wrong settings, all in one message
  DeliveryError (.channel)      a message could not be posted
    ChannelGone
    DeliveryForbidden
    DeliveryUnknown
"""

from datetime import datetime
from typing import ClassVar


class CloutError(Exception):
    """Base of everything Clout raises on purpose.

    `message` is safe to show to anyone: it holds no token, no raw payload and no path. `retry_at` is when trying again
    makes sense. `advice` is what the reader can do, the same for every error of the class.
    """

    advice: ClassVar[str] = ""

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_at = retry_at


class InputError(CloutError):
    """The person who typed can mend it."""

    advice = "Correct the command and send it again."

    def __init__(self, message: str, *, field: str | None = None, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.suggestion = suggestion


class BadHandle(InputError):
    """The text is no handle of any network; the message names the forms that work."""

    advice = "For example: @glowguru, or bluesky:glowguru."


class UnknownNetwork(InputError):
    """There is no network of that name."""

    advice = "`networks` lists the ones that exist."


class AmbiguousHandle(InputError):
    """Several accounts or servers fit the text."""

    advice = "Say which: network:name, or name@server."


class BadSchedule(InputError):
    """No such weekday, time or zone."""

    advice = "For example: every monday 09:00 Europe/Berlin."


class NotAllowed(InputError):
    """This person may not change that here."""

    advice = "Ask someone who manages Clout here."


class LimitReached(InputError):
    """A configured limit stands in the way."""

    advice = "Remove something first, or ask the operator to raise the limit."


class NotRecorded(InputError):
    """Nothing is stored that the command could show."""

    advice = "Look the creator up first."


class SourceError(CloutError):
    """One network could not answer; kept per network as a value, it never lowers a score."""

    status: ClassVar[str] = "upstream_error"
    """How a card names the answer: one of core.models.Status."""
    transient: ClassVar[bool] = False
    """Whether the same question may get an answer later without anybody mending anything."""
    ours: bool = False
    """Whether our own budget refused, so that the network was not asked and nothing was learnt of the account."""

    def __init__(self, network: str, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message, retry_at=retry_at)
        self.network = network


class NotFound(SourceError):
    """Unknown handle, or an account the network does not show; the two cannot be told apart.

    `suggestion` is a known handle that looks much like it.
    """

    status = "not_found_or_not_eligible"
    advice = "Check the spelling, or give the network: network:name."

    def __init__(
        self, network: str, message: str, *, retry_at: datetime | None = None, suggestion: str | None = None
    ) -> None:
        super().__init__(network, message, retry_at=retry_at)
        self.suggestion = suggestion


class Private(SourceError):
    """The account is protected, or asks not to be shown to logged-out apps."""

    status = "private"
    advice = "Only the creator can change this."


class OptedOut(Private):
    """The creator asked whoever runs this installation not to score the account; the network is not asked."""


class Suspended(SourceError):
    """The account is suspended, deactivated or taken down."""

    status = "suspended"
    advice = "The network no longer shows this account."


class NeedsOwner(SourceError):
    """Only the account's owner may show this, or the owner's consent has run out."""

    status = "needs_owner_consent"
    advice = "The creator has to connect the account."


class TokenExpired(NeedsOwner):
    """The owner's consent has run out or was withdrawn on the network."""

    status = "token_expired"
    advice = "The creator has to connect the account again."


class NotConfigured(SourceError):
    """There is no key for the network, or its connector is off."""

    status = "not_configured"
    advice = "`networks` says what is read here, and what each other network needs."


class RateLimited(SourceError):
    """A short window of requests is spent."""

    status = "rate_limited"
    transient = True
    advice = "Try again at the time shown; the stored score stays as it is."


class QuotaExhausted(SourceError):
    """The day's or the month's allowance is spent."""

    status = "rate_limited"
    transient = True
    advice = "Try again at the time shown; the stored score stays as it is."


class PaymentRequired(SourceError):
    """Credits are used up, or our own spend cap is reached."""

    status = "rate_limited"
    transient = True
    advice = "The operator can raise the cap; the stored score stays as it is."


class Unavailable(SourceError):
    """Timeout, refused connection, server error; also: every network failed.

    `causes` holds what each of several networks answered, so that no reason and no time to try again is lost.
    """

    status = "upstream_error"
    transient = True
    advice = "Try again in a few minutes."

    def __init__(
        self,
        network: str,
        message: str,
        *,
        retry_at: datetime | None = None,
        causes: "tuple[SourceError, ...]" = (),
    ) -> None:
        super().__init__(network, message, retry_at=retry_at)
        self.causes = causes


class SourceAuthFailed(SourceError):
    """The operator's key or permission is refused; told to the operator once, never to a channel."""

    status = "permission_missing"
    advice = "The operator has to renew this network's key or permission."


class SourceChanged(SourceError):
    """An answer that no longer fits the model: a bug report that names the field."""

    status = "upstream_error"
    advice = "Please report it with the reference code; an update of Clout will mend it."

    def __init__(self, network: str, message: str, *, field: str | None = None) -> None:
        super().__init__(network, message)
        self.field = field


class StoreError(CloutError):
    """The database refuses; the message says what to do."""

    advice = "The operator has to look at the database."


class SettingsError(CloutError):
    """Missing or wrong settings, all of them in one message."""

    advice = "docs/settings.md describes every setting."


class DeliveryError(CloutError):
    """A message could not be posted in a channel."""

    advice = "Check that Clout may still post in the channel."

    def __init__(self, channel: str, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message, retry_at=retry_at)
        self.channel = channel


class ChannelGone(DeliveryError):
    """The channel was deleted or archived."""

    advice = "Choose another channel."


class DeliveryForbidden(DeliveryError):
    """Clout lost the permission to post there."""

    advice = "Give Clout the permission to post in the channel again."


class DeliveryUnknown(DeliveryError):
    """The platform never said whether the message arrived; it is not sent twice."""

    advice = "Look in the channel; post it again by hand if it is missing."
