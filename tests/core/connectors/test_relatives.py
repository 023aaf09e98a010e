"""Recorded answers as other accounts, other questions and other days would give them, and what each of them is.

What fixtures cannot say: answers to questions that we never ask, to nobody knows which, and in odd bytes.
"""

import base64
import gzip
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.connectors import discover
from core.recordings import read_recordings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHEN = "2026-11-20T08:00:00+0000"
META, GITHUB = "https://graph.facebook.com/v25.0/", "https://api.github.com/"
YOUTUBE, TWITCH = "https://www.googleapis.com/youtube/v3/", "https://api.twitch.tv/helix/"
LINKEDIN, TIKTOK = "https://api.linkedin.com/rest/", "https://open.tiktokapis.com/v2/"
MASTODON, THREADS = "https://toot.example/api/v1/", "https://graph.threads.net/v1.0/"
WIKIDATA = "https://www.wikidata.org/w/api.php?action=wbgetentities"
PERSON = {"id": 5, "login": "PaperBoats", "followers": 3}
REPOSITORY = {"id": 9, "full_name": "p/b", "owner": {"id": 5}, "fork": False, "pushed_at": "2026-11-20T08:00:00Z"}
CHANNEL = {"kind": "youtube#channel", "id": "UCpaperboats_invented_01", "snippet": {"publishedAt": WHEN}}
VIDEO = {"kind": "youtube#video", "id": "boat0000001", "snippet": {"publishedAt": WHEN}}
CLIP = {"id": "Boat-1", "broadcaster_id": "1", "created_at": "2026-11-20T08:00:00Z"}
SHARE = {"id": "urn:li:share:1", "publishedAt": 1795161600000}
MEDIUM = {"id": "17", "timestamp": WHEN, "media_type": "IMAGE", "username": "boats"}
OK = {"code": "ok", "message": ""}
NOT_OURS = ("not_ours", None)
REFUSED = {"status": 400}


def listed(resource: str, *items: object) -> Mapping[str, object]:
    return {"kind": f"youtube#{resource}ListResponse", "items": list(items)}


def packed(value: object) -> str:
    return base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()


# network, address or None where nobody knows it, body, what it is; and more of the answer
ROWS: tuple[tuple[Any, ...], ...] = (
    # questions that are never asked, under addresses like ours
    *(("github", GITHUB + path, [PERSON], NOT_OURS) for path in ("user/repos", "user/followers", "users/p/orgs")),
    ("mastodon", MASTODON + "accounts/relationships", [{"id": "1"}], NOT_OURS),
    ("mastodon", MASTODON + "accounts/familiar_followers", [{"id": "1", "accounts": []}], NOT_OURS),
    ("instagram", META + "17", MEDIUM, NOT_OURS),
    ("instagram", META + "17", {"id": "17", "username": "boats", "text": "Nice."}, NOT_OURS),
    ("instagram", META + "18", {"id": "18", "mentioned_media": {"id": "17"}}, NOT_OURS),
    ("instagram", META + "ig_hashtag_search", {"data": [{"id": "17"}]}, NOT_OURS),
    ("instagram", META + "19", {"id": "19", "name": "boats"}, NOT_OURS),  # a hashtag
    ("twitch", TWITCH + "users", {"data": [{"id": "1", "login": "boats"}, {"id": "2", "login": "kites"}]}, NOT_OURS),
    ("youtube", YOUTUBE + "channels", listed("channel", CHANNEL, {**CHANNEL, "id": "UCkites"}), NOT_OURS),
    ("facebook", META + "search", {"data": [{"id": "1", "name": "Boats"}]}, NOT_OURS),
    ("facebook", "https://graph.facebook.com/v25.0", {"1": {"id": "1", "name": "Boats"}}, NOT_OURS),
    ("facebook", META + "1_2", {"id": "1_2", "created_time": WHEN}, NOT_OURS),
    ("facebook", META + "99", {"id": "99", "name": "Regatta", "start_time": WHEN}, NOT_OURS),
    ("twitch", "https://api.twitch.tv/kraken/users", {"_total": 1, "users": [{"_id": "1"}]}, NOT_OURS),
    ("wikipedia", WIKIDATA, {"entities": {"-1": {"title": "X", "missing": ""}}}, NOT_OURS),
    ("wikipedia", WIKIDATA, {"error": {"code": "no-such-entity"}}, ("error", "NotFound")),
    ("wikipedia", WIKIDATA, {"error": {"code": "maxlag"}}, ("error", "RateLimited")),
    # our questions, for other fields or in another form
    ("facebook", META + "1", {"id": "1", "fan_count": 4}, ("profile", None)),
    ("facebook", META + "1/posts", {"data": [{"id": "1_2", "message": "No date."}]}, ("posts", 0)),
    (
        "instagram",
        META + "18",
        {"business_discovery": {"id": "1", "followers_count": 4, "media": {"data": [{"id": "17"}]}}, "id": "18"},
        ("profile", None),
    ),
    ("threads", THREADS + "26/threads", {"data": [MEDIUM, {"id": "18"}]}, ("posts", 1)),
    (
        "tiktok",
        TIKTOK + "video/list/",
        {"data": {"videos": [{"id": "7"}], "has_more": False}, "error": OK},
        ("posts", 0),
    ),
    ("tiktok", TIKTOK + "research/user/info/", {"data": {"is_verified": True}, "error": OK}, ("profile", None)),
    ("linkedin", LINKEDIN + "posts", {"results": {"a": SHARE}, "errors": {}}, ("posts", 1)),
    ("youtube", YOUTUBE + "channels", listed("channel", {**CHANNEL, "statistics": None}), ("profile", None)),
    ("github", GITHUB + "user/5/repos", [REPOSITORY], ("posts", 1)),
    # addresses as people note them
    *(("github", f"{host}/users/p", PERSON, ("profile", None)) for host in ("{{host}}", "...", "api.github.com", "")),
    ("reddit", "https://oauth.reddit.com/user/x/about/", {"data": {"id": "a1", "name": "<NAME>"}}, ("profile", None)),
    ("reddit", "https://www.reddit.com/api/v1/access_token", {"error": 400}, ("error", "SourceAuthFailed"), REFUSED),
    # nobody knows what was asked
    ("youtube", None, listed("channel", CHANNEL), ("profile", None)),
    ("youtube", None, listed("video", VIDEO), ("posts", 1)),
    ("youtube", None, listed("search", {"id": {"videoId": "boat0000001"}}), NOT_OURS),
    (
        "twitch",
        None,
        {"data": [{"id": "1", "login": "boats", "created_at": "2016-01-01T00:00:00Z"}]},
        ("profile", None),
    ),
    ("twitch", None, {"data": [CLIP]}, ("posts", 1)),
    ("threads", None, MEDIUM, NOT_OURS),
    ("linkedin", None, {"elements": [{"totalShareStatistics": {"likeCount": 1}}]}, NOT_OURS),
    ("pinterest", None, {"items": [{"id": "1", "created_at": "2026-11-20T08:00:00", "privacy": "PUBLIC"}]}, NOT_OURS),
    ("tiktok", None, {"data": {"videos": [{"id": "7", "create_time": 1795161600}]}, "error": OK}, ("posts", 1)),
    ("x", None, {"errors": [{"code": 50}]}, ("error", "NotFound")),
    # bytes, and answers without any
    ("github", GITHUB + "users/p", "\ufeff" + json.dumps(PERSON), ("profile", None), {"body_encoding": "text; utf-8"}),
    ("github", GITHUB + "users/p", packed(PERSON), ("profile", None), {"body_encoding": "base64"}),
    ("github", GITHUB + "users/p", "H4t4eHh4eHh4eHh4", ("error", "InputError"), {"body_encoding": "base64"}),
    ("github", GITHUB + "users/p", json.dumps(PERSON), ("profile", None), {"headers": None}),
    ("github", GITHUB + "users/p", json.dumps(PERSON)[:-9], ("error", "Unavailable")),
    ("github", GITHUB + "users/p", "<html>", ("error", "Unavailable")),
    ("github", GITHUB + "users/p", None, ("error", "Unavailable"), {"status": 204}),
    ("github", GITHUB + "users/p", None, NOT_OURS, {"status": 304}),
    ("github", GITHUB + "users/p", {"url": GITHUB + "user/5"}, NOT_OURS, {"status": 301}),
    ("github", GITHUB + "users/p", "", ("error", "Unavailable"), {"status": 408}),
    ("twitch", TWITCH + "users", {}, ("error", "NotFound"), {"status": 451}),
)


def _method(url: str) -> str:
    return "POST" if re.search("/video/list|/research/|access_token", url) else "GET"


def test_relatives_of_recorded_answers_are_what_they_are(tmp_path: Path) -> None:
    expected = {}
    for number, (network, url, body, outcome, *more) in enumerate(ROWS):
        request = None if url is None else {"method": _method(url), "url": url}
        answer = {"status": 200, "headers": {}, "body": body, **(more[0] if more else {})}
        place = tmp_path / network / "recordings"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:03}.json").write_text(json.dumps({"request": request, "response": answer}))
        expected[f"{number:03}.json"] = outcome
    found = read_recordings(tmp_path, discover(), now=NOW)
    told = {row.file: (row.outcome, row.posts if row.error is None else row.error) for row in found}
    assert {
        ROWS[int(file[:3])][:2]: (told[file], outcome) for file, outcome in expected.items() if told[file] != outcome
    } == {}
