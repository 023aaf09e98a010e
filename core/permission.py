"""What a consent is to people: what an owner is asked for, and what came of it. Models alone; core/consents.py acts."""

from datetime import timedelta
from typing import Literal

from core.models import Model, Moment

LINK_LASTS = timedelta(hours=24)
"""How long a link can be used."""

CONNECT_PATH, CALLBACK_PATH, WITHDRAW_PATH = "/connect", "/connect/callback", "/withdraw"
"""Where the pages stand beneath the public address."""

OutcomeKind = Literal[
    "open",  # the link is good, and its page asks
    "used",
    "expired",
    "unknown",
    "connected",
    "denied",
    "other_account",
    "partly",  # a scope without which nothing can be read was not allowed
    "foreign",  # the answer came to another browser than the one that began
    "replayed",
    "late",  # the network no longer takes the code
    "unanswered",  # the network could not be asked
    "misfit",  # everything was allowed, and the account cannot be added
    "refused",  # the network refuses our app: the operator's to mend
    "unready",  # not set up here any more
    "standing",  # a withdrawal link is good, and its page asks
    "withdrawn",
    "gone",  # nothing stands under a withdrawal link
]
"""What became of a link, of a sign-in or of a withdrawal."""

FAILED_KINDS: frozenset[OutcomeKind] = frozenset({"unanswered", "refused", "unready"})
"""What is neither the owner's doing nor the link's."""


class Consent(Model):
    """What an owner is asked for: `team_name` asks for the `handle` on a network, for its creator.

    `reads` say in plain words what is read, `withdraw_url` where the network itself lets people withdraw, `contact`
    who runs this installation. `address` is the page's, known only to whoever asked for the link. `typed` is what ends
    the consent where no page of ours lasts: on the creator's own machine.
    """

    team: str
    team_name: str
    network: str
    label: str
    creator: str
    handle: str
    contact: str = ""
    reads: tuple[str, ...]
    withdraw_url: str
    until: Moment
    address: str = ""
    typed: str = ""


class Outcome(Model):
    """What became of a step; `consent` is None where the person may not see whose it is.

    `signed_in` are the accounts that were signed in instead, `missing` the scopes that were not allowed, `reason` a
    sentence of why, `withdrawal` the address that takes the consent back, told this once, where it lasts.
    """

    kind: OutcomeKind
    consent: Consent | None = None
    signed_in: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reason: str = ""
    withdrawal: str = ""


class Begun(Model):
    """A sign-in that begins: the network's name and `address`, and what the browser and the network bring back."""

    label: str
    address: str
    state: str
    browser: str


class Withdrawn(Model):
    """What a team let go of: the accounts of a creator on one network."""

    creator: str
    network: str
    handles: tuple[str, ...]
