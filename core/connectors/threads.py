"""Threads: accounts whose owner has connected them.

The API shows a person their own account only, and counts one post at a time (CONNECTORS 5.3). Errors are Graph's.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from core.connectors.answers import Answer
from core.connectors.base import (
    Asked,
    Call,
    Credentials,
    LenientText,
    Page,
    Walk,
    links_in,
)
from core.connectors.graph import MEDIA_GONE, GraphError, GraphWire, Paging, Session, page_after, refusal
from core.connectors.insights import Figures, figures, of_posts
from core.connectors.items import Item, Items, LenientStamp, Place, dated
from core.connectors.meta_login import RENEW_AHEAD, as_owner, threads_access
from core.connectors.owners import ACCESS, OAuth, Owned, needs_owner
from core.errors import NotFound, SourceAuthFailed, SourceChanged, SourceError, Unavailable
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm
from core.models import Clock, Post, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="threads",
    label="Threads",
    hosts=("graph.threads.net",),
    base_url="https://graph.threads.net/v1.0/",
    handles=HandleRule(
        pattern=r"(?=[a-z0-9._]{1,30}\Z)[a-z0-9_]+(?:\.[a-z0-9_]+)*",
        hint="as on Instagram: 1 to 30 letters, digits, underscores or single dots, no dot at either end",
        example="@glow.guru",
        reserved=frozenset({"login", "search", "settings"}),
        urls=(UrlForm(hosts=("threads.net", "threads.com"), path=r"/@(?P<handle>[^/]+)(?:/.*)?"),),
        unresolvable=(UrlForm(hosts=("threads.net", "threads.com"), path=r"/t/.+"),),
    ),
    access="owner_authorised",
    credentials=(
        Credential(name="client_id", help="The id of your Meta app with the Threads use case."),
        Credential(name="client_secret", help="The secret of that app."),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="rolling_day",
            setting="daily_requests",
            per_lookup=20,
            help="The most requests in 24 hours; unset, the limits of Threads count, which grow with the account.",
        ),
    ),
    setup_url="https://developers.facebook.com/docs/threads/get-started",
    counts=frozenset({"likes", "reposts", "replies", "quotes", "views"}),
    supplies_kind=True,
    reset_headers=("meta",),
    limits="4,800 requests a day for every impression of the account, counted as at least 10 impressions. A lookup "
    "takes 4 requests, and one for each of the newest 50 posts.",
    cost="Free; needs a Meta app with App Review, and the creator's consent.",
    attribution="Threads",
    reads="Followers, and likes, reposts, replies, quotes and views, once the creator connects the account.",
    cannot_see="Accounts that are not connected, and saves.",
    off_wording="Threads needs the creator to connect the account.",
)

OAUTH = OAuth(
    authorize_url="https://threads.net/oauth/authorize",
    token_url="https://graph.threads.net/oauth/access_token",
    scopes=("threads_basic", "threads_manage_insights"),
    needed=frozenset({"threads_basic", "threads_manage_insights"}),
    separator=",",
    loopback=False,  # https only
    reads=(
        "The account's name, text and number of followers.",
        "Each post's date, and whether it is a post, a quote or a repost.",
        "Each post's views, likes, replies, reposts, quotes and shares.",
    ),
    withdraw_url="https://www.threads.net/settings/account/website_permissions",
    renew_ahead=RENEW_AHEAD,
)

_PAGE = 100
_PROFILE_FIELDS = "id username name is_verified threads_biography".split()  # no picture: its address expires
_POST_FIELDS = "id permalink timestamp username media_type is_quote_post".split()
_OPTIONAL = frozenset({*_PROFILE_FIELDS, *_POST_FIELDS} - {"id", "username", "timestamp"})
_METRICS = "views,likes,replies,reposts,quotes,shares"
_Id = Annotated[str, Field(strict=True, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")]
_Permalink = Annotated[
    str, Field(strict=True, max_length=150, pattern=r"^https://www\.threads\.(?:net|com)/[A-Za-z0-9_./@-]+$")
]
_REPOST = "REPOST_FACADE"

# --- what the answers look like (Threads API: Threads User, Threads Media) --------------------------------------------


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


class _User(GraphWire):
    id: _Id
    username: str = Field(pattern=r"^[0-9A-Za-z_.]{1,30}$")
    written: Any = Field(None, alias="timestamp")  # of posts
    name: LenientText = None
    biography: LenientText = Field(None, alias="threads_biography")
    verified: Annotated[bool | None, BeforeValidator(_truth)] = Field(None, alias="is_verified")


_THREADS = Items(
    MANIFEST.name,
    native_id=Place("id", _Id, needed=True),
    created_at=Place("timestamp", LenientStamp),
    url=Place("permalink", _Permalink),
    author=Place("username", str),
    media=Place("media_type", str),
    quotes_another=Place("is_quote_post", Annotated[bool, Field(strict=True)]),
)


class _Threads(Paging):
    items: Annotated[list[Item], _THREADS] = Field(alias="data")


# --- answers to house types -------------------------------------------------------------------------------------------


def _profile(body: bytes, asked: Asked) -> Profile:
    user = _User.model_validate_json(body)
    if user.written is not None:
        raise SourceChanged(MANIFEST.name, "Threads changed its answers: a post for an account.", field="timestamp")
    handle = user.username.lower()
    return Profile(
        network=MANIFEST.name,
        native_id=user.id,
        handle=handle,
        display_name=user.name,
        url=f"https://www.threads.net/@{handle}",
        bio=user.biography,
        verified=user.verified,
        links=links_in(user.biography),
        fetched_at=asked.now,
    )


def _page(body: bytes, asked: Asked) -> Page:
    """Return a page of the account's posts; what somebody else wrote stays only as the repost it is."""
    found = _Threads.model_validate_json(body)
    items, handle = dated(MANIFEST, found.items, asked, "data.{}.timestamp"), asked.handle
    oldest = items[-1]["created_at"] if items else None
    for item in items:
        if item["quotes_another"] or item["media"] == _REPOST:
            item["kind"] = "repost" if item["media"] == _REPOST else "quote"
    own = [item for item in items if item["author"] == handle or _is_own(item, handle)] if handle else items
    ids = () if len(own) == len(items) else tuple(item["native_id"] for item in items)
    return Page(
        posts=_THREADS.posts(own),
        cursor=found.next_page or found.after,  # `next` is not told of by every version
        oldest=oldest,
        items=len(items),
        ids=ids,
    )


def _is_own(item: Item, handle: str) -> bool:
    author: str | None = item["author"]
    return author is None or author.lower() == handle or item["media"] == _REPOST


def _counted(post: Post, told: Figures) -> Post:
    """Return a post with its counts; shares are passed on as reposts are (CONNECTORS, counts per post)."""
    passed_on = [told[name] for name in ("reposts", "shares") if name in told]
    counts: Mapping[str, int | None] = {
        "likes": told.get("likes"),
        "replies": told.get("replies"),
        "quotes": told.get("quotes"),
        "views": told.get("views"),
        "reposts": sum(passed_on) if passed_on else None,
    }
    return post.model_copy(update=counts)


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means by Meta's table; every token here is an owner's."""
    return refusal(MANIFEST, answer, replace(asked, owned=True), _own_errors)


def _own_errors(error: GraphError, asked: Asked) -> SourceError | None:
    if error.code == MEDIA_GONE or (error.code == 100 and error.subcode == 33):
        return NotFound(MANIFEST.name, "Threads does not show this account or post any more.")
    return None


_NOTED = r"[0-9]+|\{[^/]*\}"  # noted requests name the account by number, or schematically
PROFILE = Call(MANIFEST, "profile", r"/me$", _profile, _errors)
POSTS = Call(MANIFEST, "posts", rf"/(?:me|{_NOTED})/threads$", _page, _errors)
INSIGHTS = Call(MANIFEST, "insights", r"/[^/]+/(?:threads_)?insights$", figures, _errors)
CALLS = (PROFILE, POSTS, INSIGHTS)


# --- one lookup -------------------------------------------------------------------------------------------------------


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return the account that an owner's token opens, and its posts since `since`; raises one SourceError.

    Three requests, one more for each further 100 posts, and one for each of the newest 50 that are no reposts.
    """
    if ACCESS not in credentials:
        raise needs_owner(MANIFEST, target.handle)
    session = Session(client, clock, MANIFEST, as_owner(credentials))
    session.begin()
    asked = Asked(handle=target.handle, now=clock.now(), owned=True)
    profile = await session.ask(PROFILE, asked, "me", lambda gone: _fields(_PROFILE_FIELDS, gone), _OPTIONAL)
    if target.native_id not in (None, profile.native_id):
        raise needs_owner(MANIFEST, target.handle)
    asked = replace(asked, handle=profile.handle, subject=profile.native_id)
    followers, notes = await _followers(session, asked)
    walk = await _walk(session, asked, since)
    posts, more = await _counted_all(session, asked, walk.inside())
    return Snapshot(
        profile=profile.model_copy(update={"followers": followers}),
        posts=posts,
        access="owner_authorised",
        complete_from=walk.complete_from,
        notes=(*session.notes, *notes, *walk.notes, *more),
    )


async def _followers(session: Session, asked: Asked) -> tuple[int | None, tuple[str, ...]]:
    """Return how many follow the account and a note where that is not told; raises what stands for every call."""
    try:
        told = await _insights(session, asked, "me/threads_insights", "followers_count")
    except (SourceChanged, NotFound, Unavailable):
        return None, ("Threads did not tell how many follow the account.",)
    return told.get("followers_count"), ()


async def _walk(session: Session, asked: Asked, since: datetime) -> Walk:
    async def page(cursor: str | None) -> Page:
        def params(gone: Collection[str]) -> dict[str, str]:
            more = page_after(cursor) if cursor is not None else {}
            return {**_fields(_POST_FIELDS, gone), "since": str(int(since.timestamp())), "limit": str(_PAGE), **more}

        return await session.ask(POSTS, asked, "me/threads", params, _OPTIONAL)

    return await Walk(since).over(page, MANIFEST.label)


async def _counted_all(
    session: Session, asked: Asked, posts: tuple[Post, ...]
) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    """Return the posts with their counts, those of other people left alone; raises a refused permission.

    Without insights there is nothing to count at all.
    """

    async def read(post: Post) -> Figures:
        return await _insights(session, asked, f"{post.native_id}/insights", _METRICS)

    told = await of_posts([post for post in posts if post.kind != "repost"], read)
    if not told.figures and isinstance(told.why, SourceAuthFailed):
        raise told.why
    known = told.figures
    counted = tuple(_counted(post, known[post.native_id]) if post.native_id in known else post for post in posts)
    return counted, told.notes(MANIFEST.label)


async def _insights(session: Session, asked: Asked, path: str, metric: str) -> Figures:
    return await session.ask(INSIGHTS, asked, path, lambda _: {"metric": metric}, frozenset())


def _fields(names: Collection[str], without: Collection[str]) -> dict[str, str]:
    return {"fields": ",".join(name for name in names if name not in without)}


# --- the owner's consent ----------------------------------------------------------------------------------------------


async def _accounts(client: "Requests", clock: Clock, credentials: Credentials) -> tuple[Owned, ...]:
    session = Session(client, clock, MANIFEST, as_owner(credentials))
    asked = Asked(handle="", now=clock.now(), owned=True)
    own = await session.ask(PROFILE, asked, "me", lambda _: _fields(("id", "username"), ()), frozenset())
    return (Owned(native_id=own.native_id, handle=own.handle),)


OWNER = threads_access(MANIFEST, OAUTH, _accounts)
