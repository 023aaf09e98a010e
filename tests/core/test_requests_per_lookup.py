"""No lookup asks a network more often than CONNECTORS says reading a profile and its pages of posts takes."""

import json
from datetime import UTC, datetime

import pytest

from core.app import build
from core.connectors import discover, manifests
from core.settings import Settings
from sandbox.server import Sandbox
from tests.core.connectors import conformance

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FEED = "https://mara.example/feed"

# account -> the last part of each request's path in order: a profile, what leads to the posts, the pages of posts
ASKED = {
    "bluesky:mara.example": ["app.bsky.actor.getProfile", *["app.bsky.feed.getAuthorFeed"] * 2],  # 3.1, 100 to a page
    "mastodon:mara@toot.example": ["lookup", *["statuses"] * 3],  # 3.2, 40 to a page
    "github:maraquill": ["maraquill", "repos"],  # 3.3
    "blog:" + FEED: ["feed"],  # 3.4, a feed that is known
    "youtube:maraquill": ["channels", "playlistItems", "videos"],  # 4.1, 3 units
    "x:pebblepeck": ["pebblepeck", "tweets"],  # 4.2
    "twitch:tiko_eats": ["users", "followers", "videos", "clips"],  # 4.3
    "reddit:dailyfizz": ["about", *["submitted"] * 2],  # 4.4, 100 to a page
    "instagram:mara.prints": ["17841400000000020"],  # 5.1, profile and media in one answer
    "facebook:mara.letterpress": ["mara.letterpress", "posts"],  # 5.2, 25 to a page
}

# what an owner opens: fixture -> the same, of requests in any order
OWNED = {
    ("instagram", "owner_profile_and_posts"): ["17841400000001001", "media", "insights", "insights"],  # 5.1
    ("facebook", "owner_profile_and_posts"): ["100200300400", "posts"],  # 5.2
    ("threads", "profile_and_posts"): ["me", "threads_insights", "threads", *["insights"] * 3],  # 5.3
    ("tiktok", "profile_and_videos"): ["info", "list"],  # 6.1
    ("pinterest", "profile_and_pins"): ["user_account", "pins", "analytics"],  # 6.2
    # 6.3, the table of calls: shares and articles have their statistics apart
    ("linkedin", "profile_and_posts"): [
        "organizationsLookup",
        "urn:li:organization:1337",
        "posts",
        "socialMetadata",
        *["organizationalEntityShareStatistics"] * 2,
    ],
}


def _last(path: str) -> str:
    return path.partition("?")[0].rstrip("/").rpartition("/")[2]


async def test_requests_of_one_lookup(tmp_path):
    found, again = {}, {}
    with Sandbox.in_thread(start=NOW) as box:
        keys = {**box.keys(), "CLOUT_X__BEARER_TOKEN": "sandbox-x-token", "CLOUT_X__DAILY_USD": "5"}
        environment = {**box.env(), **keys, "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
        async with build(Settings.read(manifests(), environment, None), clock=box.clock) as app:
            for account in ASKED:
                box.requests.clear()
                await app.lookups.lookup("team", account)
                found[account] = [_last(path) for path in box.requests.paths()]
                await app.lookups.lookup("team", account)  # fresh enough: from the store
                assert box.requests.count() == len(found[account])
                await app.lookups.lookup("team", account, fresh=True)  # by id
                again[account] = box.requests.count() - len(found[account])
    assert found == ASKED
    assert again == {account: len(asked) for account, asked in ASKED.items()}


@pytest.mark.parametrize(("network", "file"), OWNED, ids=[network for network, _ in OWNED])
async def test_requests_of_one_lookup_in_the_owners_name(network, file):
    fixture = json.loads((conformance.FIXTURES / network / f"{file}.json").read_text())
    _, script = await conformance.play(discover()[network], fixture)
    assert sorted(_last(request.url.path) for request in script.asked) == sorted(OWNED[network, file])


def test_every_network_is_counted():
    counted = {account.partition(":")[0] for account in ASKED} | {network for network, _ in OWNED}
    readable = {name for name, connector in discover().items() if connector.fetch is not None}
    assert counted == readable
