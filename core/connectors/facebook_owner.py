"""Facebook Pages whose administrator has connected them: the Page's own token, and the views of its posts.

Which Pages a person manages, and the token of each, come from one list (Graph API, User Accounts). What is asked for
and how it is read is as for any Page, in `facebook.py`.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.connectors.base import Credentials, Page, count
from core.connectors.graph import Session
from core.connectors.meta_login import PageNode, facebook_access, facebook_login, managed_pages
from core.connectors.owners import Owned, OwnerAccess
from core.errors import SourceAuthFailed, SourceChanged
from core.manifest import Manifest
from core.models import Clock

if TYPE_CHECKING:
    from core.connectors.http import Requests

NEEDED = ("pages_show_list", "pages_read_engagement")
OTHERS = ("read_insights",)  # without it everything but the views
READS = (
    "The Page's name, text and number of followers.",
    "Each post's date, reactions, comments and shares.",
    "How often each post was viewed, which only the Page's team sees.",
)
VIEWS = {"insights": "insights.metric(post_media_view).period(lifetime)"}
"""The field of a post that only its Page's own token may ask for, as field name -> what is asked."""


def access(manifest: Manifest) -> OwnerAccess:
    """Return how a Page is connected by somebody who manages it."""

    async def accounts(client: "Requests", clock: Clock, credentials: Credentials) -> tuple[Owned, ...]:
        pages = await managed_pages(manifest, client, clock, credentials)
        return tuple(_owned(page) for page in pages)

    return facebook_access(manifest, facebook_login(manifest, NEEDED, OTHERS, READS), accounts)


async def with_views(read: Callable[[], Awaitable[Page]], session: Session) -> Page:
    """Read posts with their views, or without where Page or permission do not give them; raises SourceError."""
    try:
        return await read()
    except (SourceAuthFailed, SourceChanged):
        if not session.without.isdisjoint(VIEWS):
            raise
        session.without.update(VIEWS)
        return await read()


def notes(session: Session) -> tuple[str, ...]:
    """Return the lines for what was left out; views have their own, for it may be a permission that is missing."""
    if session.without.isdisjoint(VIEWS):
        return session.notes
    others = (note for note in session.notes if not any(name in note for name in VIEWS))
    return (*others, "Facebook did not tell the views of these posts.")


def _owned(page: PageNode) -> Owned:
    return Owned(native_id=page.id, handle=(page.username or page.id).lower(), access=page.access)


def views(value: object) -> int | None:
    """Return the one value of `{"data": [{"name", "values": [{"value"}]}]}`, None for anything else."""
    metrics = value.get("data") if isinstance(value, dict) else None
    metric = metrics[0] if isinstance(metrics, list) and metrics else None
    values = metric.get("values") if isinstance(metric, dict) else None
    last = values[-1] if isinstance(values, list) and values else None
    return count(last.get("value")) if isinstance(last, dict) else None
