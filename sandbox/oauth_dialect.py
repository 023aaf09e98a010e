"""How the sign-ins of networks differ: the words and shapes that an OAuth server of the pretend internet goes by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sandbox.wire import Answer, Json, as_json
from sandbox.world import Account

if TYPE_CHECKING:
    from sandbox.oauth import OAuthServer

Form = Mapping[str, str]


class Refusal(Exception):
    """An error of the token endpoint: code, sentence and status; the dialect gives it its shape."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description or error.replace("_", " ").capitalize() + "."
        self.status = status


def plain_refusal(refusal: Refusal) -> Answer:
    """Return an error as RFC 6749, section 5.2, has it."""
    return as_json({"error": refusal.error, "error_description": refusal.description}, refusal.status)


@dataclass
class Issued:
    """One consent: who gave it, for what, and its tokens of the moment; `until` None never ends."""

    accounts: tuple[Account, ...]
    scopes: tuple[str, ...]
    token: str = ""
    until: datetime | None = None
    refresh: str = ""
    refresh_until: datetime | None = None

    @property
    def account(self) -> Account:
        """Return the account, the first one where several were chosen."""
        return self.accounts[0]


def plain_tokens(issued: Issued, told: Json) -> Json:
    """Return a token answer as RFC 6749, section 5.1, has it."""
    return told


@dataclass(frozen=True)
class Dialect:
    """How a network's sign-in differs from the others'.

    Paths are beneath `/{network}-id`; an empty one does not exist. `id_setting` and `secret_setting` are what Clout's
    settings call the app's id and secret, `id_parameter` what the network calls the first in a query or form. `basic`
    wants both in the Authorization header. `pkce` is the form of the challenge that is required ("" for none).
    `loopback` says whether it sends people back to their own machine, `many` whether one consent opens several
    accounts. `lasts` is how long an access token lives, `refresh_lasts` a refresh token (None: there are none).
    `tokens` turns the standard's answer into the network's, `refuse` an error. `routes` are calls of the network's own
    by method and path.
    """

    network: str
    label: str
    scopes: tuple[str, ...]
    client_id: str
    secret: str
    authorize: str = "oauth/authorize"
    token: str = "oauth/token"
    revoke: str = ""
    id_setting: str = "client_id"
    secret_setting: str = "client_secret"
    id_parameter: str = "client_id"
    basic: bool = False
    pkce: Literal["", "base64url", "hex"] = ""
    separator: str = " "
    loopback: bool = True
    many: bool = False
    lasts: timedelta = timedelta(hours=1)
    refresh_lasts: timedelta | None = None
    rotates: bool = False
    refresh_ends: str = ""  # under what name an answer tells how many seconds the refresh token lives
    back: tuple[str, ...] = ()  # under what names beside `code` and `state` the granted scopes come back
    tokens: Callable[[Issued, Json], Json] = plain_tokens
    refuse: Callable[[Refusal], Answer] = plain_refusal
    routes: "Mapping[tuple[str, str], Route]" = field(default_factory=dict)


Route = Callable[["OAuthServer", Form, Mapping[str, str]], Answer]
"""`(server, form and query, headers)`; may raise Refusal."""
