"""TikTok: accounts whose owner has connected them, and any public account for an approved research project.

The Display API answers with the owner's token. The Research API (tiktok_research.py) is asked only where the operator
states an approved project.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from core.connectors.answers import Answer
from core.connectors.base import Asked, Call, Credentials, Page, Walk, ask, rate_limited
from core.connectors.owners import ACCESS, OAuth, Owned, ended, needs_owner, standard
from core.connectors.tiktok_entities import (
    HANDLE,
    LIMITS,
    SCOPES,
    TOKEN_URL,
    VIDEO_FIELDS,
    User,
    UserAnswer,
    VideoAnswer,
    as_posts,
    is_handle,
    missing,
    problem,
    shown,
    trouble,
)
from core.connectors.tiktok_research import Programme, app_token, bearer, post
from core.errors import NeedsOwner, NotFound, SourceError, TokenExpired
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import Clock, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="tiktok",
    label="TikTok",
    hosts=("open.tiktokapis.com",),
    base_url="https://open.tiktokapis.com/v2/",
    handles=HandleRule(
        pattern=HANDLE,
        hint="@name with 2 to 24 letters, digits, underscores or dots, no dot at the end",
        example="@glowguru",
        urls=(UrlForm(hosts=("tiktok.com",), path=r"/@(?P<handle>[^/]+)(?:/.*)?"),),
        unresolvable=(
            UrlForm(hosts=("vm.tiktok.com", "vt.tiktok.com"), path=r".*"),
            UrlForm(hosts=("tiktok.com",), path=r"/(?:t|v)/.+"),
        ),
    ),
    access="owner_authorised",
    credentials=(
        Credential(name="client_key", help="The client key of your TikTok app with Login Kit and the Display API."),
        Credential(name="client_secret", help="The client secret of that app."),
        Credential(
            name="research_project",
            help="Only with a project that TikTok has approved for its Research API: the project's id. Setting it is "
            "your statement that TikTok approved this use; businesses are not eligible. The key and secret above are "
            "then those of the project.",
            required=False,
            asked=False,
        ),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="minute",
            setting="minute_requests",
            default=600,
            per_lookup=2,
            help="Requests in one minute, which TikTok allows for each kind of call.",
        ),
        BudgetRule(
            unit="units",
            window="utc_day",
            setting="research_daily_requests",
            default=1_000,
            per_lookup=0,
            help="Requests to the Research API in one day, which ends at midnight UTC; others cost none.",
        ),
    ),
    setup_url="https://developers.tiktok.com/apps/",
    counts=frozenset({"likes", "reposts", "replies", "saves", "views"}),
    limits="600 requests a minute for each kind of call; 1,000 a day with an approved research project.",
    cost="Free; needs an app that TikTok has reviewed, and the creator's consent.",
    attribution="TikTok",
    reads="Followers, and likes, comments, shares and views of videos, once the creator connects the account.",
    cannot_see="Accounts that are not connected: public lookup is reserved for approved researchers. Saves.",
    off_wording="TikTok needs the creator to connect the account (public lookup is reserved for approved researchers).",
)

_BASIC, _PROFILE, _STATS, _LIST = "user.info.basic", "user.info.profile", "user.info.stats", "video.list"  # scopes
_PAGE = 20  # the most a page holds [spec]
_NOT_A_STATEMENT = frozenset({"", "0", "no", "false", "off", "none"})

# what each scope opens [spec]
_BASIC_FIELDS = ("open_id", "display_name")
_PROFILE_FIELDS = ("username", "bio_description", "is_verified")
_STATS_FIELDS = ("follower_count", "following_count", "video_count")

# --- answers to house types -------------------------------------------------------------------------------------------


def _user(body: bytes, asked: Asked) -> User:
    return UserAnswer.model_validate_json(body).data.user


def _profile(body: bytes, asked: Asked) -> Profile:
    user = _user(body, asked)
    return shown(user, user.open_id, _handle(user) or asked.handle or user.open_id, asked.now)


def _handle(user: User) -> str | None:
    name = (user.username or "").lower()
    return name if is_handle(name) else None


def _page(body: bytes, asked: Asked) -> Page:
    told = VideoAnswer.model_validate_json(body).data
    if told.none_told:
        raise missing("data.videos")
    posts = as_posts(told.videos or (), asked)
    return Page(
        posts=posts,
        cursor=str(told.cursor) if told.has_more and told.cursor is not None else None,
        oldest=min((one.created_at for one in posts), default=None),
        items=len(told.videos or ()),
    )


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal of the Display API means by its code; every token here is an owner's."""
    name, code = MANIFEST.name, problem(answer).code
    if code in SCOPES:
        return NeedsOwner(name, "TikTok: the creator did not allow all that is needed to read the account.")
    if code == "access_token_invalid" or answer.status == 401:
        return TokenExpired(name, ended(MANIFEST))
    if code in LIMITS:
        return rate_limited(MANIFEST, answer, asked.now)
    return trouble(code)


# --- asking -----------------------------------------------------------------------------------------------------------

PROFILE = Call(MANIFEST, "profile", r"^/v2/user/info/?$", _profile, _errors)
VIDEOS = Call(MANIFEST, "posts", r"^/v2/video/list/?$", _page, _errors, method="POST")
_RESEARCH = Programme(MANIFEST)
CALLS = (PROFILE, VIDEOS, _RESEARCH.profile, _RESEARCH.videos)
_USER = Call(MANIFEST, "user", PROFILE.path, _user, _errors)  # before it becomes a profile


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return an account and its videos since `since`; raises one SourceError.

    With an owner's token it is the token's account. Without one it is whom an approved research project asks for, and
    NeedsOwner where there is no such project.
    """
    asked = Asked(handle=target.handle, now=clock.now(), subject=target.native_id or "", owned=ACCESS in credentials)
    if ACCESS in credentials:
        return await _Opened(client, asked, since, credentials[ACCESS]).snapshot()
    if not _may_research(credentials):
        raise needs_owner(MANIFEST, target.handle)
    if not is_handle(target.handle):  # before it enters a question
        raise NotFound(MANIFEST.name, "TikTok: that cannot be an account.")
    return await _RESEARCH.snapshot(target.handle, since, client, asked.now, credentials)


def _may_research(credentials: Credentials) -> bool:
    stated = credentials.get("research_project")
    return stated is not None and stated.get_secret_value().strip().lower() not in _NOT_A_STATEMENT


# --- with the owner's token -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Opened:
    """The account of an owner's token being read."""

    client: "Requests"
    asked: Asked
    since: datetime
    token: SecretStr

    async def snapshot(self) -> Snapshot:
        user, notes = await self._user()
        profile = shown(user, user.open_id, _handle(user) or self.asked.handle, self.asked.now)
        asked = replace(self.asked, handle=profile.handle)

        async def page(cursor: str | None) -> Page:
            question = {"max_count": _PAGE} | ({"cursor": int(cursor)} if cursor is not None else {})
            return await post(VIDEOS, self.client, asked, self.token, VIDEO_FIELDS, question)

        walk = await Walk(self.since).over(page, MANIFEST.label)
        return Snapshot(
            profile=profile,
            posts=walk.inside(),
            access="owner_authorised",
            complete_from=walk.complete_from,
            notes=(*notes, *walk.notes),
        )

    async def _user(self) -> tuple[User, tuple[str, ...]]:
        """Return the account, without its counts where the creator does not show them."""
        notes: tuple[str, ...] = ()
        try:
            user = await _account(self.client, self.asked, self.token, *_STATS_FIELDS)
        except TokenExpired:
            raise
        except NeedsOwner:
            user = await _account(self.client, self.asked, self.token)
            notes = ("TikTok: the creator does not show followers.",)
        told = user.open_id if self.asked.subject else _handle(user)
        if told is not None and told != (self.asked.subject or self.asked.handle):
            raise NeedsOwner(MANIFEST.name, f"TikTok: the permission is another account's than @{self.asked.handle}'s.")
        return user, notes


async def _account(client: "Requests", asked: Asked, token: SecretStr, *more: str) -> User:
    fields = ",".join((*_BASIC_FIELDS, *_PROFILE_FIELDS, *more))
    return await ask(_USER, client, asked, "user/info/", {"fields": fields}, bearer(token))


async def _accounts(client: "Requests", clock: Clock, credentials: Credentials) -> tuple[Owned, ...]:
    """Return the one account that an owner's token opens."""
    asked = Asked(handle="", now=clock.now(), owned=True)
    user = await _account(client, asked, credentials[ACCESS])
    handle = _handle(user)
    if handle is None:
        raise missing("data.user.username")
    return (Owned(native_id=user.open_id, handle=handle),)


OWNER = standard(
    MANIFEST,
    OAuth(
        authorize_url="https://www.tiktok.com/v2/auth/authorize/",
        token_url=TOKEN_URL,
        revoke_url="https://open.tiktokapis.com/v2/oauth/revoke/",
        scopes=(_BASIC, _PROFILE, _STATS, _LIST),
        needed=frozenset({_BASIC, _PROFILE, _LIST}),
        separator=",",
        id_credential="client_key",
        id_parameter="client_key",
        pkce=True,
        challenge_form="hex",  # Login Kit for Desktop: the hash in hexadecimal, unlike RFC 7636
        reads=(
            "your profile: name, description, whether it is verified",
            "how many followers you have, how many accounts you follow, how many videos you have published",
            "your public videos: when each was published, and its likes, comments, shares and views",
        ),
        withdraw_url="https://www.tiktok.com/setting",
        renew_ahead=timedelta(minutes=30),  # a token lives for 2 hours [spec, 2026], earlier 24
    ),
    _accounts,
)


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Try the app's key and secret by asking for a token of its own; raises SourceAuthFailed for refused ones."""
    await app_token(client, clock.now(), credentials)
    return Verified()
