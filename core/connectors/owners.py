"""What a connector adds whose network asks the account's owner: where consent is given, and how its tokens come and go.

The standard dialect is RFC 6749 (section 4.1, authorization code; section 6, refreshing) with PKCE (RFC 7636) and
revocation (RFC 7009). A network with a dialect of its own passes functions of its own to `OwnerAccess`.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError

from core.connectors.base import Credentials, LenientCount, LenientText, Wire, changed, rate_limited, unreachable
from core.connectors.faults import HttpError
from core.errors import NeedsOwner, SourceAuthFailed, SourceError, TokenExpired, Unavailable
from core.manifest import Manifest
from core.models import Clock, Model, Moment

if TYPE_CHECKING:
    from core.connectors.answers import Answer
    from core.connectors.http import Requests

ACCESS = "owner_token"
"""The credential under which `fetch`, `accounts` and `revoke` find the owner's token."""


class OAuth(Model):
    """Where an owner gives consent on a network, and what is asked for.

    `needed` are the scopes without which nothing can be read; the others of `scopes` are asked for as well.
    `id_credential` and `secret_credential` name the manifest's credentials of our app, `id_parameter` what the network
    calls the first. `challenge_form` is how PKCE's hash is written. `basic` sends both in the Authorization header
    instead of the form. `loopback` says whether the network sends people back to an address of their own machine.
    `reads` are what the consent page says is read, in plain words, an item each; `withdraw_url` is where the owner can
    withdraw on the network itself.
    """

    authorize_url: str
    token_url: str
    revoke_url: str = ""
    scopes: tuple[str, ...]
    needed: frozenset[str]
    separator: str = " "
    id_credential: str = "client_id"
    secret_credential: str = "client_secret"
    id_parameter: str = "client_id"
    pkce: bool = False
    challenge_form: Literal["base64url", "hex"] = "base64url"
    basic: bool = False
    loopback: bool = True
    extra: Mapping[str, str] = {}
    reads: tuple[str, ...]
    withdraw_url: str
    renew_ahead: timedelta = timedelta(days=7)  # how long before its end a token is renewed


def challenge(oauth: OAuth, verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636, 4.2), in the form the network reads it."""
    hashed = sha256(verifier.encode())
    if oauth.challenge_form == "hex":
        return hashed.hexdigest()
    return base64.urlsafe_b64encode(hashed.digest()).decode().rstrip("=")


class Grant(Model):
    """What an owner's consent brought: tokens, until when, and what they allow; `scopes` is empty when untold."""

    access: SecretStr
    refresh: SecretStr | None = None
    expires_at: Moment | None = None
    refresh_expires_at: Moment | None = None
    scopes: tuple[str, ...] = ()


class Owned(Model):
    """An account that a grant opens; `access` is a token of its own where the network has one (a Facebook Page)."""

    native_id: str
    handle: str
    access: SecretStr | None = None


Exchange = Callable[[str, str, str, "Requests", Clock, Credentials], Awaitable[Grant]]
"""`(code, redirect_uri, verifier, client, clock, credentials)`: the grant of a code that consent brought."""
Renew = Callable[[Grant, "Requests", Clock, Credentials], Awaitable[Grant]]
"""A newer grant; raises TokenExpired when only the owner can give one."""
Revoke = Callable[[Grant, "Requests", Clock, Credentials], Awaitable[None]]
"""Tell the network that a grant is no longer wanted; raises SourceError."""
Accounts = Callable[["Requests", Clock, Credentials], Awaitable[tuple[Owned, ...]]]
"""The accounts that the token under `ACCESS` opens; raises SourceError."""


@dataclass(frozen=True, slots=True)
class OwnerAccess:
    """How a network's accounts are connected by their owners: a connector's `OWNER`.

    `fetch` of the connector then finds the owner's token under `ACCESS` among its credentials, and the account's native
    id in its target. `renew` is None where a token cannot be renewed without its owner, `revoke` where the network
    has no such call.
    """

    oauth: OAuth
    exchange: Exchange
    accounts: Accounts
    renew: Renew | None = None
    revoke: Revoke | None = None


def standard(manifest: Manifest, oauth: OAuth, accounts: Accounts) -> OwnerAccess:
    """Return the access of a network that keeps to the standards."""

    async def exchange(
        code: str, redirect_uri: str, verifier: str, client: "Requests", clock: Clock, credentials: Credentials
    ) -> Grant:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if oauth.pkce:
            form["code_verifier"] = verifier
        return await tokens(manifest, oauth, form, client, clock, credentials)

    async def renew(grant: Grant, client: "Requests", clock: Clock, credentials: Credentials) -> Grant:
        if grant.refresh is None:
            raise TokenExpired(manifest.name, ended(manifest))
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh.get_secret_value()}
        return carried_over(grant, await tokens(manifest, oauth, form, client, clock, credentials))

    async def revoke(grant: Grant, client: "Requests", clock: Clock, credentials: Credentials) -> None:
        form, headers = signed(oauth, {"token": grant.access.get_secret_value()}, credentials)
        await _post(manifest, oauth.revoke_url, form, headers, client)

    return OwnerAccess(oauth, exchange, accounts, renew, revoke if oauth.revoke_url else None)


async def tokens(
    manifest: Manifest,
    oauth: OAuth,
    form: Mapping[str, str],
    client: "Requests",
    clock: Clock,
    credentials: Credentials,
) -> Grant:
    """Return what the token endpoint gives for a form; raises TokenExpired for a code or token that is spent."""
    form, headers = signed(oauth, form, credentials)
    answer = await _post(manifest, oauth.token_url, form, headers, client)
    return granted(manifest, answer, clock.now())


def granted(manifest: Manifest, answer: "Answer", now: datetime) -> Grant:
    """Return the grant in a token endpoint's answer (RFC 6749, sections 5.1 and 5.2); raises SourceError."""
    error = refusal(manifest, answer, now)
    if error is not None:
        raise error
    try:
        told = _Tokens.model_validate_json(answer.body)
    except ValidationError as err:
        raise changed(manifest, answer, err) from None  # without its cause, which quotes tokens
    return Grant(
        access=told.access_token,
        refresh=told.refresh_token,
        expires_at=_ends(now, told.expires_in),
        refresh_expires_at=_ends(now, told.refresh_expires_in or told.refresh_token_expires_in),
        scopes=tuple(told.scope),
    )


def refusal(manifest: Manifest, answer: "Answer", now: datetime) -> SourceError | None:
    """Return what a token endpoint's refusal means, None for an answer with tokens; matched on codes alone."""
    name, label = manifest.name, manifest.label
    if answer.status == 429:
        return rate_limited(manifest, answer, now)
    if answer.status >= 500:
        return Unavailable(name, f"{label} has a problem of its own (status {answer.status}).")
    try:
        told = _Refusal.model_validate_json(answer.body)
    except ValidationError:
        told = _Refusal()
    if told.error in _NOT_OURS:
        return SourceAuthFailed(name, f"{label} refused our app's id or secret.")
    if 400 <= answer.status < 500 and answer.content_type.endswith("html"):  # from in front of the endpoint
        return Unavailable(name, f"{label} answered with a web page instead of a token.")
    if told.error in _SPENT or answer.status in (400, 401, 403):
        return TokenExpired(name, ended(manifest))
    if told.error or answer.status >= 300:
        return Unavailable(name, f"{label} did not give a token.")
    return None


def carried_over(before: Grant, after: Grant) -> Grant:
    """Return a renewed grant with what its answer left out: the same refresh token and scopes go on."""
    if after.refresh is None:
        kept = {"refresh": before.refresh, "refresh_expires_at": before.refresh_expires_at}
        after = after.model_copy(update=kept)
    elif after.refresh == before.refresh and after.refresh_expires_at is None:
        after = after.model_copy(update={"refresh_expires_at": before.refresh_expires_at})
    return after if after.scopes else after.model_copy(update={"scopes": before.scopes})


def ended(manifest: Manifest) -> str:
    """Return the sentence for a consent that has run out or was withdrawn."""
    return f"{manifest.label}: the creator's permission has ended; the account has to be connected again."


def needs_owner(manifest: Manifest, handle: str) -> NeedsOwner:
    """Return what an account answers that nobody has connected here."""
    return NeedsOwner(manifest.name, f"{manifest.label} needs @{handle} to connect.")


# --- inside -----------------------------------------------------------------------------------------------------------

_SPENT = frozenset({"invalid_grant", "expired_token", "access_denied"})
_NOT_OURS = frozenset({"invalid_client", "unauthorized_client", "invalid_client_key", "invalid_client_secret"})


def _scopes(value: object) -> tuple[str, ...]:
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    return tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else ()


class _Tokens(Wire):
    access_token: SecretStr = Field(min_length=1)
    refresh_token: SecretStr | None = None
    expires_in: LenientCount = None
    refresh_expires_in: LenientCount = None  # TikTok
    refresh_token_expires_in: LenientCount = None  # LinkedIn, Pinterest
    scope: Annotated[tuple[str, ...], BeforeValidator(_scopes)] = ()


class _Refusal(Wire):
    error: LenientText = None


def _ends(now: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=min(seconds, _LONGEST_S))


_LONGEST_S = 10 * 366 * 86_400


def signed(oauth: OAuth, form: Mapping[str, str], credentials: Credentials) -> tuple[dict[str, str], dict[str, str]]:
    """Return the form and the headers of a request that our app signs, where the network wants its id and secret."""
    ours = credentials[oauth.id_credential].get_secret_value()
    secret = credentials[oauth.secret_credential].get_secret_value()
    if oauth.basic:
        pair = base64.b64encode(f"{ours}:{secret}".encode()).decode()
        return dict(form), {"authorization": f"Basic {pair}"}
    return {**form, oauth.id_parameter: ours, "client_secret": secret}, {}


async def _post(
    manifest: Manifest, url: str, form: Mapping[str, str], headers: Mapping[str, str], client: "Requests"
) -> "Answer":
    try:
        return await client.post(client.auth_beneath(url), form=form, headers={"accept": "application/json", **headers})
    except HttpError as err:
        raise unreachable(manifest, err) from err
