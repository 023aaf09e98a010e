"""GitHub: people and organisations, with the stars and forks of the repositories they own.

A repository is a post: `created_at` is its last push, which places it in the window, `opened_at` the day it was
created, from which on its stars and forks add up.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import AfterValidator, Field, TypeAdapter

from core.connectors.answers import Answer
from core.connectors.base import (
    Asked,
    Call,
    Credentials,
    LenientCount,
    LenientMoment,
    LenientText,
    Page,
    Walk,
    Wire,
    ask,
    links_in,
    moment,
    rate_limited,
)
from core.connectors.items import Item, Items, LenientStamp, Place
from core.errors import NotFound, SourceAuthFailed, SourceChanged, SourceError
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import MAX_COUNT, Clock, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="github",
    label="GitHub",
    hosts=("api.github.com",),
    base_url="https://api.github.com/",
    handles=HandleRule(
        pattern=r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,38}",
        hint="1 to 39 letters, digits or single hyphens",
        example="glowguru",
        reserved=frozenset(
            "about account apps blog codespaces collections contact copilot customer-stories dashboard enterprise "
            "events explore features issues join login logout marketplace models new notifications organizations orgs "
            "pricing pulls readme search security sessions settings signup site solutions sponsors stars team "
            "topics trending users".split()
        ),
        urls=(
            UrlForm(hosts=("github.com",), path=r"/(?:orgs|users|sponsors)/(?P<handle>[^/]+)(?:/.*)?"),
            UrlForm(hosts=("github.com", "gist.github.com"), path=r"/(?P<handle>[^/]+)(?:/.*)?"),
        ),
    ),
    credentials=(
        Credential(
            name="token",
            required=False,
            help="A fine-grained personal access token without any permission: raises the limit from 60 to 5,000 "
            "requests an hour.",
        ),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="hour",
            setting="hourly_requests",
            per_lookup=2,
            help="The most requests in one hour; unset, GitHub's own limit counts, which its answers tell.",
        ),
    ),
    setup_url="https://github.com/settings/personal-access-tokens/new",
    counts=frozenset({"likes", "reposts"}),
    counts_are="lifetime",
    reset_headers=("github", "retry-after"),
    limits="60 requests an hour for each address; 5,000 with a token.",
    cost="Free; a token without permissions is optional.",
    attribution="GitHub",
    reads="Followers, and stars and forks of the account's own repositories (forks of other projects are left out).",
    cannot_see=(
        "Likes, comments and views. Stars and forks are totals since a repository was opened: what counts is what they "
        "gained in 90 days, and until there are two readings a week apart that is an estimate."
    ),
    off_wording="GitHub is switched off here.",
)

_PAGE = 100  # the most a page holds [spec]
_PRIMARY_PAUSE = timedelta(hours=1)  # the primary limit's window, when no header says how much of it is left
_VERSION = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
_WHAT_COUNTS = "GitHub: stars and forks; no likes."

# --- what the answers look like (components/schemas public-user and minimal-repository) -------------------------------

# people write addresses into their bios; ours is not the place to keep them (CONNECTORS 3.3, terms)
_EMAIL = re.compile(r"(?<![\w.+@/-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SITE = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?")
_X_NAME = re.compile(r"[A-Za-z0-9_]{1,15}")
_FullName = Annotated[str, Field(strict=True, max_length=200, pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]


def _without_email(words: str | None) -> str | None:
    return (_EMAIL.sub("", words).strip() or None) if words else words


_Words = Annotated[LenientText, AfterValidator(_without_email)]
_Id = Annotated[int, Field(ge=0, le=MAX_COUNT)]


class _Account(Wire):
    id: _Id
    login: str = Field(min_length=1, max_length=100)
    kind: LenientText = Field(None, alias="type")
    name: _Words = None
    bio: _Words = None
    blog: _Words = None
    twitter_username: LenientText = None
    avatar_url: LenientText = None
    followers: LenientCount = None
    following: LenientCount = None
    public_repos: LenientCount = None
    created_at: LenientMoment = None


_REPOSITORY = Items(
    MANIFEST.name,
    native_id=Place("id", _Id, needed=True),
    created_at=Place("pushed_at", LenientStamp),  # null: nothing was ever pushed
    opened_at=Place("created_at", LenientStamp),
    likes=Place("stargazers_count"),  # watchers_count repeats it
    reposts=Place("forks_count"),
    owner=Place("owner.id", _Id, needed=True),
    name=Place("full_name", _FullName),
    fork=Place("fork", bool),
    private=Place("private", bool),
)
_REPOSITORIES: TypeAdapter[list[Item]] = TypeAdapter(Annotated[list[Item], _REPOSITORY])


class _Refusal(Wire):
    """What a refusal says; the address of the explanation is steadier than the sentence."""

    message: LenientText = None
    documentation_url: LenientText = None

    @property
    def is_secondary(self) -> bool:
        """Whether too much was asked at once."""
        where, words = (self.documentation_url or "").lower(), (self.message or "").lower()
        return "secondary-rate-limit" in where or "secondary rate limit" in words or "abuse" in where

    @property
    def is_limit(self) -> bool:
        """Whether a limit is meant, whichever."""
        where, words = (self.documentation_url or "").lower(), (self.message or "").lower()
        return "rate-limit" in where or "rate limit exceeded" in words


# --- answers to house types -------------------------------------------------------------------------------------------


def _account(body: bytes, asked: Asked) -> _Account:
    return _Account.model_validate_json(body)


def _profile(body: bytes, asked: Asked) -> Profile:
    return _shown(_account(body, asked), asked)


def _shown(account: _Account, asked: Asked) -> Profile:
    return Profile(
        network=MANIFEST.name,
        native_id=str(account.id),
        handle=account.login.lower(),
        display_name=account.name,
        url=f"https://github.com/{quote(account.login, safe='')}",
        avatar_url=account.avatar_url,
        bio=account.bio,
        created_at=account.created_at,
        followers=account.followers,
        following=account.following,
        posts_total=account.public_repos,
        links=links_in(_site(account.blog), account.bio, _on_x(account.twitter_username)),
        fetched_at=asked.now,
    )


def _site(blog: str | None) -> str | None:
    """Return the address in the profile's web site field, which people also fill in without a scheme."""
    return f"https://{blog}" if blog and _SITE.fullmatch(blog) else blog


def _on_x(name: str | None) -> str | None:
    return f"https://x.com/{name}" if name and _X_NAME.fullmatch(name) else None


def _page(body: bytes, asked: Asked) -> Page:
    items = _REPOSITORIES.validate_json(body)
    oldest = min((item["created_at"] for item in items if item["created_at"] is not None), default=None)
    ids = tuple(str(item["native_id"]) for item in items)
    own = _own(items, asked.subject)
    for item in own:
        item["native_id"] = str(item["native_id"])
        item["url"] = f"https://github.com/{item['name']}" if item["name"] else None
    return Page(posts=_REPOSITORY.posts(own), oldest=oldest, items=len(items), ids=ids)


def _own(items: Sequence[Item], subject: str) -> list[Item]:
    """Return the account's own repositories that were pushed to: no forks, nothing of another owner.

    When nobody says whose they are, they are the most frequent owner's.
    """
    owners = [item["owner"] for item in items]
    owner = int(subject) if subject.isdecimal() else max(owners, key=owners.count, default=None)
    return [
        item
        for item in items
        if item["owner"] == owner and not item["fork"] and not item["private"] and item["created_at"] is not None
    ]


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means; 422 and everything unnamed mean what they mean everywhere [spec]."""
    name, status = MANIFEST.name, answer.status
    if status in (404, 451):
        return NotFound(name, f"I can't find @{asked.handle} on GitHub." if asked.handle else "GitHub: not found.")
    if status == 401:
        return SourceAuthFailed(name, "GitHub refused our token.")
    if status not in (403, 429):
        return None
    if answer.headers.get("x-ratelimit-remaining", "").strip() == "0":
        return rate_limited(MANIFEST, answer, asked.now, _PRIMARY_PAUSE)
    told = _refusal(answer)
    if status == 429 or "retry-after" in answer.headers or told.is_secondary:
        return rate_limited(MANIFEST, answer, asked.now)
    if told.is_limit:  # without the headers that tell which
        return rate_limited(MANIFEST, answer, asked.now, _PRIMARY_PAUSE)
    # comes as plain text as well; nothing but its wording tells it from a missing permission
    if "administrative rules" in answer.text[:500].lower():
        return SourceChanged(name, "GitHub refused the way we asked (no User-Agent).", field="user-agent")
    return None


def _refusal(answer: Answer) -> _Refusal:
    try:
        return _Refusal.model_validate_json(answer.body)
    except ValueError:
        return _Refusal()


# --- pages ------------------------------------------------------------------------------------------------------------

_NEXT = re.compile(r"<([^<>]*)>[^<>]*;\s*rel\s*=\s*\"?next\"?\s*(?:[;,]|$)", re.IGNORECASE)  # RFC 8288
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


def next_page(answer: Answer) -> str | None:
    """Return the number of the next page by the Link header, None on the last one.

    Only the number is taken: where to ask is never the server's choice.
    """
    found = _NEXT.search(answer.headers.get("link", ""))
    try:
        number = parse_qs(urlsplit(found[1]).query).get("page", [""])[-1] if found else ""
    except ValueError:  # brackets that hold no IPv6 address
        return None
    return number if _NUMBER.fullmatch(number) else None


class _Paged(Call[Page]):
    """A call whose cursor stands in the answer's headers."""

    def read(self, answer: Answer, asked: Asked) -> Page:
        return replace(super().read(answer, asked), cursor=next_page(answer))


_WHO = r"/(?:users/[^/]+|user/[0-9]+)"  # what else begins with `user` is the token's own
PROFILE = Call(MANIFEST, "profile", rf"^(?:/api/v3)?{_WHO}$", _profile, _errors)
REPOSITORIES = _Paged(MANIFEST, "posts", rf"^(?:/api/v3)?{_WHO}/repos$", _page, _errors)
CALLS = (PROFILE, REPOSITORIES)
_ACCOUNT = Call(MANIFEST, "account", PROFILE.path, _account, _errors)  # before it becomes a profile


class _Ending(Call[datetime | None]):
    """A call that tells when its token ends: GitHub says so in a header of every answer to one that does."""

    def read(self, answer: Answer, asked: Asked) -> datetime | None:
        super().read(answer, asked)
        stated = answer.headers.get("github-authentication-token-expiration", "").removesuffix(" UTC")
        return moment(stated)


_LIMITS = _Ending(MANIFEST, "limits", r"/rate_limit$", lambda body, asked: None, _errors)


def _where(target: Target) -> str:
    """Return the path of an account; raises NotFound for what is no name, before it enters an address."""
    if not (_ACCOUNT_NUMBER if target.native_id else _LOGIN).fullmatch(target.native_id or target.handle):
        raise NotFound(MANIFEST.name, "GitHub: that cannot be an account.")
    return f"user/{target.native_id}" if target.native_id else f"users/{target.handle}"


_ACCOUNT_NUMBER = re.compile(r"[0-9]{1,40}")
_LOGIN = re.compile(r"[A-Za-z0-9_-]{1,80}")  # looser than what can be registered today: old names stay


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a GitHub account and its repositories pushed to since `since`; raises one SourceError.

    What did not change since the last time is not sent again, which costs nothing of the limit of a token.
    Stars and forks are running totals; what they gained is worked out from our own earlier readings, not here.
    """
    asked, headers = Asked(handle=target.handle, now=clock.now()), _headers(credentials)
    account = await ask(_ACCOUNT, client, asked, _where(target), headers=headers, unless_same=True)
    profile = _shown(account, asked)
    asked = replace(asked, handle=profile.handle, subject=profile.native_id)

    async def page(cursor: str | None) -> Page:
        params = {"per_page": _PAGE, "sort": "pushed"} | ({"page": cursor} if cursor is not None else {})
        path = f"users/{quote(account.login, safe='')}/repos"
        return await ask(REPOSITORIES, client, asked, path, params, headers, unless_same=True)

    walk = await Walk(since).over(page, MANIFEST.label)
    notes = (_WHAT_COUNTS, *(["GitHub: this is a bot's account."] if account.kind == "Bot" else []), *walk.notes)
    return Snapshot(profile=profile, posts=walk.inside(), complete_from=walk.complete_from, notes=notes)


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Try a token with the one request that GitHub does not count; raises SourceAuthFailed for a refused one."""
    ends = await ask(_LIMITS, client, Asked(handle="", now=clock.now()), "rate_limit", headers=_headers(credentials))
    return Verified(expires_at=ends)


def _headers(credentials: Credentials) -> Mapping[str, str]:
    token = credentials.get("token")
    return _VERSION | ({"authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {})
