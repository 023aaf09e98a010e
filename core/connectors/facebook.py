"""Facebook Pages: those the team manages, or all public ones with Page Public Content Access."""

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from pydantic import AliasChoices, Field, PlainValidator

from core.connectors import facebook_owner
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
    NODE,
    Count,
    GraphError,
    GraphWire,
    NodeId,
    Paging,
    Session,
    Words,
    lacks_feature,
    page_after,
    refusal,
    signed,
)
from core.connectors.items import Item, Items, LenientStamp, Place, dated
from core.connectors.meta_login import as_owner
from core.connectors.owners import ACCESS
from core.errors import NotFound, SourceAuthFailed, SourceChanged, SourceError
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import Clock, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

_HOSTS = ("facebook.com", "web.facebook.com", "business.facebook.com", "fb.com")

MANIFEST = Manifest(
    name="facebook",
    label="Facebook",
    hosts=("graph.facebook.com",),
    base_url="https://graph.facebook.com/v25.0/",
    handles=HandleRule(
        pattern=r"(?=[a-z0-9.]{5,50}\Z)[a-z0-9]+(?:\.[a-z0-9]+)*",
        hint="the name of a Page: 5 or more letters, digits or dots, or the Page's number",
        example="glowguru.page",
        native_pattern=r"[0-9]{5,20}",
        reserved=frozenset(
            "about business dialog events friends gaming groups hashtag login marketplace media messages "
            "notifications pages people photo photo.php policies privacy profile.php public reels search settings "
            "share sharer sharer.php stories story.php permalink.php videos watch".split()
        ),
        urls=(
            UrlForm(hosts=_HOSTS, path=r"/profile\.php\?(?:.*&)?id=(?P<native_id>[0-9]+)(?:&.*)?"),
            UrlForm(hosts=_HOSTS, path=r"/(?:pages|people)/(?:[^/]+/)+(?P<native_id>[0-9]+)"),
            UrlForm(hosts=_HOSTS, path=r"/p/(?:[^/]+-)?(?P<native_id>[0-9]+)(?:/.*)?"),
            UrlForm(hosts=_HOSTS, path=r"/(?:pg/)?(?P<handle>[^/]+)(?:/.*)?"),
        ),
        unresolvable=(
            UrlForm(hosts=("fb.me", "fb.watch", "m.me"), path=r".*"),
            UrlForm(hosts=_HOSTS, path=r"/(?:share|sharer)(?:/.*)?"),
        ),
    ),
    credentials=(
        Credential(
            name="access_token",
            help="A token of a Page you manage, or of an app with Page Public Content Access (App Review and business "
            "verification).",
        ),
        Credential(
            name="app_secret",
            required=False,
            help="The app's secret, from which each call is signed; needed for Page Public Content Access, and to "
            "connect Pages by their owners.",
        ),
        Credential(name="app_id", required=False, help="The Meta app's id; needed to connect Pages by their owners."),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="hour",
            setting="hourly_requests",
            per_lookup=2,
            help="The most requests in one hour; unset, Meta's own limits count, which its answers tell in per cent.",
        ),
    ),
    setup_url="https://developers.facebook.com/docs/features-reference/page-public-content-access",
    counts=frozenset({"likes", "reposts", "replies", "views"}),
    absent_is_zero=frozenset({"reposts"}),  # the key `shares` is left out when nobody shared
    reset_headers=("meta",),
    limits="Meta's business-use-case and platform limits; reading pauses at 80 per cent of them.",
    cost="Free; Pages of others need Meta's App Review and business verification.",
    attribution="Facebook",
    reads="Followers, and reactions, shares and comments of a Page's posts; views of Pages the team manages.",
    cannot_see="People's own profiles, ever, and Pages of others without Page Public Content Access.",
    off_wording="Facebook: without Page Public Content Access only Pages your team manages count.",
)

_PAGE = 25  # posts; larger pages are cut short by Meta when they cost too much
_PAGE_FIELDS = (
    "id name username link about website fan_count followers_count verification_status category talking_about_count"
).split()
_POST_FIELDS = {
    "id": "id",
    "created_time": "created_time",
    "permalink_url": "permalink_url",
    "status_type": "status_type",
    "shares": "shares",
    "comments": "comments.filter(stream).limit(0).summary(true)",
    "reactions": "reactions.limit(0).summary(total_count)",
}
_OPTIONAL_OF_PAGES = frozenset({*_PAGE_FIELDS} - {"id", "name"})
_OPTIONAL_OF_POSTS = frozenset({*_POST_FIELDS, *facebook_owner.VIEWS} - {"id", "created_time"})
_VERIFIED = {"blue_verified": True, "gray_verified": True, "not_verified": False}
_Permalink = Annotated[
    str, Field(strict=True, max_length=240, pattern=r"^https://(?:[a-z-]{1,20}\.)?facebook\.com/[^?#\s@\\]+$")
]
_PAGE_ID = re.compile(r"[0-9]{1,40}")
_PostId = Annotated[str, Field(strict=True, max_length=141, pattern=r"^(?:[0-9]+_)?[0-9A-Za-z]+$")]
_NO_ACCESS = "Facebook: this app has no Page Public Content Access, so only Pages your team manages count."

# --- what the answers look like (Graph API: Page and PagePost) --------------------------------------------------------


class _PageNode(GraphWire):
    id: NodeId
    name: Words = None
    username: Words = None
    about: Words = None
    website: Words = None
    fans: Count = Field(None, alias="fan_count")
    followers: Count = Field(None, alias="followers_count")
    verification: Words = Field(None, alias="verification_status")
    dated: Any = Field(None, validation_alias=AliasChoices("created_time", "updated_time", "start_time", "from"))


_Views = Annotated[int | None, PlainValidator(facebook_owner.views)]
_POSTS = Items(
    MANIFEST.name,
    native_id=Place("id", _PostId, needed=True),
    created_at=Place("created_time", LenientStamp),
    url=Place("permalink_url", _Permalink),
    likes=Place("reactions.summary.total_count"),
    reposts=Place("shares.count|shares", default=0),  # nobody shared where the whole key is left out
    replies=Place("comments.summary.total_count"),
    views=Place("insights", _Views),  # told to the Page's own token
)


class _Posts(Paging):
    items: Annotated[list[Item], _POSTS] = Field(alias="data")


# --- answers to house types -------------------------------------------------------------------------------------------


def _node(body: bytes, asked: Asked) -> Profile | None:
    """Return a Page, or None for another node: pictures, events and groups have names too, and dates as no Page has."""
    return None if _PageNode.model_validate_json(body).dated is not None else _profile(body, asked)


def _profile(body: bytes, asked: Asked) -> Profile:
    page = _PageNode.model_validate_json(body)
    if page.name is None and not (asked.unknown and (page.username or _audience(page) is not None)):
        # every Page has one
        raise SourceChanged(MANIFEST.name, "Facebook changed its answers: field name (missing).", field="name")
    username = (page.username or "").lower()
    handle = username if re.fullmatch(MANIFEST.handles.pattern, username) else page.id
    return Profile(
        network=MANIFEST.name,
        native_id=page.id,
        handle=handle,
        display_name=page.name,
        url=f"https://www.facebook.com/{handle}",
        bio=page.about,  # no picture: its address is signed and expires
        followers=_audience(page),
        verified=_VERIFIED.get(page.verification or ""),
        links=links_in(page.website, page.about),
        fetched_at=asked.now,
    )


def _audience(page: _PageNode) -> int | None:
    return page.fans if page.followers is None else page.followers


def _page(body: bytes, asked: Asked) -> Page:
    found = _Posts.model_validate_json(body)
    items, subject = dated(MANIFEST, found.items, asked, "data.{}.created_time"), asked.subject
    oldest, ids = items[-1]["created_at"] if items else None, tuple(item["native_id"] for item in items)
    for item in items:
        item["url"] = item["url"] or f"https://www.facebook.com/{item['native_id']}"
    own = [item for item in items if not subject or _page_of(item["native_id"]) in ("", subject)]
    return Page(posts=_POSTS.posts(own), cursor=found.next_page, oldest=oldest, items=len(found.items), ids=ids)


def _page_of(post_id: str) -> str:
    """Return the Page that published a post, empty where the id does not say."""
    return post_id.rpartition("_")[0]


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means by Meta's table and the codes of Pages."""
    return refusal(MANIFEST, answer, asked, _own_errors)


def _own_errors(error: GraphError, asked: Asked) -> SourceError | None:
    name, whom = MANIFEST.name, f"@{asked.handle}" if asked.handle else "this"
    if lacks_feature(error):
        return SourceAuthFailed(name, _NO_ACCESS)
    person = error.code == 803 and "query users" in (error.message or "").lower()
    if person or (error.missing_field and error.node_type not in ("", "Page", "Post", "PagePost")):
        return NotFound(
            name, f"Facebook: {whom} is a person, not a Page." if person else f"Facebook: {whom} is no Page."
        )
    # 21: a Page that was merged into another one
    if error.code in (21, 803) or (error.code == 100 and error.subcode == 33):
        return NotFound(name, f"I can't find {whom} on Facebook." if asked.handle else "Facebook: not found.")
    return None


OWNER = facebook_owner.access(MANIFEST)
PROFILE = Call(MANIFEST, "profile", NODE, _profile, _errors)
ANY_NODE = Call(MANIFEST, "profile", NODE, _node, _errors)  # of a recorded answer
POSTS = Call(MANIFEST, "posts", r"/[^/]+/posts$", _page, _errors)
CALLS = (ANY_NODE, POSTS)
_APP = Call(MANIFEST, "app", PROFILE.path, lambda body, asked: _PageNode.model_validate_json(body), _errors)


# --- one lookup -------------------------------------------------------------------------------------------------------


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a Page and its posts since `since`; raises one SourceError.

    Two requests, and one more for each further 25 posts; with the Page's own token they tell views too.
    """
    owned = ACCESS in credentials
    credentials = as_owner(credentials) if owned else credentials
    asked = Asked(handle=target.handle, now=clock.now(), owned=owned)
    session, key = Session(client, clock, MANIFEST, credentials), _key(target)
    session.begin()
    profile = await session.ask(PROFILE, asked, key, _page_params, _OPTIONAL_OF_PAGES)
    asked = replace(asked, handle=profile.handle, subject=profile.native_id)

    async def page(cursor: str | None) -> Page:
        def params(without: Collection[str]) -> dict[str, str | int]:
            return _post_params(since, cursor, without, owned)

        path = f"{quote(profile.native_id, safe='')}/posts"
        reading = partial(session.ask, POSTS, asked, path, params, _OPTIONAL_OF_POSTS)
        found = await facebook_owner.with_views(reading, session) if owned else await reading()
        if "shares" not in session.without:
            return found
        # not asked for, so that its absence says nothing
        return replace(found, posts=tuple(post.model_copy(update={"reposts": None}) for post in found.posts))

    walk = await Walk(since).over(page, MANIFEST.label)
    notes = (*facebook_owner.notes(session), *walk.notes)
    found = Snapshot(profile=profile, posts=walk.inside(), complete_from=walk.complete_from, notes=notes)
    return found.model_copy(update={"access": "owner_authorised"}) if owned else found


def _key(target: Target) -> str:
    """Return the path that names a Page; raises NotFound for what is no name, before it enters an address."""
    rule = MANIFEST.handles
    if target.native_id is not None and _PAGE_ID.fullmatch(target.native_id):
        return target.native_id
    if target.native_id is not None or not re.fullmatch(rule.pattern, target.handle):
        raise NotFound(MANIFEST.name, "Facebook: that cannot be a Page.")
    return quote(target.handle, safe="")


def _page_params(without: Collection[str]) -> dict[str, str | int]:
    return {"fields": ",".join(name for name in _PAGE_FIELDS if name not in without)}


def _post_params(since: datetime, cursor: str | None, without: Collection[str], owned: bool) -> dict[str, str | int]:
    asked_for = {**_POST_FIELDS, **facebook_owner.VIEWS} if owned else _POST_FIELDS
    fields = ",".join(words for name, words in asked_for.items() if name not in without)
    params: dict[str, str | int] = {"fields": fields, "since": int(since.timestamp()), "limit": _PAGE}
    return {**params, **(page_after(cursor) if cursor is not None else {})}


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Try the token on the app it belongs to, which tokens of Pages, people and apps may all read.

    Raises SourceAuthFailed for a refused one.
    """
    proof, headers = signed(MANIFEST, credentials)
    params = {"fields": "id,name", **proof}
    app = await ask(_APP, client, Asked(handle="", now=clock.now()), "app", params, headers)
    note = "Which Pages may be read shows with the first lookup: that depends on Page Public Content Access."
    return Verified(whose=app.name or "", notes=(note,))
