"""Every recorded answer is understood: a profile, posts, or the right kind of error."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.connectors.answers import Answer
from core.connectors.base import Asked, Page
from core.connectors.mastodon import CALLS
from core.errors import CloutError, NotConfigured, NotFound, RateLimited, SourceError
from core.models import Profile

FOLDER = Path(__file__).parents[4] / "shared/data/networks/mastodon/recordings"
NOW = datetime(2026, 8, 1, 13, 48, tzinfo=UTC)
KNOWN = {
    "account_by_id_chainsawriot": ("profile", {"followers": 44, "following": 32, "posts_total": 22}),
    "account_lookup_v4_admin": ("profile", {"followers": 0, "posts_total": 0}),
    "docs_get_account_local_user": ("profile", {"followers": 318_699, "posts_total": 61_013}),
    "account_statuses_chainsawriot_page1": ("posts", {"posts": 20, "repost": 3, "thread": 1, "reply": 3}),
    "account_statuses_chainsawriot_page2": ("posts", {"posts": 20, "repost": 1, "thread": 2, "reply": 3}),
    "account_statuses_chainsawriot_page3": ("posts", {"posts": 3, "repost": 0, "thread": 0, "reply": 1}),
    "accounts_search_chainsawriot": ("accounts", 2),
    "account_followers_chainsawriot": ("accounts", 3),
    "docs_get_account_401_unauthorized": ("profile", NotConfigured),
    "docs_get_account_404_not_found": ("profile", NotFound),
    "error_404_lookup_not_found": ("profile", NotFound),
    "error_401_unauthenticated": ("other", NotConfigured),
    "error_404_status_missing": ("other", NotFound),
    "error_429_rate_limit": ("other", RateLimited),
    "instance_v1_mastodon_hk": ("other", None),
}
FILES = sorted(FOLDER.glob("*.json"))
recorded = pytest.mark.skipif(not FILES, reason="the folder of recordings is not there")


def understood(file: Path) -> tuple[str, Any]:
    recording = json.loads(file.read_text())
    url, response = recording["request"]["url"], recording["response"]
    headers = {"content-type": "application/json", **{k.lower(): v for k, v in response["headers"].items()}}
    answer = Answer(response["status"], headers, json.dumps(response["body"]).encode(), url)
    call = next(call for call in CALLS if re.search(call.path, urlsplit(url).path))
    try:
        return call.name, call.read(answer, Asked(handle="", now=NOW))
    except SourceError as error:
        return call.name, error


@recorded
def test_every_recording_stands_in_the_table() -> None:
    assert {file.stem for file in FILES} == set(KNOWN)


@recorded
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_recording(file: Path) -> None:
    name, found = understood(file)
    wanted_name, wanted = KNOWN[file.stem]
    assert name == wanted_name
    if isinstance(wanted, type):
        assert type(found) is wanted
    elif isinstance(found, Profile):
        assert {key: getattr(found, key) for key in wanted} == wanted
        assert found.native_id.endswith(f"@{urlsplit(found.url or '').hostname}")
    elif isinstance(found, Page):
        kinds = [post.kind for post in found.posts]
        assert {"posts": len(kinds)} | {kind: kinds.count(kind) for kind in ("repost", "thread", "reply")} == wanted
        assert all((post.likes is None) == (post.kind == "repost") for post in found.posts)
    else:
        assert (None if found is None else len(found)) == wanted


@recorded
def test_the_pages_are_one_walk() -> None:
    pages = [understood(FOLDER / f"account_statuses_chainsawriot_page{n}.json")[1] for n in (1, 2, 3)]
    assert [page.cursor for page in pages] == ["109315118407397095", "109285625663774938", None]
    assert [page.posts[-1].native_id.partition("@")[0] for page in pages[:2]] == [page.cursor for page in pages[:2]]
    assert len({post.native_id for page in pages for post in page.posts}) == 43


@recorded
def test_the_limit_says_until_when() -> None:
    error = understood(FOLDER / "error_429_rate_limit.json")[1]
    assert isinstance(error, CloutError)
    assert error.retry_at == datetime(2026, 8, 1, 13, 50, tzinfo=UTC)


@recorded
def test_links_of_a_profile() -> None:
    profile = understood(FOLDER / "docs_get_account_local_user.json")[1]
    assert len(profile.links) == 2
    assert profile.verified_links == profile.links[1:]
    assert "<" not in profile.bio
