"""Instagram accounts whose owner has connected them: their own media, and what only the owner sees of each.

Professional accounts only, by Facebook Login: the account is found by the Page it is linked to. `instagram.py` reads
the answers' shapes; here stands what is asked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from statistics import median_low
from typing import TYPE_CHECKING

from core.connectors.base import Asked, Call, Credentials, Page, Walk
from core.connectors.graph import Session, page_after
from core.connectors.insights import Figures, Told, of_posts
from core.connectors.meta_login import as_owner, facebook_access, facebook_login, managed_pages
from core.connectors.owners import Owned, OwnerAccess, needs_owner
from core.errors import SourceChanged
from core.manifest import Manifest, Target
from core.models import Clock, Post, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

NEEDED = ("instagram_basic", "instagram_manage_insights", "pages_show_list", "pages_read_engagement")
READS = (
    "The account's name, text and number of followers.",
    "Each post's date, likes and comments.",
    "Each post's saves, shares, views and reach, which only you see.",
)
METRICS = "reach,saved,shares,views"
_PAGE = 50
_PROFILE_FIELDS = "biography followers_count follows_count id media_count name username website".split()
_MEDIA_FIELDS = "id comments_count like_count media_product_type media_type permalink timestamp".split()
_OPTIONAL = frozenset({*_PROFILE_FIELDS, *_MEDIA_FIELDS} - {"id", "username", "timestamp"})


def access(manifest: Manifest) -> OwnerAccess:
    """Return how an Instagram account is connected by its owner."""

    async def accounts(client: "Requests", clock: Clock, credentials: Credentials) -> tuple[Owned, ...]:
        pages = await managed_pages(manifest, client, clock, credentials)
        found = (page.instagram for page in pages if page.instagram is not None)
        return tuple(Owned(native_id=one.id, handle=(one.username or one.id).lower()) for one in found)

    return facebook_access(manifest, facebook_login(manifest, NEEDED, (), READS), accounts)


async def fetch(
    calls: tuple[Call[Profile | Page | None], Call[Page], Call[Figures]],
    target: Target,
    since: datetime,
    client: "Requests",
    clock: Clock,
    credentials: Credentials,
) -> Snapshot:
    """Return the account under its owner's token and its media since `since`; raises one SourceError.

    `calls` read a profile, a page of media and the insights of one. Two requests, one more for each further 50 posts,
    and one for each of the newest 50 posts.
    """
    profiles, media, insights = calls
    manifest, account = profiles.manifest, target.native_id or ""
    if not account.isascii() or not account.isdigit():
        raise needs_owner(manifest, target.handle)
    session = Session(client, clock, manifest, as_owner(credentials))
    session.begin()
    asked = Asked(handle=target.handle, now=clock.now(), subject=account, owned=True)
    profile = await session.ask(profiles, asked, account, lambda gone: _fields(_PROFILE_FIELDS, gone), _OPTIONAL)
    if not isinstance(profile, Profile) or profile.native_id != account:
        raise SourceChanged(manifest.name, "Instagram changed its answers: field id.", field="id")
    asked = replace(asked, handle=profile.handle)

    async def page(cursor: str | None) -> Page:
        def params(gone: Collection[str]) -> dict[str, str]:
            more = page_after(cursor) if cursor is not None else {}
            return {**_fields(_MEDIA_FIELDS, gone), "limit": str(_PAGE), **more}

        return await session.ask(media, asked, f"{account}/media", params, _OPTIONAL)

    async def read(post: Post) -> Figures:
        return await session.ask(
            insights, asked, f"{post.native_id}/insights", lambda _: {"metric": METRICS}, frozenset()
        )

    walk = await Walk(since).over(page, manifest.label)
    told = await of_posts(walk.inside(), read)
    return Snapshot(
        profile=profile,
        posts=tuple(_with(post, told.figures.get(post.native_id, {})) for post in walk.inside()),
        access="owner_authorised",
        complete_from=walk.complete_from,
        notes=(*session.notes, *walk.notes, *told.notes(manifest.label), *_reach(told)),
    )


def _fields(names: Collection[str], without: Collection[str]) -> dict[str, str]:
    return {"fields": ",".join(name for name in names if name not in without)}


def _with(post: Post, figures: Mapping[str, int]) -> Post:
    """Return a post with what insights tell; a post without keeps what everybody sees."""
    own = {"saves": figures.get("saved"), "reposts": figures.get("shares"), "views": figures.get("views")}
    return post.model_copy(update={name: value for name, value in own.items() if value is not None})


def _reach(told: Told) -> tuple[str, ...]:
    """Reach is none of the counts a post has; people still see how many accounts the middle post reached."""
    reached = [figures["reach"] for figures in told.figures.values() if "reach" in figures]
    return (f"Instagram: half of the posts reached {median_low(reached):,} accounts or more.",) if reached else ()
