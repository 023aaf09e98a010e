"""No lookup asks a network more often than reading a profile and its pages of posts takes."""

from datetime import UTC, datetime

import pytest

from core.app import build
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

# account, then the last part of each request's path in order: a profile, what leads to the posts, the pages of posts
ASKED = (
    (
        "bluesky:mara.example",
        ["app.bsky.actor.getProfile", "app.bsky.feed.getAuthorFeed", "app.bsky.feed.getAuthorFeed"],
    ),
    ("mastodon:mara@toot.example", ["lookup", "statuses", "statuses", "statuses"]),  # 40 to a page
    ("github:maraquill", ["maraquill", "repos"]),
    ("youtube:maraquill", ["channels", "playlistItems", "videos"]),  # 3 units
    ("instagram:mara.prints", ["17841400000000020"]),  # profile and media in one answer
    ("facebook:mara.letterpress", ["mara.letterpress", "posts"]),
    ("x:pebblepeck", ["pebblepeck", "tweets"]),
    ("twitch:tiko_eats", ["users", "followers", "videos", "clips"]),
)


class _BoxClock:
    def __init__(self, box: Sandbox) -> None:
        self.now = box.clock.now


@pytest.mark.parametrize(("account", "asked"), ASKED, ids=[account.partition(":")[0] for account, _ in ASKED])
async def test_requests_of_one_lookup(account, asked, tmp_path):
    with Sandbox.in_thread(start=NOW) as box:
        keys = {**box.keys(), "CLOUT_X__BEARER_TOKEN": "sandbox-x-token", "CLOUT_X__DAILY_USD": "5"}
        environment = {**box.env(), **keys, "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
        async with build(Settings.read(manifests(), environment, None), clock=_BoxClock(box)) as app:
            await app.lookups.lookup("team", account)
            paths = [path.partition("?")[0].rpartition("/")[2] for path in box.requests.paths()]
            assert paths == asked
            await app.lookups.lookup("team", account)  # fresh enough: from the store
            assert box.requests.count() == len(asked)
