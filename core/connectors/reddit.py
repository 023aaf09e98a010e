"""Reddit: accounts and their submissions; off until Reddit has approved the team's app."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field, SecretStr

from core.connectors.answers import Answer
from core.connectors.base import (
    Asked,
    Call,
    Code,
    Credentials,
    LenientCount,
    LenientMoment,
    LenientText,
    Page,
    Walk,
    Wire,
    ask,
    links_in,
    unreachable,
)
from core.connectors.faults import HttpError
from core.connectors.items import Epoch, Item, Items, Place
from core.errors import NotFound, Private, SourceAuthFailed, SourceChanged, SourceError, Suspended, Unavailable
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import Clock, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="reddit",
    label="Reddit",
    hosts=("oauth.reddit.com", "www.reddit.com"),
    base_url="https://oauth.reddit.com/",
    handles=HandleRule(
        pattern=r"[a-z0-9_-]{3,20}",
        hint="u/name with 3 to 20 letters, digits, hyphens or underscores",
        example="u/glowguru",
        urls=(
            UrlForm(hosts=("reddit.com", "*.reddit.com"), path=r"/(?:u|user)/(?P<handle>[^/]+)(?:/.*)?"),
            UrlForm(hosts=(), path=r"/?u/(?P<handle>[^/]+)"),
        ),
        unresolvable=(UrlForm(hosts=("redd.it", "*.redd.it"), path=r".*"),),
    ),
    enabled_by_default=False,
    credentials=(
        Credential(
            name="client_id",
            help="The id of an app that Reddit has approved. Reddit may refuse apps that score its users, "
            "and commercial use needs a contract.",
        ),
        Credential(name="client_secret", help="The secret of that app."),
        Credential(name="username", help="The Reddit account of the operator, named in every request as Reddit asks."),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="ten_minutes",
            setting="ten_minute_requests",
            default=1000,
            per_lookup=2,
            help="Reddit lets an app make 100 requests a minute, averaged over ten; its answers tell what is left.",
        ),
    ),
    setup_url="https://www.reddit.com/prefs/apps",
    counts=frozenset({"likes", "reposts", "replies"}),
    reset_headers=("reddit",),
    limits="100 requests a minute, averaged over 10 minutes.",
    cost="Free for non-commercial use, after Reddit's own approval.",
    attribution="Reddit",
    reads="Score, comments and crossposts of submissions; karma, which is not a number of followers.",
    cannot_see="Followers, views, removed posts, hidden histories. Reddit blurs every score a little.",
    off_wording="Reddit is off here: it needs Reddit's own approval.",
)

DEFAULT_TOKEN_URL = "https://www.reddit.com/api/v1/access_token"
_LONGEST = 86_400  # seconds a token is kept, whatever it promises [spec: a day]
_EARLIER = timedelta(minutes=1)  # before its end a token is replaced, so that it does not end within a lookup
_PAGE = 100  # the most a listing holds [spec]
_USER_AGENT = "server:clout:1 (by /u/{})"  # the form Reddit asks for: platform, app, version, contact
_KARMA = "Reddit: karma is not a number of followers; scores are blurred by Reddit."

# --- what the answers look like ---------------------------------------------------------------------------------------

_Id = Annotated[str, Field(strict=True, max_length=40, pattern=r"^[A-Za-z0-9]+$")]


def _if_object(value: object) -> object:
    return value if isinstance(value, Mapping) else None


class _Own(Wire):
    """The profile's own page; its subscribers are mostly hidden, which is written as 0."""

    subscribers: LenientCount = None
    title: LenientText = None
    public_description: LenientText = None


class _Account(Wire):
    id: _Id
    name: str = Field(min_length=1, max_length=80)
    created_utc: LenientMoment = None
    link_karma: LenientCount = None
    icon_img: LenientText = None
    subreddit: Annotated[_Own | None, BeforeValidator(_if_object)] = None


class _Gone(Wire):
    is_suspended: Literal[True]


class _About(Wire):
    data: _Gone | _Account = Field(union_mode="left_to_right")


_THINGS = Items(
    MANIFEST.name,
    native_id=Place("data.id", _Id, needed=True),
    created_at=Place("data.created_utc", Epoch),
    likes=Place("data.score"),
    reposts=Place("data.num_crossposts"),
    replies=Place("data.num_comments"),
    sort=Place("kind", str, needed=True),
    author=Place("data.author", str),
    author_id=Place("data.author_fullname", str),
    removed=Place("data.removed_by_category", str),
    hides_score=Place("data.hide_score", bool),
)


class _Children(Wire):
    children: Annotated[list[Item], _THINGS]
    after: LenientText = None


class _Listing(Wire):
    data: _Children


class _Refusal(Wire):
    reason: Code = ""


class _Token(Wire):
    access_token: SecretStr = Field(min_length=1, max_length=4_000)
    expires_in: LenientCount = None


# --- answers to house types -------------------------------------------------------------------------------------------


_WRITTEN = re.compile(r"[A-Za-z0-9_-]{1,40}")


def _about(body: bytes, asked: Asked) -> _Account:
    told = _About.model_validate_json(body).data
    if isinstance(told, _Gone):
        raise Suspended(MANIFEST.name, f"Reddit: u/{asked.handle or 'this account'} is suspended.")
    if not asked.unknown and not _WRITTEN.fullmatch(told.name):  # it enters an address; recorded ones may be masked
        raise SourceChanged(MANIFEST.name, "Reddit changed its answers: field data.name.", field="data.name")
    return told


def _profile(body: bytes, asked: Asked) -> Profile:
    return _shown(_about(body, asked), asked)


def _shown(account: _Account, asked: Asked) -> Profile:
    own = account.subreddit
    return Profile(
        network=MANIFEST.name,
        native_id=f"t2_{account.id}",
        handle=account.name.lower(),
        display_name=own.title if own is not None else None,
        url=f"https://www.reddit.com/user/{account.name}",
        avatar_url=account.icon_img,
        bio=own.public_description if own is not None else None,
        created_at=account.created_utc,
        followers=(own.subscribers or None) if own is not None else None,
        links=links_in(own.public_description) if own is not None else (),
        fetched_at=asked.now,
    )


def _page(body: bytes, asked: Asked) -> Page:
    told = _Listing.model_validate_json(body).data
    items = told.children
    # what is pinned to the profile stands on top whatever its age, so only the last one tells how far the page reaches
    oldest = next((item["created_at"] for item in reversed(items) if item["created_at"] is not None), None)
    ids = tuple([f"{item['sort']}_{item['native_id']}" for item in items])
    own = [
        item
        for item in items
        if item["sort"] == "t3"
        and not item["removed"]
        and item["created_at"] is not None
        and (item["author_id"] == asked.subject or _is_own(item, asked))
    ]
    for item in own:
        key = item["native_id"]
        item["url"], item["native_id"] = "https://www.reddit.com/comments/" + key, "t3_" + key
        if item["hides_score"]:
            item["likes"] = None  # what is written there meanwhile is no figure
    cursor = told.after if _CURSOR.fullmatch(told.after or "") else None
    return Page(posts=_THINGS.posts(own), cursor=cursor, oldest=oldest, items=len(items), ids=ids)


_CURSOR = re.compile(r"t[0-9]_[A-Za-z0-9]{1,40}")


def _is_own(item: Item, asked: Asked) -> bool:
    """Return whether a submission is the account's; old answers tell only the author's name."""
    if not asked.subject:
        return True
    if item["author_id"] is not None:
        return bool(item["author_id"] == asked.subject)
    return item["author"] is None or item["author"].lower() == asked.handle


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means; what is not named here means what it means everywhere."""
    name = MANIFEST.name
    if answer.status == 404 or (answer.status == 400 and _reason(answer) == "USER_DOESNT_EXIST"):
        whom = f"u/{asked.handle}" if asked.handle else "this account"
        return NotFound(name, f"I can't find {whom} on Reddit.")
    if answer.status == 401:
        return SourceAuthFailed(name, "Reddit refused our token.")
    if answer.status == 403 and answer.content_type.endswith("html"):  # from in front of the API: about nobody
        return Unavailable(name, "Reddit answered with a web page instead of data.")
    return None


def _listing_errors(answer: Answer, asked: Asked) -> SourceError | None:
    """A listing that is refused while the account is shown is hidden by its owner."""
    error = _errors(answer, asked)
    if error is None and answer.status == 403:
        return Private(MANIFEST.name, "Reddit: the posts are hidden.")
    return error


def _reason(answer: Answer) -> str:
    try:
        return _Refusal.model_validate_json(answer.body).reason
    except ValueError:
        return ""


def _no_token(answer: Answer, asked: Asked) -> SourceError | None:
    inside = answer.status == 200 and b'"error"' in answer.body and b'"access_token"' not in answer.body
    if inside or answer.status in (400, 401, 403):
        return SourceAuthFailed(MANIFEST.name, "Reddit refused the app's id or secret.")
    return None


# --- reading ----------------------------------------------------------------------------------------------------------

PROFILE = Call(MANIFEST, "profile", r"/user/[^/]+/about(?:\.json)?/?$", _profile, _errors)
SUBMITTED = Call(MANIFEST, "posts", r"/user/[^/]+/submitted(?:\.json)?/?$", _page, _listing_errors)
_ACCOUNT = Call(MANIFEST, "account", PROFILE.path, _about, _errors)  # before it becomes a profile
SIGN_IN = Call(
    MANIFEST, "token", r"/access_token$", lambda body, asked: _Token.model_validate_json(body), _no_token, "POST"
)
CALLS = (PROFILE, SUBMITTED, SIGN_IN)
T = TypeVar("T")


@dataclass(slots=True)
class _Session:
    """Requests of one lookup under the app's token, which is kept between lookups and renewed once when refused."""

    client: "Requests"
    credentials: Credentials
    now: datetime
    renewed: bool = False

    async def sign_in(self) -> SecretStr:
        """Return a new app token (grant client_credentials); raises SourceAuthFailed for a refused app."""
        secret = f"{self._value('client_id')}:{self._value('client_secret')}".encode()
        headers = {"authorization": f"Basic {b64encode(secret).decode()}", **self._named()}
        form, url = {"grant_type": "client_credentials"}, self.client.auth_for(DEFAULT_TOKEN_URL)
        try:
            answer = await self.client.post(url, form=form, headers=headers, cost={"requests": 0})
        except HttpError as err:
            raise unreachable(MANIFEST, err) from err
        told = SIGN_IN.read(answer, Asked(handle="", now=self.now))
        lives = timedelta(seconds=min(told.expires_in or 0, _LONGEST)) - _EARLIER
        self.client.kept[self._key] = told.access_token, self.now + max(lives, _EARLIER)
        return told.access_token

    async def ask(self, call: Call[T], asked: Asked, path: str, params: Mapping[str, str | int]) -> T:
        """Ask with the token; a token that ended in between is renewed once."""
        token, until = self.client.kept.get(self._key, (None, self.now))
        if token is None or until <= self.now:
            token = await self.sign_in()
        try:
            return await self._once(call, asked, path, params, token)
        except SourceAuthFailed:
            self.client.kept.pop(self._key, None)
            if self.renewed:
                raise
            self.renewed = True
        return await self._once(call, asked, path, params, await self.sign_in())

    async def _once(
        self, call: Call[T], asked: Asked, path: str, params: Mapping[str, str | int], token: SecretStr
    ) -> T:
        headers = {"authorization": f"Bearer {token.get_secret_value()}", **self._named()}
        return await ask(call, self.client, asked, path, {**params, "raw_json": 1}, headers)

    def _named(self) -> Mapping[str, str]:
        return {"user-agent": _USER_AGENT.format(self._value("username").removeprefix("u/"))}

    @property
    def _key(self) -> str:
        """Whose token it is; a digest, so that no secret is a key that somebody prints."""
        return sha256(f"{self._value('client_id')}\n{self._value('client_secret')}".encode()).hexdigest()

    def _value(self, name: str) -> str:
        return self.credentials[name].get_secret_value().strip()


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a Reddit account and its submissions since `since`; raises one SourceError.

    Nothing can be asked for by id, so the name is: one that was given to somebody else is NotFound.
    """
    if not _NAME.fullmatch(target.handle):
        raise NotFound(MANIFEST.name, "Reddit names have 3 to 20 letters, digits, hyphens or underscores.")
    asked, session = Asked(handle=target.handle.lower(), now=clock.now()), _Session(client, credentials, clock.now())
    account = await session.ask(_ACCOUNT, asked, f"user/{target.handle}/about", {})
    profile = _shown(account, asked)
    if target.native_id not in (None, profile.native_id):
        raise NotFound(MANIFEST.name, f"Reddit: u/{profile.handle} belongs to another account now.")
    asked = replace(asked, handle=profile.handle, subject=profile.native_id)

    async def page(cursor: str | None) -> Page:
        params: dict[str, str | int] = {"sort": "new", "limit": _PAGE}
        if cursor is not None:
            params["after"] = cursor
        return await session.ask(SUBMITTED, asked, f"user/{account.name}/submitted", params)

    try:
        walk = await Walk(since).over(page, MANIFEST.label)
    except Private:
        return Snapshot(profile=profile, notes=(_KARMA, "Reddit: the posts are hidden."))
    hidden = ["Reddit: the history is hidden."] if not walk.known and account.link_karma else []
    return Snapshot(
        profile=profile,
        posts=walk.inside(),
        complete_from=None if hidden else walk.complete_from,
        notes=(_KARMA, *hidden, *walk.notes),
    )


_NAME = re.compile(MANIFEST.handles.pattern, re.IGNORECASE)


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Try the app's id and secret by asking for a token; raises SourceAuthFailed for refused ones."""
    await _Session(client, credentials, clock.now()).sign_in()
    return Verified()
