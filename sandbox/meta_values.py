"""How Meta writes moments, cursors, ids and signatures; shared by its networks."""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Any

from sandbox.meta_fields import Wanted
from sandbox.world import PostView, digest

Json = dict[str, Any]

APP_SECRET = "sandbox-meta-app-secret"


def moment(at: float) -> str:
    """Return a moment as Meta writes it: no colon in the offset."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def proof(token: str) -> str:
    """Return the signature of a token under the app's secret, in hexadecimal."""
    return hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


def cursor(place: int) -> str:
    """Return the cursor that stands for a place in a list."""
    return f"QVFIU{place:08d}ZD"


def place(given: str) -> int:
    """Return the place a cursor stands for; raises ValueError for one that was never given out."""
    found = re.fullmatch(r"QVFIU([0-9]{8})ZD", given)
    if found is None:
        raise ValueError("Invalid cursor")
    return int(found[1])


def number(post: PostView) -> int:
    """Return what makes up the id of a post."""
    return int.from_bytes(digest(f"{post.account.network}/{post.account.handle}/{post.index}")[:6], "big")


def chosen(values: Json, fields: tuple[Wanted, ...]) -> Json:
    """Return what was asked for of what there is; the id always comes along."""
    names = dict.fromkeys(["id", *(one.name for one in fields)])
    return {name: values[name] for name in names if values.get(name) is not None}
