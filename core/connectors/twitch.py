"""Twitch: channels, their videos and their own clips, with a free client id and secret.

The client id and secret buy an app token, which lives in memory until it ends or is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr

from core.connectors.answers import Answer
from core.connectors.base import (
    Asked,
    Call,
    Credentials,
    LenientCount,
    LenientMoment,
    LenientText,
    Page,
    T,
    Walk,
    Wire,
    links_in,
    text,
    unreachable,
)
from core.connectors.faults import HttpError
from core.connectors.items import Item, Items, Place, Stamp
from core.errors import NotFound, SourceAuthFailed, SourceChanged, SourceError
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import MAX_COUNT, Clock, Post, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="twitch",
    label="Twitch",
    hosts=("api.twitch.tv", "id.twitch.tv"),
    base_url="https://api.twitch.tv/helix/",
    handles=HandleRule(
        pattern=r"[a-z0-9][a-z0-9_]{2,24}",
        hint="3 to 25 letters, digits or underscores, not beginning with an underscore",
        example="glowguru",
        reserved=frozenset(
            "about directory downloads drops friends inventory jobs login moderator popout prime products search "
            "settings signup store subscriptions turbo videos wallet".split()
        ),
        urls=(
            UrlForm(hosts=("twitch.tv",), path=r"/(?:popout|moderator)/(?P<handle>[^/]+)(?:/.*)?"),
            UrlForm(hosts=("twitch.tv",), path=r"/(?P<handle>[^/]+)(?:/.*)?"),
        ),
        unresolvable=(
            UrlForm(hosts=("clips.twitch.tv",), path=r".*"),
            UrlForm(hosts=("twitch.tv",), path=r"/(?:videos|p)/.+"),
        ),
    ),
    credentials=(
        Credential(name="client_id", help="The client id of an app of yours; registering one is free and immediate."),
        Credential(name="client_secret", help="The client secret of that app."),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="minute",
            setting="minute_requests",
            default=800,
            per_lookup=4,
            help="Points in one minute, one a request; Twitch's answers tell its own figure.",
        ),
    ),
    setup_url="https://dev.twitch.tv/console/apps",
    counts=frozenset({"views"}),
    reset_headers=("twitch",),
    limits="800 points a minute; most calls take one.",
    cost="Free; needs a client id and secret, no review.",
    attribution="Twitch",
    reads="Followers, and views of videos and of the clips that the channel made itself.",
    cannot_see=(
        "Likes and shares: Twitch has none. Clips that viewers made are not the channel's own. Recordings vanish after "
        "some weeks, which lowers nothing."
    ),
    off_wording="A free Twitch client id and secret add followers and views; Twitch has no likes.",
)

DEFAULT_TOKEN_URL = "https://id.twitch.tv/oauth2/token"
_PAGE = 100  # the most a page holds [spec]
_EARLIER = timedelta(minutes=5)  # a token is renewed before it ends, so that none ends within a lookup
_WHAT_COUNTS = "Twitch: views only, Twitch has no likes."

# --- what the answers look like (OpenAPI of Helix: users, followers, videos, clips) -----------------------------------

_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


def _written_out(value: object) -> object:
    """Return an id as text, which the documentation says it is, even when it comes as a number."""
    return str(value) if isinstance(value, int) and 0 < value <= MAX_COUNT else value


_Named = Annotated[str, Field(strict=True, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
_Whose = Annotated[str | Annotated[str, BeforeValidator(_written_out)], Field(union_mode="left_to_right")]
_Id = Annotated[_Named | Annotated[_Named, BeforeValidator(_written_out)], Field(union_mode="left_to_right")]


class _Token(Wire):
    access_token: SecretStr = Field(min_length=1)
    expires_in: LenientCount = None  # seconds


class _User(Wire):  # view_count is deprecated and left alone
    id: _Id
    login: _Id
    display_name: LenientText = None
    description: LenientText = None
    profile_image_url: LenientText = None
    created_at: LenientMoment = None


class _Users(Wire):
    data: tuple[_User, ...]


class _Followers(Wire):
    total: LenientCount = None


def _cursor(value: object) -> str | None:
    return text(value.get("cursor")) if isinstance(value, dict) else None


class _Listing(Wire):
    cursor: Annotated[str | None, BeforeValidator(_cursor)] = Field(None, alias="pagination")


_VIDEOS = Items(
    MANIFEST.name,
    native_id=Place("id", _Id, needed=True),
    created_at=Place("created_at", Stamp, needed=True),
    views=Place("view_count"),
    whose=Place("user_id", _Whose, needed=True),
    shown_to=Place("viewable", str),
)
_CLIPS = Items(
    MANIFEST.name,
    native_id=Place("id", _Id, needed=True),
    created_at=Place("created_at", Stamp, needed=True),
    views=Place("view_count"),
    whose=Place("broadcaster_id", _Whose, needed=True),
    maker=Place("creator_id", _Whose),
)


class _Videos(_Listing):
    data: Annotated[list[Item], _VIDEOS]


class _Clips(_Listing):
    data: Annotated[list[Item], _CLIPS]


# --- answers to house types -------------------------------------------------------------------------------------------


def _profile(body: bytes, asked: Asked) -> Profile:
    users = _Users.model_validate_json(body).data
    if not users:  # an unknown or closed account is simply absent
        raise NotFound(MANIFEST.name, f"I can't find @{asked.handle} on Twitch." if asked.handle else _NOBODY)
    user = users[0]
    return Profile(
        network=MANIFEST.name,
        native_id=user.id,
        handle=user.login.lower(),
        display_name=user.display_name,
        url=f"https://www.twitch.tv/{user.login.lower()}",
        avatar_url=user.profile_image_url,
        bio=user.description,
        created_at=user.created_at,
        links=links_in(user.description),
        fetched_at=asked.now,
    )


def _only(body: bytes, asked: Asked) -> Profile | None:
    """Return the account, None for several of which nobody knows which one was asked for."""
    return None if len(_Users.model_validate_json(body).data) > 1 else _profile(body, asked)


def _total(body: bytes, asked: Asked) -> int | None:
    return _Followers.model_validate_json(body).total


def _videos(body: bytes, asked: Asked) -> Page:
    found = _Videos.model_validate_json(body)
    items = found.data
    oldest, ids = min((item["created_at"] for item in items), default=None), _ids(items)
    whose = asked.subject
    own = [item for item in items if (not whose or item["whose"] == whose) and item["shown_to"] != "private"]
    for item in own:
        item["url"] = "https://www.twitch.tv/videos/" + item["native_id"]
    return Page(posts=_VIDEOS.posts(own), cursor=found.cursor, oldest=oldest, items=len(items), ids=ids)


def _clips(body: bytes, asked: Asked) -> Page:
    """Return the clips of a page; of a known channel only those it made itself, for viewers clip as they like."""
    found = _Clips.model_validate_json(body)
    items, whose = found.data, asked.subject
    ids = _ids(items)
    own = [item for item in items if not whose or item["whose"] == item["maker"] == whose]
    for item in own:
        item["url"] = f"https://clips.twitch.tv/{item['native_id']}"
    return Page(posts=_CLIPS.posts(own), cursor=found.cursor, items=len(items), ids=ids)


def _ids(items: Iterable[Item]) -> tuple[str, ...]:
    return tuple(item["native_id"] for item in items)


# --- errors -----------------------------------------------------------------------------------------------------------

_NOBODY = "I can't find this account on Twitch."


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means; 400, 429 and the rest mean what they mean everywhere [spec]."""
    if answer.status == 401:
        return SourceAuthFailed(MANIFEST.name, "Twitch refused our app token.")
    if answer.status == 403:
        return SourceAuthFailed(MANIFEST.name, "Twitch: our app token lacks a permission.")
    if answer.status == 410:  # of an API that was switched off; nobody is missing
        return SourceChanged(MANIFEST.name, "Twitch no longer answers at this address.", field="method")
    return None


def _sign_in_errors(answer: Answer, asked: Asked) -> SourceError | None:
    """400 `invalid client`, 403 `invalid client secret`: whatever it says, the pair is not taken."""
    if answer.status in (400, 401, 403):
        return SourceAuthFailed(MANIFEST.name, "Twitch refused our client id and secret.")
    return None


_OLD = r"(?<!/kraken)"  # the API of before, with other shapes
PROFILE = Call(MANIFEST, "profile", rf"{_OLD}/users$", _profile, _errors)
FOLLOWERS = Call(MANIFEST, "followers", r"/channels/followers$", _total, _errors)
VIDEOS = Call(MANIFEST, "posts", rf"{_OLD}/videos$", _videos, _errors)
CLIPS = Call(MANIFEST, "clips", rf"{_OLD}/clips$", _clips, _errors)
SIGN_IN = Call(
    MANIFEST, "token", r"/oauth2/token$", lambda body, asked: _Token.model_validate_json(body), _sign_in_errors, "POST"
)
ANYBODY = Call(MANIFEST, "profile", PROFILE.path, _only, _errors)  # of a recorded answer
CALLS = (ANYBODY, FOLLOWERS, VIDEOS, CLIPS, SIGN_IN)

# --- the app token ----------------------------------------------------------------------------------------------------


async def _sign_in(client: "Requests", clock: Clock, credentials: Credentials) -> _Token:
    """Return a new app token; raises SourceAuthFailed for a pair that is refused (OAuth client credentials flow)."""
    form = {name: credentials[name].get_secret_value() for name in ("client_id", "client_secret")}
    form["grant_type"] = "client_credentials"
    try:
        answer = await client.post(client.auth_for(DEFAULT_TOKEN_URL), form=form, cost={"requests": 0})
    except HttpError as err:
        raise unreachable(MANIFEST, err) from err
    return SIGN_IN.read(answer, Asked(handle="", now=clock.now()))


@dataclass(slots=True)
class _Session:
    """Requests of one lookup under the app token, which is bought when there is none and renewed once when refused."""

    client: "Requests"
    clock: Clock
    credentials: Credentials
    renewed: bool = False

    async def ask(self, call: Call[T], asked: Asked, path: str, params: Mapping[str, Any], *, renew: bool = True) -> T:
        """Make one GET and read its answer; raises SourceError."""
        answer = await self._answer(path, params)
        if answer.status == 401 and renew and not self.renewed:
            self.renewed = True
            self._tokens.pop(self._key, None)
            answer = await self._answer(path, params)
        if answer.status == 401 and renew:
            self._tokens.pop(self._key, None)
        return call.read(answer, asked)

    async def _answer(self, path: str, params: Mapping[str, Any]) -> Answer:
        token = (await self._token()).get_secret_value()
        client_id = self.credentials["client_id"].get_secret_value()
        headers = {"authorization": f"Bearer {token}", "client-id": client_id}
        try:
            return await self.client.get(path, params=params, headers=headers)
        except HttpError as err:
            raise unreachable(MANIFEST, err) from err

    async def _token(self) -> SecretStr:
        found = self._tokens.get(self._key)
        now = self.clock.now()
        if found is not None and now < found[1]:
            return found[0]
        bought = await _sign_in(self.client, self.clock, self.credentials)
        lives = timedelta(seconds=min(bought.expires_in or 0, _MOST_SECONDS))
        self._tokens[self._key] = bought.access_token, now + max(lives - _EARLIER, _EARLIER)
        return bought.access_token

    @property
    def _tokens(self) -> dict[str, tuple[SecretStr, datetime]]:
        return self.client.kept

    @property
    def _key(self) -> str:
        """Whose token it is; a digest, so that no secret is a key that somebody prints."""
        pair = "\n".join(self.credentials[name].get_secret_value() for name in ("client_id", "client_secret"))
        return sha256(pair.encode()).hexdigest()


_MOST_SECONDS = 90 * 86_400  # tokens last some 60 days; a longer promise is not relied on


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Buy an app token, which is the proof; raises SourceAuthFailed for a refused client id or secret."""
    await _sign_in(client, clock, credentials)
    return Verified()


# --- one lookup -------------------------------------------------------------------------------------------------------


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a channel, its videos since `since` and its own clips of that time; raises one SourceError."""
    asked = Asked(handle=target.handle, now=clock.now())
    session = _Session(client, clock, credentials)
    profile = await session.ask(PROFILE, asked, "users", _who(target))
    asked = replace(asked, handle=profile.handle, subject=profile.native_id)
    followers, unseen = await _followers(session, asked)

    async def page(cursor: str | None) -> Page:
        params = {"user_id": asked.subject, "sort": "time", "first": _PAGE}
        return await session.ask(VIDEOS, asked, "videos", params | ({"after": cursor} if cursor is not None else {}))

    walk = await Walk(since).over(page, MANIFEST.label)
    clips, missed = await _own_clips(session, asked, since)
    posts = {post.native_id: post for post in (*walk.inside(), *clips)}
    return Snapshot(
        profile=profile.model_copy(update={"followers": followers}),
        posts=tuple(sorted(posts.values(), key=lambda post: (post.created_at, post.native_id), reverse=True)),
        complete_from=walk.complete_from,
        notes=(_WHAT_COUNTS, *unseen, *walk.notes, *missed),
    )


def _who(target: Target) -> Mapping[str, str]:
    """Return the parameter that names an account; raises NotFound for what is no name, before it enters an address."""
    if target.native_id is not None and _NAME.fullmatch(target.native_id):
        return {"id": target.native_id}
    if target.native_id is not None or not re.fullmatch(MANIFEST.handles.pattern, target.handle):
        raise NotFound(MANIFEST.name, "Twitch: that cannot be an account.")
    return {"login": target.handle}


_SIDE = (SourceAuthFailed, SourceChanged, NotFound)  # lasting refusals: no reason to lose the videos as well


async def _followers(session: _Session, asked: Asked) -> tuple[int | None, tuple[str, ...]]:
    """Return the follower count, or None and a note; the documentation wants a user's token for it, which we lack.

    A 401 is that refusal, for the token was good a moment ago: it is not renewed.
    """
    try:
        params = {"broadcaster_id": asked.subject, "first": 1}
        return await session.ask(FOLLOWERS, asked, "channels/followers", params, renew=False), ()
    except _SIDE:
        return None, ("Twitch did not show the follower count to our app.",)


async def _own_clips(session: _Session, asked: Asked, since: datetime) -> tuple[list[Post], tuple[str, ...]]:
    """Return the channel's own clips among the most viewed of the window, and a note when that is not all of them.

    One page, most viewed first: hundreds of viewers' clips are not worth a request each.
    """
    window = {"started_at": _rfc3339(since), "ended_at": _rfc3339(asked.now)}  # alone, the start means one week
    params = {"broadcaster_id": asked.subject, **window, "first": _PAGE}
    try:
        found = await session.ask(CLIPS, asked, "clips", params)
    except _SIDE:
        return [], ("Twitch did not show this channel's clips; they are not counted.",)
    more = found.items >= _PAGE and found.cursor is not None
    posts = [post for post in found.posts if post.created_at >= since]
    return posts, (f"Twitch: only the {_PAGE} most viewed clips were looked through.",) if more else ()


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
