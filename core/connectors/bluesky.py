"""Bluesky: public profiles and posts from the AppView, no key needed."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field

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
    rate_limited,
)
from core.connectors.items import Item, Items, Place, Stamp
from core.errors import NotFound, Private, SourceAuthFailed, SourceChanged, SourceError, Suspended
from core.manifest import HandleRule, Manifest, Target, UrlForm
from core.models import Action, Clock, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="bluesky",
    label="Bluesky",
    hosts=("public.api.bsky.app",),
    base_url="https://public.api.bsky.app/xrpc/",
    handles=HandleRule(
        # AT Protocol handle syntax: a domain name of at least two labels, the last one starting with a letter
        pattern=r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
        hint="a domain name such as alice.bsky.social or alice.example; a bare name means name.bsky.social",
        example="alice.bsky.social",
        bare_suffix=".bsky.social",
        native_pattern=r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]",
        reserved=frozenset({"handle.invalid"}),
        urls=(
            UrlForm(
                hosts=("bsky.app", "staging.bsky.app", "main.bsky.dev"),
                path=r"/profile/(?P<handle>[^/]+)(?:/.*)?",
            ),
        ),
    ),
    counts=frozenset({"likes", "reposts", "replies", "quotes", "saves"}),
    supplies_kind=True,
    reset_headers=("bluesky",),
    limits="Generous: 3,000 requests in 5 minutes for each address on personal servers, none published here.",
    cost="Free; no key and no account.",
    attribution="Bluesky",
    reads=(
        "Followers, and likes, reposts, replies, quotes and bookmarks of every public post; "
        "reposts of other people's posts count as activity only."
    ),
    cannot_see=("Views. Accounts that ask not to be shown to logged-out apps are left out, as their owners wish."),
    off_wording="Bluesky is switched off here.",
)

_PAGE = 100  # the most getAuthorFeed gives at once [spec]
_REPOST = "app.bsky.feed.defs#reasonRepost"
_PIN = "app.bsky.feed.defs#reasonPin"
_POST_COLLECTION = "/app.bsky.feed.post/"
_LOGGED_OUT = "!no-unauthenticated"  # "not to logged-out apps": the server answers all the same, honouring it is on us

# --- what the answers look like (lexicons app.bsky.actor.defs and app.bsky.feed.defs) ---------------------------------


class _Label(Wire):
    val: str = ""
    neg: bool | None = None  # takes back what was said before


class _Verification(Wire):
    verified_status: str = Field("", alias="verifiedStatus")
    trusted_verifier_status: str = Field("", alias="trustedVerifierStatus")


class _Actor(Wire):
    did: str = Field(min_length=1)
    handle: str = Field(min_length=1)
    display_name: LenientText = Field(None, alias="displayName")
    description: LenientText = None
    website: LenientText = None
    avatar: LenientText = None
    followers: LenientCount = Field(None, alias="followersCount")
    follows: LenientCount = Field(None, alias="followsCount")
    posts: LenientCount = Field(None, alias="postsCount")
    created_at: LenientMoment = Field(None, alias="createdAt")
    labels: tuple[_Label, ...] | None = None
    verification: _Verification | None = None


_Needed = Annotated[str, Field(strict=True, min_length=1)]
_ITEMS = Items(
    MANIFEST.name,
    native_id=Place("post.uri", _Needed, needed=True),
    created_at=Place("post.indexedAt", Stamp, needed=True),  # never record.createdAt, which the author writes
    likes=Place("post.likeCount"),
    reposts=Place("post.repostCount"),
    replies=Place("post.replyCount"),
    quotes=Place("post.quoteCount"),
    saves=Place("post.bookmarkCount"),
    author=Place("post.author.did", _Needed, needed=True),
    reason=Place("reason.$type", str, default=""),
    reposted_at=Place("reason.indexedAt", LenientMoment),
    # the record is written by the author, so its shape is anybody's guess
    answers=Place("post.record.reply.parent.uri", str, default=""),
    embeds=Place("post.record.embed.record.uri|post.record.embed.record.record.uri", str, default=""),
)


class _Feed(Wire):
    feed: Annotated[list[Item], _ITEMS]
    cursor: str | None = None


class _Refusal(Wire):
    error: Code = ""
    message: LenientText = None


# --- answers to house types -------------------------------------------------------------------------------------------


def _profile(body: bytes, asked: Asked) -> Profile:
    actor = _Actor.model_validate_json(body)
    handle = actor.did if actor.handle == "handle.invalid" else actor.handle.lower()
    if any(label.val == _LOGGED_OUT and not label.neg for label in actor.labels or ()):
        raise Private(MANIFEST.name, f"Bluesky: @{handle} asks not to be shown to logged-out apps.")
    return Profile(
        network=MANIFEST.name,
        native_id=actor.did,
        handle=handle,
        display_name=actor.display_name,
        url=f"https://bsky.app/profile/{handle}",
        avatar_url=actor.avatar,
        bio=actor.description,
        created_at=actor.created_at,
        followers=actor.followers,
        following=actor.follows,
        posts_total=actor.posts,
        verified=_verified(actor.verification),
        links=links_in(actor.website, actor.description),
        fetched_at=asked.now,
    )


def _verified(verification: _Verification | None) -> bool | None:
    if verification is None:
        return None
    return "valid" in (verification.verified_status, verification.trusted_verifier_status)


def _page(body: bytes, asked: Asked) -> Page:
    found = _Feed.model_validate_json(body)
    items, subject = found.feed, asked.subject or _owner(found.feed)
    own = [item for item in items if item["author"] == subject or item["reason"] == _REPOST]
    for item in own:
        _settle(item, subject)
    # pins stand out of order on top, so they say nothing about how far the page reaches
    oldest = min((item["created_at"] for item in items if item["reason"] != _PIN), default=None)
    return Page(posts=_ITEMS.posts(own), cursor=found.cursor or None, oldest=oldest, items=len(items))


def _owner(items: Iterable[Item]) -> str:
    """Return whose feed it is when nobody says: the author of the items that are no reposts."""
    own = [item["author"] for item in items if item["reason"] != _REPOST]
    return max(own, key=own.count, default="")


def _settle(item: Item, subject: str) -> None:
    """Fill in what follows from an item's other fields."""
    uri = item["native_id"]
    item["url"] = f"https://bsky.app/profile/{item['author']}/post/{uri.rpartition('/')[2]}"
    if item["reposted_at"] is not None:
        item["created_at"] = item["reposted_at"]
    if item["reason"] == _REPOST:
        # the counts are the other author's; only the act of reposting is the subject's
        item.update(dict.fromkeys(get_args(Action)), native_id=f"{uri}#repost", kind="repost")
    elif item["answers"]:
        item["kind"] = "thread" if item["answers"].startswith(f"at://{subject}/") else "reply"
    elif _POST_COLLECTION in item["embeds"]:
        item["kind"] = "quote"


# --- errors -----------------------------------------------------------------------------------------------------------

_SUSPENDED = {f"{what}{how}" for what in ("Account", "Repo") for how in ("Deactivated", "Suspended", "Takedown")}
_SUSPENDED |= {"RepoTakendown"}  # personal servers speak of repositories
_UNKNOWN = {"AccountNotFound", "RepoNotFound", "HandleNotFound"}
_TOKEN = {"ExpiredToken", "InvalidToken", "AuthMissing"}  # of somebody who logged in
_BLOCKED = {"BlockedActor", "BlockedByActor"}
_NOT_THERE = "there is no such call at this address; is CLOUT_BLUESKY__BASE_URL right?"


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means: 400 with a name in `error` for nearly everything about an account [spec]."""
    if answer.status == 429:
        return rate_limited(MANIFEST, answer, asked.now)
    if answer.status == 501:
        return SourceChanged(MANIFEST.name, "Bluesky no longer knows the method we use.", field="method")
    if answer.status == 404:  # an unknown account is a 400: here the whole call is unknown, and nobody is missing
        return SourceChanged(MANIFEST.name, f"Bluesky: {_NOT_THERE}", field="method")
    if answer.status != 400:
        return None
    refusal = _refusal(answer)
    if refusal.error in _SUSPENDED:
        return Suspended(MANIFEST.name, f"Bluesky: @{asked.handle} is suspended or deactivated.")
    if refusal.error in _BLOCKED:
        return Private(MANIFEST.name, f"Bluesky: @{asked.handle} does not let this app in.")
    if refusal.error in _TOKEN:
        return SourceAuthFailed(MANIFEST.name, "Bluesky refused our session.")
    # the one answer that only its wording tells from our own mistakes
    nobody = refusal.error == "InvalidRequest" and refusal.message in ("Profile not found", "Account not found")
    if nobody or refusal.error in _UNKNOWN:
        return NotFound(MANIFEST.name, f"I can't find @{asked.handle} on Bluesky.")
    return SourceChanged(
        MANIFEST.name,
        f"Bluesky refused the way we asked ({refusal.error or 'no reason given'}).",
        field="request",
    )


def _refusal(answer: Answer) -> _Refusal:
    try:
        return _Refusal.model_validate_json(answer.body)
    except ValueError:
        return _Refusal()


PROFILE = Call(MANIFEST, "profile", r"/app\.bsky\.actor\.getProfile$", _profile, _errors)
FEED = Call(MANIFEST, "posts", r"/app\.bsky\.feed\.getAuthorFeed$", _page, _errors)
CALLS = (PROFILE, FEED)


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a Bluesky account and its feed back to `since`; raises one SourceError.

    The profile is asked first: for an account taken down the feed only says "not found".
    """
    asked = Asked(handle=target.handle, now=clock.now())
    actor = {"actor": target.native_id or target.handle}
    profile = await ask(PROFILE, client, asked, "app.bsky.actor.getProfile", actor)
    asked = Asked(handle=profile.handle, now=asked.now, subject=profile.native_id)

    async def page(cursor: str | None) -> Page:
        params = {"actor": profile.native_id, "limit": _PAGE, "filter": "posts_with_replies"}
        if cursor is not None:
            params["cursor"] = cursor
        return await ask(FEED, client, asked, "app.bsky.feed.getAuthorFeed", params)

    walk = await Walk(since).over(page, MANIFEST.label)
    return Snapshot(profile=profile, posts=walk.inside(), complete_from=walk.complete_from, notes=tuple(walk.notes))
