"""Meta's ways to let an owner in: Facebook Login for Instagram and Pages, and the one of Threads.

Both give a code for a token of about an hour, which is exchanged for one of about 60 days; that one is exchanged again
before it ends. Refusals are Graph's and are told by code (CONNECTORS 5). There is no call that takes one consent back:
removing the app's permissions would end every other consent that the same person gave. No network of its own.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BeforeValidator, Field, SecretStr

from core.connectors.base import Asked, Call, Credentials, LenientText, ask, unreachable
from core.connectors.faults import HttpError
from core.connectors.graph import GraphWire, NodeId, Paging, page_after, refusal, signed, told
from core.connectors.owners import ACCESS, Accounts, Grant, OAuth, OwnerAccess, carried_over, ended, granted
from core.errors import SourceAuthFailed, SourceChanged, SourceError, TokenExpired, Unavailable
from core.manifest import Manifest
from core.models import Clock

if TYPE_CHECKING:
    from core.connectors.answers import Answer
    from core.connectors.http import Requests

Fields = Mapping[str, str]
T = TypeVar("T")

RENEW_AHEAD = timedelta(days=10)  # of the 60 that a token lives
_APP_REFUSED = frozenset({1, 101})  # 1: the secret is wrong, 101: there is no such app


def as_owner(credentials: Credentials) -> Credentials:
    """Return the credentials of a call in the owner's name: their token, and our app's secret to sign with."""
    secret = {"app_secret": credentials["app_secret"]} if "app_secret" in credentials else {}
    return {"access_token": credentials[ACCESS], **secret}


def facebook_login(
    manifest: Manifest, needed: Collection[str], others: Collection[str], reads: tuple[str, ...]
) -> OAuth:
    """Return the sign-in of a network behind Facebook Login, with the permissions it asks for."""
    version = manifest.base_url.rstrip("/").rpartition("/")[2]
    return OAuth(
        authorize_url=f"https://www.facebook.com/{version}/dialog/oauth",
        token_url=f"{manifest.base_url}oauth/access_token",
        scopes=(*needed, *others),
        needed=frozenset(needed),
        separator=",",
        id_credential="app_id",
        secret_credential="app_secret",
        loopback=False,  # https only, but for apps that are still being developed
        reads=reads,
        withdraw_url="https://www.facebook.com/settings?tab=business_tools",
        renew_ahead=RENEW_AHEAD,
    )


def facebook_access(manifest: Manifest, oauth: OAuth, accounts: Accounts) -> OwnerAccess:
    """Return how accounts behind Facebook Login are connected (Facebook Login, Get long-lived tokens)."""

    async def longer(token: str, client: "Requests", clock: Clock, credentials: Credentials) -> Grant:
        form = {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
        return await _posted(manifest, oauth, form, client, clock, credentials)

    async def exchange(
        code: str, redirect_uri: str, verifier: str, client: "Requests", clock: Clock, credentials: Credentials
    ) -> Grant:
        form = {"code": code, "redirect_uri": redirect_uri}
        short = await _posted(manifest, oauth, form, client, clock, credentials)
        grant = await longer(short.access.get_secret_value(), client, clock, credentials)
        scopes = await _permissions(manifest, client, clock, {**credentials, ACCESS: grant.access})
        return grant.model_copy(update={"scopes": scopes})

    async def renew(grant: Grant, client: "Requests", clock: Clock, credentials: Credentials) -> Grant:
        return carried_over(grant, await longer(grant.access.get_secret_value(), client, clock, credentials))

    return OwnerAccess(oauth, exchange, accounts, renew)


def threads_access(manifest: Manifest, oauth: OAuth, accounts: Accounts) -> OwnerAccess:
    """Return how Threads accounts are connected (Threads API, Long-lived tokens).

    The exchanges are documented as GET with their secrets in the query; the client tells no query to anybody.
    """
    host = oauth.token_url.partition("/oauth/")[0]

    async def exchange(
        code: str, redirect_uri: str, verifier: str, client: "Requests", clock: Clock, credentials: Credentials
    ) -> Grant:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        short = await _posted(manifest, oauth, form, client, clock, credentials)
        secret = credentials[oauth.secret_credential].get_secret_value()
        query = {"grant_type": "th_exchange_token", "client_secret": secret}
        query["access_token"] = short.access.get_secret_value()
        return carried_over(short, await _got(manifest, f"{host}/access_token", query, client, clock))

    async def renew(grant: Grant, client: "Requests", clock: Clock, credentials: Credentials) -> Grant:
        query = {"grant_type": "th_refresh_token", "access_token": grant.access.get_secret_value()}
        return carried_over(grant, await _got(manifest, f"{host}/refresh_access_token", query, client, clock))

    return OwnerAccess(oauth, exchange, accounts, renew)


# --- what the person who consents has -------------------------------------------------------------------------------

_MOST_PAGES = 5  # of the list of Pages, 100 each


def _objects(value: object) -> object:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else value


class _Professional(GraphWire):
    id: NodeId
    username: LenientText = None


class PageNode(GraphWire):
    """A Page the person manages: `access` is the Page's own token, `instagram` the professional account behind it."""

    id: NodeId
    username: LenientText = None
    access: SecretStr | None = Field(None, alias="access_token")
    instagram: _Professional | None = Field(None, alias="instagram_business_account")


class _Pages(Paging):
    items: tuple[PageNode, ...] = Field(alias="data")


class _Permission(GraphWire):
    permission: LenientText = None
    status: LenientText = None


class _Permissions(GraphWire):
    items: Annotated[tuple[_Permission, ...], BeforeValidator(_objects)] = Field(alias="data")


async def managed_pages(
    manifest: Manifest, client: "Requests", clock: Clock, credentials: Credentials
) -> tuple[PageNode, ...]:
    """Return the Pages that the token under `ACCESS` manages, as far as the person chose them; raises SourceError."""
    call = _call(manifest, "accounts", _Pages.model_validate_json)
    proof, headers = signed(manifest, as_owner(credentials))
    params: Fields = {"fields": "id,username,access_token,instagram_business_account{id,username}", "limit": "100"}
    found: dict[str, PageNode] = {}
    after: Fields = {}
    for _ in range(_MOST_PAGES):
        page = await ask(call, client, _asked(clock.now()), "me/accounts", {**params, **proof, **after}, headers)
        known = len(found)
        found.update({one.id: one for one in page.items})
        if page.next_page is None or len(found) == known:
            break
        after = page_after(page.next_page)
    return tuple(found.values())


async def _permissions(
    manifest: Manifest, client: "Requests", clock: Clock, credentials: Credentials
) -> tuple[str, ...]:
    """Return what the owner really granted: single permissions can be unticked (Graph API, User Permissions).

    Nothing where that cannot be read: the code is used up by now, and what is missing shows with the first lookup.
    """
    call = _call(manifest, "permissions", _Permissions.model_validate_json)
    proof, headers = signed(manifest, as_owner(credentials))
    try:
        found = (await ask(call, client, _asked(clock.now()), "me/permissions", proof, headers)).items
    except (Unavailable, SourceChanged, SourceAuthFailed):
        return ()
    return tuple(one.permission for one in found if one.permission is not None and one.status == "granted")


def _call(manifest: Manifest, name: str, parse: Callable[[bytes], T]) -> Call[T]:
    return Call(
        manifest,
        name,
        rf"/me/{name}$",
        lambda body, _: parse(body),
        lambda answer, asked: refusal(manifest, answer, asked, lambda *_: None),
    )


def _asked(now: datetime) -> Asked:
    return Asked(handle="", now=now, owned=True)


# --- inside -----------------------------------------------------------------------------------------------------------


async def _posted(
    manifest: Manifest, oauth: OAuth, form: Fields, client: "Requests", clock: Clock, credentials: Credentials
) -> Grant:
    ours = {
        oauth.id_parameter: credentials[oauth.id_credential].get_secret_value(),
        "client_secret": credentials[oauth.secret_credential].get_secret_value(),
    }
    try:
        answer = await client.post(client.auth_beneath(oauth.token_url), form={**form, **ours})
    except HttpError as err:
        raise unreachable(manifest, err) from err
    return _grant(manifest, answer, clock.now())


async def _got(manifest: Manifest, url: str, query: Fields, client: "Requests", clock: Clock) -> Grant:
    try:
        answer = await client.get(client.auth_beneath(url), params=query)
    except HttpError as err:
        raise unreachable(manifest, err) from err
    return _grant(manifest, answer, clock.now())


def _grant(manifest: Manifest, answer: "Answer", now: datetime) -> Grant:
    error = _refused(manifest, answer, now)
    if error is not None:
        raise error
    return granted(manifest, answer, now)


def _refused(manifest: Manifest, answer: "Answer", now: datetime) -> SourceError | None:
    """Return what a refusal in Graph's form means at the token endpoint; None leaves it to the standard's reading."""
    error = told(answer)
    if error is not None and answer.status < 500 and error.code in _APP_REFUSED and not error.is_transient:
        return SourceAuthFailed(manifest.name, f"{manifest.label} refused our app's id or secret.")
    gone = TokenExpired(manifest.name, ended(manifest))
    return refusal(manifest, answer, _asked(now), lambda *_: gone)
