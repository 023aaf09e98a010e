"""Mastodon: any server that speaks its API; every account is read on its home server.

A native id is `<id>@<server>`: an id means something on its own server only, and that server is where to ask for it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar, get_args
from urllib.parse import quote, urlsplit

from core.connectors.base import Asked, Call, Credentials, Page, Walk, text, unreachable
from core.connectors.fediverse import Finger, Place, is_last, next_cursor, server_name, server_tokens
from core.connectors.http import Answer, HttpError, Requests
from core.connectors.mastodon_entities import (
    ACCOUNTS,
    STATUS,
    STATUSES,
    Account,
    is_open,
    kind_of,
    shown_at,
    web_address,
)
from core.errors import NotConfigured, NotFound, SourceAuthFailed, SourceError, Suspended, Unavailable
from core.manifest import Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import Action, Clock, Profile, Snapshot

MANIFEST = Manifest(
    name="mastodon",
    label="Mastodon",
    hosts=(),  # the account's own server, checked by the address guard
    base_url="https://{instance}/api/v1/",
    handles=HandleRule(
        shape="address",
        # Mastodon's own rule for user names, written so that it never backtracks, then a public domain name
        pattern=r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}",
        hint="a name and its server, such as @mara@social.example",
        example="@mara@social.example",
        urls=(
            UrlForm(hosts=("*",), path=r"(?:/web|/deck)?/@(?P<handle>[^/]+)(?:/.*)?"),
            UrlForm(hosts=("*",), path=r"/users/(?P<handle>[^/]+)(?:/.*)?"),
        ),
    ),
    credentials=(
        Credential(
            name="tokens",
            required=False,
            help="Tokens for servers that show accounts only to logged-in apps: server=token, separated by commas. "
            "Each comes from that server (Preferences, Development, New application, scope read) and goes only there.",
        ),
        Credential(
            name="default_instance",
            required=False,
            asked=False,
            help="The server meant when a name comes without one, such as mastodon.social. Unset: a bare name is not "
            "looked up on Mastodon.",
        ),
    ),
    setup_url="https://docs.joinmastodon.org/client/token/",
    counts=frozenset({"likes", "reposts", "replies", "quotes"}),
    supplies_kind=True,
    follow_hosts=True,
    reset_headers=("mastodon", "retry-after"),  # the second one from some relatives
    limits="300 requests in 5 minutes on each server.",
    cost="Free; no key on most servers.",
    attribution="Mastodon",
    reads=(
        "Followers, and favourites, boosts, replies and, on newer servers, quotes of public and unlisted posts, "
        "as the home server counts them. Boosts of other people's posts count as activity only."
    ),
    cannot_see=(
        "Views and bookmarks, posts for followers only, and a few reactions that other servers never reported home. "
        "Accounts that ask not to be indexed are kept only while a team tracks them."
    ),
    off_wording="Mastodon is switched off here.",
)

_PAGE = 40  # the most `statuses` gives at once [spec]
_USUAL_PAGE = 20  # what a server gives that does not listen to `limit`
_COUNTED_AT_HOME = "Mastodon: counts of the home server; reactions on other servers are partly missing."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class At(Asked):
    """A question to one server; `handle` is the account's address, `keyed` says that a token goes with it."""

    host: str = ""
    keyed: bool = False


# --- answers to house types -------------------------------------------------------------------------------------------


def _account(body: bytes, asked: Asked) -> Account:
    return Account.model_validate_json(body)


def _accounts(body: bytes, asked: Asked) -> tuple[Account, ...]:
    return ACCOUNTS.validate_json(body)


def _home(body: bytes, asked: Asked) -> Place | None:
    return Finger.model_validate_json(body).place(asked.handle)


def _nothing(body: bytes, asked: Asked) -> None:
    return None


def _profile(body: bytes, asked: Asked) -> Profile:
    return _shown(_account(body, asked), asked)


def _shown(account: Account, asked: Asked) -> Profile:
    """Return the account as a profile; raises Suspended."""
    host = _host(asked, account.url)
    handle = _handle(account, asked, host)
    if account.suspended:
        raise Suspended(MANIFEST.name, f"Mastodon: @{handle} is suspended on its server.")
    return Profile(
        network=MANIFEST.name,
        native_id=f"{account.id}@{host}",
        handle=handle,
        display_name=account.display_name,
        url=account.url or f"https://{host}/@{account.username}",
        avatar_url=account.avatar,
        bio=text(account.bio),
        created_at=account.created_at,
        followers=account.shown_followers,
        following=account.shown_following,
        posts_total=account.statuses,
        links=account.links,
        verified_links=account.verified_links,
        fetched_at=asked.now,
    )


def _host(asked: Asked, url: str | None) -> str:
    """Return the server that answers: the one that was asked, or for a recorded answer the one it names."""
    if isinstance(asked, At):
        return asked.host
    return (urlsplit(url).hostname or "") if url else ""


def _handle(account: Account, asked: Asked, host: str) -> str:
    """Return the address that was asked for, unless the account has another name on its server by now."""
    user = account.username.lower()
    if asked.handle and (user == _user(asked.handle) or not _is_address(f"{user}@{host}")):
        return asked.handle
    return f"{user}@{host}"


def _user(address: str) -> str:
    return address.partition("@")[0]


def _is_address(address: str) -> bool:
    return re.fullmatch(MANIFEST.handles.pattern, address) is not None


def _page(body: bytes, asked: Asked) -> Page:
    items = STATUSES.validate_json(body)
    authors = [item["author"] for item in items]
    # whose statuses these are when nobody says; of a boost too, the wrapper is the booster's own
    whose = asked.subject.rpartition("@")[0] or max(authors, key=authors.count, default="")
    oldest = items[-1]["created_at"] if items else None  # some servers let posts be dated back
    own = [item for item in items if item["author"] == whose and is_open(item)]
    known = asked.host if isinstance(asked, At) else None
    for item in own:
        host = known or _host(asked, web_address(item["author_url"]))
        item["native_id"] = f"{item['native_id']}@{host}"
        if (kind := kind_of(item)) == "repost":  # its counts are another's; only the act of boosting is the subject's
            item.update(dict.fromkeys(get_args(Action)), url=shown_at(item))
        item["kind"] = kind
    return Page(posts=STATUS.posts(own), oldest=oldest, items=len(items))


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means; every server has its own sentences, so only the status speaks."""
    name, host = MANIFEST.name, asked.host if isinstance(asked, At) else "this server"
    whom = f"@{asked.handle}" if asked.handle else "this account"
    if answer.status == 403 and _is_page(answer):
        return Unavailable(name, f"Mastodon: {host} does not let this app in.")
    if answer.status in (401, 403):
        if isinstance(asked, At) and asked.keyed:
            return SourceAuthFailed(name, f"Mastodon: {host} refuses the token that is set for it.")
        return NotConfigured(
            name,
            f"Mastodon: this server wants a token: {host} shows its accounts only to logged-in apps; "
            "the operator can add one.",
        )
    if answer.status == 404:
        return NotFound(name, f"I can't find {whom} on Mastodon.")
    if answer.status == 410:
        return Suspended(name, f"Mastodon: {whom} is suspended or gone.")
    return None


def _is_page(answer: Answer) -> bool:
    return answer.content_type.endswith("html")


def _is_elsewhere(answer: Answer) -> bool:
    """Return whether the account may be had another way: no such call here, or a web site without any API."""
    refused = answer.status in (401, 410, 429) or answer.status >= 500
    return answer.status == 404 or (_is_page(answer) and not refused)


class _Paged(Call[Page]):
    """A call whose cursor stands in the answer's headers."""

    def read(self, answer: Answer, asked: Asked) -> Page:
        return replace(super().read(answer, asked), cursor=next_cursor(answer))


_NOBODY = "search|relationships|familiar_followers"  # about several accounts
PROFILE = Call(MANIFEST, "profile", rf"/api/v1/accounts/(?!(?:{_NOBODY})$)[^/]+$", _profile, _errors)
POSTS = _Paged(MANIFEST, "posts", r"/api/v1/accounts/[^/]+/statuses$", _page, _errors)
SEARCH = Call(MANIFEST, "accounts", r"/api/v1/accounts/(?:search|[^/]+/followers)$", _accounts, _errors)
HOME = Call(MANIFEST, "home", r"/\.well-known/webfinger$", _home, _errors)
OTHER = Call(MANIFEST, "other", r"/api/v1/", _nothing, _errors)  # there, only refusals tell us anything
CALLS = (PROFILE, POSTS, SEARCH, HOME, OTHER)
_ACCOUNT = Call(MANIFEST, "account", PROFILE.path, _account, _errors)  # before it becomes a profile


# --- one server -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _named(host: str) -> Manifest:
    """Return the manifest under a label that tells which of the many servers is meant."""
    return MANIFEST.model_copy(update={"label": f"Mastodon server {host}"})


@dataclass(frozen=True, slots=True)
class _Server:
    """One server, asked for one account; the tokens are those of all servers and each goes only to its own."""

    client: Requests
    tokens: Mapping[str, str] = field(repr=False)
    asked: At

    def other(self, host: str, address: str) -> "_Server":
        """Return another server, or the same one asked for another account."""
        asked = At(handle=address, now=self.asked.now, host=host, keyed=host in self.tokens)
        return replace(self, asked=asked)

    def on(self, call: Call[T]) -> Call[T]:
        """Return a call whose errors name this server."""
        return replace(call, manifest=_named(self.asked.host))

    async def get(self, path: str, params: Mapping[str, Any] | None = None, *, api: bool = True) -> Answer:
        """Ask for a path beneath the API, or beneath the server's root; raises Unavailable."""
        host = self.asked.host
        headers = {"authorization": f"Bearer {self.tokens[host]}"} if api and self.asked.keyed else None
        try:
            base = self.client.base_for(host)
            root = base if api else base.removesuffix("api/v1/")
            return await self.client.get(root + path, params=params, headers=headers)
        except HttpError as err:
            raise unreachable(_named(host), err) from err

    async def lookup(self) -> Answer:
        """Ask for the account by its name."""
        return await self.get("accounts/lookup", {"acct": _user(self.asked.handle)})

    def account(self, answer: Answer) -> Account:
        """Read the answer to a question for one account; raises SourceError."""
        return self._own([self.on(_ACCOUNT).read(answer, self.asked)])

    async def by_name(self, *, search: bool) -> Account:
        """Return the account where there is no lookup; raises NotFound and other SourceErrors."""
        try:
            return self.account(await self.get(f"accounts/{_user(self.asked.handle)}"))
        except NotFound:
            if not search:
                raise
        found = await self.get("accounts/search", {"q": _user(self.asked.handle), "limit": _PAGE})
        return self._own(self.on(SEARCH).read(found, self.asked))

    async def place(self) -> Place | None:
        """Return where the account of the address lives, None when this domain does not know; never raises."""
        resource = {"resource": f"acct:{self.asked.handle}"}
        try:
            answer = await self.get(".well-known/webfinger", resource, api=False)
            return self.on(HOME).read(answer, self.asked)
        except SourceError:  # the question before it has said what is wrong with this server
            return None

    def _own(self, accounts: Iterable[Account]) -> Account:
        """Return the account of the name asked for; copies of other servers' accounts have partial counts."""
        user, _, domain = self.asked.handle.partition("@")
        for account in accounts:
            if account.username.lower() == user and account.lives_at(domain, self.asked.host):
                return account
        raise NotFound(MANIFEST.name, f"I can't find @{self.asked.handle} on Mastodon.")


Found = tuple[_Server, Account]


async def _resolved(server: _Server) -> Found:
    """Find an account by its address: on the server of that name, else where that domain says it lives.

    Three requests at the most where lookup is known; a domain that is no server costs one more for its signpost.
    """
    answer = await server.lookup()
    if not _is_elsewhere(answer):
        return server, server.account(answer)
    place = await server.place()
    if place is not None and place != (server.asked.host, server.asked.handle):
        server = server.other(place.server, place.address)
        answer = await server.lookup()
        if not _is_elsewhere(answer):
            return server, server.account(answer)
    if answer.status != 404:
        server.account(answer)  # says what a web page instead of an account means
    return server, await server.by_name(search=place is not None)


async def _known(server: _Server, native_id: str) -> Found:
    """Find an account by the id that its server gave it; its name may be another one by now."""
    key, _, host = native_id.rpartition("@")
    if not key or server_name(host) != host:
        return await _resolved(server)
    domain = server.asked.host
    server = server.other(host, server.asked.handle)
    account = server.on(_ACCOUNT).read(await server.get(f"accounts/{quote(key, safe='')}"), server.asked)
    if account.id != key or not account.lives_at(domain, host):
        raise NotFound(MANIFEST.name, f"I can't find @{server.asked.handle} on Mastodon.")
    return server, account


async def _followed(server: _Server, account: Account) -> tuple[_Server, Account, tuple[str, ...]]:
    """Go where an account has moved, once: its old self keeps its posts and loses its followers."""
    if account.moved is None or account.suspended:
        return server, account, ()
    user, _, domain = account.moved.acct.lower().partition("@")
    host = server_name(domain) if domain else server.asked.host
    old, new = server.asked.handle, f"{user}@{host}"
    if not _is_address(new) or new == old:
        return server, account, (f"Mastodon: @{old} has moved, but does not say where in a way that can be read.",)
    server, account = await _resolved(server.other(host, new))
    return server, account, (f"Mastodon: @{old} has moved to @{new}; this is the new account.",)


async def _walked(server: _Server, native_id: str, since: datetime) -> tuple[Walk, datetime | None]:
    """Read the statuses back to `since`; returns them and the oldest moment they cover."""
    asked = replace(server.asked, subject=native_id)
    path = f"accounts/{quote(native_id.rpartition('@')[0], safe='')}/statuses"
    certain = True

    async def page(cursor: str | None) -> Page:
        nonlocal certain
        answer = await server.get(path, {"limit": _PAGE} | ({"max_id": cursor} if cursor is not None else {}))
        found = server.on(POSTS).read(answer, asked)
        certain = found.cursor is not None or is_last(answer, found.items, _USUAL_PAGE)
        return found

    walk = await Walk(since).over(page, MANIFEST.label)
    if certain or walk.oldest is None:
        return walk, walk.complete_from
    return walk, max(walk.oldest, since)


async def fetch(target: Target, since: datetime, client: Requests, clock: Clock, credentials: Credentials) -> Snapshot:
    """Return a Mastodon account, read on its home server, and its statuses back to `since`; raises one SourceError.

    An account that has moved is read at its new home, with a note.
    """
    address, tokens = target.handle.lower(), _tokens(credentials)
    host = server_name(address.rpartition("@")[2])
    home = _Server(client, tokens, At(handle=address, now=clock.now(), host=host, keyed=host in tokens))
    found = await (_known(home, target.native_id) if target.native_id else _resolved(home))
    server, account, notes = await _followed(*found)
    profile = _shown(account, server.asked)
    if account.shy:
        notes += (f"Mastodon: @{profile.handle} asks not to be indexed; no lasting profile is kept without a track.",)
    walk, complete_from = await _walked(server, profile.native_id, since)
    return Snapshot(
        profile=profile,
        posts=walk.inside(),
        complete_from=complete_from,
        notes=(_COUNTED_AT_HOME, *notes, *walk.notes),
    )


async def verify(client: Requests, clock: Clock, credentials: Credentials) -> Verified:
    """Try each server's token where it goes; raises SourceAuthFailed for the first that is refused."""
    tokens = _tokens(credentials)
    for host in tokens:
        server = _Server(client, tokens, At(handle="", now=clock.now(), host=host, keyed=True))
        server.on(OTHER).read(await server.get("apps/verify_credentials"), server.asked)
    return Verified(notes=tuple(f"{host} takes its token." for host in tokens))


def _tokens(credentials: Credentials) -> Mapping[str, str]:
    secret = credentials.get("tokens")
    try:
        return server_tokens(secret.get_secret_value()) if secret is not None else {}
    except ValueError:
        wanted = "CLOUT_MASTODON__TOKENS is written server=token, separated by commas."
        raise NotConfigured(MANIFEST.name, f"Mastodon: {wanted}") from None
