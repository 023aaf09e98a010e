"""Instagram: business and creator accounts, through the team's own professional account.

One call reads profile and posts: business discovery, a field expression on our own account. The name that is asked for
stands inside that expression, so it is checked again here.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AliasChoices, Field

from core.connectors import instagram_owner
from core.connectors.answers import Answer
from core.connectors.base import (
    Asked,
    Call,
    Credentials,
    Page,
    Walk,
    ask,
    links_in,
)
from core.connectors.graph import (
    MEDIA_GONE,
    NODE,
    Count,
    GraphError,
    GraphWire,
    NodeId,
    Paging,
    Session,
    Words,
    is_cursor,
    lacks_feature,
    refusal,
    signed,
)
from core.connectors.insights import figures
from core.connectors.items import Item, Items, LenientStamp, Place, dated
from core.connectors.owners import ACCESS
from core.errors import NotConfigured, NotFound, SourceAuthFailed, SourceChanged, SourceError
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import Clock, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="instagram",
    label="Instagram",
    hosts=("graph.facebook.com",),
    base_url="https://graph.facebook.com/v25.0/",
    handles=HandleRule(
        # the name goes into a field expression, so nothing but these characters may pass
        pattern=r"(?=[a-z0-9._]{1,30}\Z)[a-z0-9_]+(?:\.[a-z0-9_]+)*",
        hint="1 to 30 letters, digits, underscores or single dots, no dot at either end",
        example="glow.guru",
        reserved=frozenset(
            "about accounts api developer direct directory emails explore legal oauth p press privacy reel reels "
            "session stories terms tv web your_activity".split()
        ),
        urls=(UrlForm(hosts=("instagram.com", "instagr.am"), path=r"/(?:_u/)?@?(?P<handle>[^/@]+)(?:/.*)?"),),
        unresolvable=(UrlForm(hosts=("ig.me",), path=r".*"),),
    ),
    credentials=(
        Credential(
            name="access_token",
            help="A long-lived Facebook user token with instagram_basic, instagram_manage_insights and "
            "pages_read_engagement.",
        ),
        Credential(
            name="user_id",
            help="The id of your own Instagram business or creator account, which must be linked to a Facebook Page.",
        ),
        Credential(
            name="app_secret",
            required=False,
            help="The app's secret, from which each call is signed; needed when the app demands it, and to connect "
            "accounts by their owners.",
        ),
        Credential(
            name="app_id", required=False, help="The Meta app's id; needed to connect accounts by their owners."
        ),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="hour",
            setting="hourly_requests",
            per_lookup=1,
            help="The most requests in one hour; unset, Meta's own limits count, which its answers tell in per cent.",
        ),
    ),
    setup_url="https://developers.facebook.com/docs/instagram-platform",
    counts=frozenset({"likes", "reposts", "replies", "saves", "views"}),
    reset_headers=("meta",),
    limits="Meta's business-use-case limits; reading pauses at 80 per cent of them. A lookup takes one request; of an "
    "account that its owner connected 2, and one for each of the newest 50 posts.",
    cost="Free; needs your own professional account, a linked Page and a Meta app.",
    attribution="Instagram",
    reads=(
        "Followers, and likes, comments and views of reels of business and creator accounts; "
        "saves, shares and all views once the creator connects."
    ),
    cannot_see=(
        "Personal and age-gated accounts, which look as if they did not exist; stories; likes where the owner hides "
        "them; saves and shares of accounts that are not connected."
    ),
    off_wording="A Meta app and your own professional account add business and creator accounts.",
)

_PAGE = 50  # of at most 100 [spec]; most accounts post less in 90 days
_PROFILE_FIELDS = "biography followers_count follows_count id media_count name username website".split()
_MEDIA_FIELDS = "id comments_count like_count view_count media_product_type media_type permalink timestamp".split()
_OPTIONAL = frozenset({*_PROFILE_FIELDS, *_MEDIA_FIELDS} - {"id", "username", "timestamp"})
_ELIGIBLE = "was not found, or is not a business/creator account (Instagram only shares those)."
_OWN_ID = re.compile(r"[0-9]{1,30}")
_BEFORE_CONVERSION = 2108006  # subcode: a post of before the account became a professional one has no insights
_Permalink = Annotated[
    str, Field(strict=True, max_length=150, pattern=r"^https://www\.instagram\.com/[A-Za-z0-9_./-]+$")
]

# --- what the answers look like (IG User business_discovery and IG Media) ---------------------------------------------


_MEDIA = Items(
    MANIFEST.name,
    native_id=Place("id", NodeId, needed=True),
    created_at=Place("timestamp", LenientStamp),
    url=Place("permalink", _Permalink),
    likes=Place("like_count"),  # left out where the owner hides them
    replies=Place("comments_count"),
    views=Place("view_count"),
    product=Place("media_product_type", str),
    form=Place("media_type", str),
)


class _Media(Paging):
    items: Annotated[list[Item], _MEDIA] = Field(alias="data")


class _Account(GraphWire):
    id: NodeId
    username: Words = None
    name: Words = None
    biography: Words = None
    website: Words = None
    followers: Count = Field(None, alias="followers_count")
    following: Count = Field(None, alias="follows_count")
    total: Count = Field(None, alias="media_count")
    media: _Media | None = None


class _Discovery(GraphWire):
    account: _Account = Field(alias="business_discovery")


_OF_POSTS = ("timestamp", "media_type", "media_url", "permalink", "caption", "text")  # of comments too


class _Node(_Account):
    """An answer of an unknown question to one node: our own account, or business discovery on it."""

    discovered: _Account | None = Field(None, alias="business_discovery")
    posted: Any = Field(None, validation_alias=AliasChoices(*_OF_POSTS))


# --- answers to house types -------------------------------------------------------------------------------------------


def _discovered(body: bytes, asked: Asked) -> _Account:
    return _Discovery.model_validate_json(body).account


def _read(body: bytes, asked: Asked) -> Profile | Page | None:
    """Return an account, a later page of its media, or None for a node that is neither."""
    node = _Node.model_validate_json(body)
    account = node.discovered or node
    if account.media is not None and account.username is None and account.followers is None and account.total is None:
        return _page(account, asked)
    about = (account.username, account.biography, account.followers, account.following, account.total)
    if asked.unknown and (node.posted is not None or all(told is None for told in about)):
        return None
    return _shown(account, asked)


def _shown(account: _Account, asked: Asked) -> Profile:
    username = (account.username or (account.id if asked.unknown else "")).lower()
    if not re.fullmatch(MANIFEST.handles.pattern, username):
        raise SourceChanged(MANIFEST.name, "Instagram changed its answers: field username.", field="username")
    return Profile(
        network=MANIFEST.name,
        native_id=account.id,
        handle=username,
        display_name=account.name,
        url=f"https://www.instagram.com/{username}/",
        bio=account.biography,  # no picture: its address is signed and expires
        followers=account.followers,
        following=account.following,
        posts_total=account.total,
        links=links_in(account.website, account.biography),
        fetched_at=asked.now,
    )


def _page(account: _Account, asked: Asked, place: str = "business_discovery.media.") -> Page:
    """Return a page of an account's media; those of another account than the one asked for are nobody's."""
    told = account.media.items if account.media is not None else []
    items = dated(MANIFEST, told, asked, place + "data.{}.timestamp")
    oldest = items[-1]["created_at"] if items else None
    for item in items:
        # reels and videos alone have views
        if item["product"] not in (None, "REELS") and item["form"] != "VIDEO":
            item["views"] = None
    return Page(
        posts=_MEDIA.posts(items) if asked.subject in ("", account.id) else (),
        cursor=account.media.after if account.media is not None else None,
        oldest=oldest,
        items=len(told),
    )


def _own_media(body: bytes, asked: Asked) -> Page:
    """Return a page of an account's own media; only `next` says that there is another one."""
    media = _Media.model_validate_json(body)
    page = _page(_Account(id=asked.subject or "0", media=media), asked, "")
    return replace(page, cursor=media.next_page)


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means: a personal account and one that does not exist are the same to Meta."""
    return refusal(MANIFEST, answer, asked, _not_found)


def _not_found(error: GraphError, asked: Asked) -> SourceError | None:
    if error.code == 110 or (error.code == 100 and error.subcode == 33 and not lacks_feature(error)):
        whom = f"@{asked.handle}" if asked.handle else "this account"
        return NotFound(MANIFEST.name, f"Instagram: {whom} {_ELIGIBLE}")
    if error.code == MEDIA_GONE or error.subcode == _BEFORE_CONVERSION:
        return NotFound(MANIFEST.name, "Instagram does not show this post.")
    return None


def _discovery_errors(answer: Answer, asked: Asked) -> SourceError | None:
    return refusal(MANIFEST, answer, asked, _ours_or_not_found)


def _ours_or_not_found(error: GraphError, asked: Asked) -> SourceError | None:
    """The node that is asked is our own account: when that is missing, the id is wrong, not the creator."""
    if (error.code == 100 and error.subcode == 33) or error.missing_field == "business_discovery":
        words = "Instagram: user_id is no professional account that our token may use."
        return SourceAuthFailed(MANIFEST.name, words)
    return _not_found(error, asked)


PROFILE = Call(MANIFEST, "profile", NODE, _read, _errors)  # its posts come with it
MEDIA = Call(MANIFEST, "media", r"/[0-9A-Za-z_{}]+/media$", _own_media, _errors)
INSIGHTS = Call(MANIFEST, "insights", r"/[0-9A-Za-z_{}]+/insights$", figures, _errors)
CALLS = (PROFILE, MEDIA, INSIGHTS)
OWNER = instagram_owner.access(MANIFEST)
_DISCOVERY = Call(MANIFEST, "discovery", PROFILE.path, _discovered, _discovery_errors)
_OWN = Call(MANIFEST, "own", PROFILE.path, lambda body, asked: _Account.model_validate_json(body), _discovery_errors)


# --- one lookup -------------------------------------------------------------------------------------------------------


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a business or creator account and its posts since `since`; raises one SourceError.

    One request, and one more for each further 50 posts. Only names can be asked for: when another account has taken
    the name of the one that is known, that one is not found. With its owner's token: `instagram_owner.py`.
    """
    if ACCESS in credentials:
        return await instagram_owner.fetch((PROFILE, MEDIA, INSIGHTS), target, since, client, clock, credentials)
    handle = target.handle
    if not re.fullmatch(MANIFEST.handles.pattern, handle):
        raise NotFound(MANIFEST.name, "Instagram: that cannot be an account.")
    asked = Asked(handle=handle, now=clock.now())
    lookup = _Lookup(Session(client, clock, MANIFEST, credentials), _own_id(credentials), asked)
    lookup.session.begin()
    first = await lookup.discover(None)
    if target.native_id not in (None, first.id):
        raise NotFound(MANIFEST.name, f"Instagram: the name @{handle} belongs to another account by now.")
    return await lookup.snapshot(first, since)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """One account being read through our own."""

    session: Session
    own_id: str
    asked: Asked

    async def discover(self, cursor: str | None) -> _Account:
        """Return the account with one page of its media; raises SourceError."""
        if cursor is not None and not is_cursor(cursor):
            raise SourceChanged(MANIFEST.name, "Instagram changed its answers: field after.", field="after")

        def params(without: Collection[str]) -> dict[str, str]:
            return {"fields": _expression(self.asked.handle, cursor, without)}

        return await self.session.ask(_DISCOVERY, self.asked, self.own_id, params, _OPTIONAL)

    async def snapshot(self, first: _Account, since: datetime) -> Snapshot:
        profile, asked = _shown(first, self.asked), replace(self.asked, subject=first.id)
        if first.media is None and first.total != 0:
            words = "Instagram did not show the posts of this account."
            return Snapshot(profile=profile, notes=(words, *self.session.notes))

        async def page(cursor: str | None) -> Page:
            return _page(first if cursor is None else await self.discover(cursor), asked)

        walk = await Walk(since).over(page, MANIFEST.label)
        notes = (*self.session.notes, *walk.notes)
        return Snapshot(profile=profile, posts=walk.inside(), complete_from=walk.complete_from, notes=notes)


def _expression(handle: str, cursor: str | None, without: Collection[str]) -> str:
    """Return the field expression for an account and its first page, or for a later page alone.

    Both parts that come from outside, handle and cursor, have been checked: a bracket in them would end the expression.
    """
    media = ",".join(name for name in _MEDIA_FIELDS if name not in without)
    profile = _PROFILE_FIELDS if cursor is None else ["id"]
    after = f".after({cursor})" if cursor is not None else ""
    inner = ",".join([*(name for name in profile if name not in without), f"media{after}.limit({_PAGE}){{{media}}}"])
    return f"business_discovery.username({handle}){{{inner}}}"


def _own_id(credentials: Credentials) -> str:
    own_id = credentials["user_id"].get_secret_value().strip().strip("'\"").strip()
    if not _OWN_ID.fullmatch(own_id):
        raise NotConfigured(
            MANIFEST.name, "Instagram: CLOUT_INSTAGRAM__USER_ID is your account's number, not its name."
        )
    return own_id


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Try the token on our own account; raises SourceAuthFailed for a token or an account that is refused."""
    proof, headers = signed(MANIFEST, credentials)
    params = {"fields": "id,username", **proof}
    own = await ask(_OWN, client, Asked(handle="", now=clock.now()), _own_id(credentials), params, headers)
    note = "Instagram does not say when a token ends; a long-lived one of a user lasts about 60 days."
    return Verified(whose=f"@{own.username}" if own.username else "", notes=(note,))
