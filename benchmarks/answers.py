"""Full pages of posts in the networks' documented shapes, with the fields that our connectors ask for."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_WORDS = "A new print is off the press: three colours, eighty sheets, and a frog that nobody asked for. "
_DID = "did:plc:abcdefghijklmnopqrstuvwx"
_TOOT = "https://toot.example/@mara"

Page = Callable[[int], Any]
"""Makes the page of posts with this number."""


def _at(page: int, item: int) -> datetime:
    return NOW - timedelta(hours=page * 2 + 1, minutes=item)


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _ms(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _meta(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _bluesky(page: int) -> Any:
    author = {
        "did": _DID,
        "handle": "mara.example",
        "displayName": "Mara Quill",
        "avatar": f"https://cdn.bsky.app/img/avatar/plain/{_DID}/bafkreia@jpeg",
        "labels": [],
        "createdAt": "2023-04-12T04:53:57.057Z",
    }

    def item(number: int) -> Any:
        at = _ms(_at(page, number))
        record = {"$type": "app.bsky.feed.post", "createdAt": at, "langs": ["en"], "text": _WORDS}
        view = {
            "uri": f"at://{_DID}/app.bsky.feed.post/3l{page:04}{number:04}abc",
            "cid": f"bafyreih{page:04}{number:04}",
            "author": author,
            "record": record,
            "bookmarkCount": number % 7,
            "replyCount": number % 13,
            "repostCount": number % 17,
            "likeCount": 40 + number,
            "quoteCount": number % 3,
            "indexedAt": at,
            "labels": [],
        }
        return {"post": view}

    return {"feed": [item(number) for number in range(100)], "cursor": _ms(_at(page, 100))}


def _mastodon(page: int) -> Any:
    account = {
        "id": "109300000000000001",
        "username": "mara",
        "acct": "mara",
        "display_name": "Mara Quill",
        "locked": False,
        "bot": False,
        "created_at": "2022-11-05T00:00:00.000Z",
        "note": f"<p>{_WORDS}</p>",
        "url": _TOOT,
        "uri": "https://toot.example/users/mara",
        "avatar": "https://files.toot.example/avatars/mara.png",
        "followers_count": 8_400,
        "following_count": 312,
        "statuses_count": 4_120,
        "fields": [],
    }

    def status(number: int) -> Any:
        key = str(115_000_000_000_000_000 - page * 1000 - number)
        return {
            "id": key,
            "created_at": _ms(_at(page, number)),
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": "en",
            "uri": f"https://toot.example/users/mara/statuses/{key}",
            "url": f"{_TOOT}/{key}",
            "replies_count": number % 5,
            "reblogs_count": number % 11,
            "favourites_count": 20 + number,
            "quotes_count": number % 2,
            "edited_at": None,
            "content": f"<p>{_WORDS}</p>",
            "reblog": None,
            "account": account,
            "media_attachments": [],
            "mentions": [],
            "tags": [],
            "emojis": [],
            "card": None,
            "poll": None,
        }

    return [status(number) for number in range(40)]


def _github(page: int) -> Any:
    owner = {"login": "maraquill", "id": 5_511_002, "node_id": "MDQ6VXNlcjU1MTEwMDI=", "type": "User"}

    def repository(number: int) -> Any:
        name = f"frog-{page}-{number}"
        return {
            "id": 400_000_000 + page * 1000 + number,
            "node_id": "MDEwOlJlcG9zaXRvcnkx",
            "name": name,
            "full_name": f"maraquill/{name}",
            "private": False,
            "owner": owner,
            "html_url": f"https://github.com/maraquill/{name}",
            "description": _WORDS,
            "fork": False,
            "url": f"https://api.github.com/repos/maraquill/{name}",
            "created_at": "2023-02-01T10:00:00Z",
            "updated_at": _z(_at(page, number)),
            "pushed_at": _z(_at(page, number)),
            "homepage": "",
            "size": 108,
            "stargazers_count": 80 + number,
            "watchers_count": 80 + number,
            "language": "Python",
            "forks_count": number % 9,
            "open_issues_count": number % 4,
            "topics": ["frogs"],
            "default_branch": "main",
        }

    return [repository(number) for number in range(100)]


def _youtube_uploads(page: int) -> Any:
    def item(number: int) -> Any:
        content = {"videoId": f"vid{page:04}{number:04}", "videoPublishedAt": _z(_at(page, number))}
        return {"kind": "youtube#playlistItem", "etag": "e" * 27, "id": "UFU" + "x" * 60, "contentDetails": content}

    info = {"totalResults": 400, "resultsPerPage": 50}
    items = [item(number) for number in range(50)]
    return {"kind": "youtube#playlistItemListResponse", "nextPageToken": "CAUQAA", "items": items, "pageInfo": info}


def _youtube_videos(page: int) -> Any:
    def video(number: int) -> Any:
        snippet = {
            "publishedAt": _z(_at(page, number)),
            "channelId": "UCabcdefghijklmnopqrstuv",
            "title": f"Printing frog number {number}",
            "description": _WORDS * 4,
            "thumbnails": {
                "default": {"url": "https://i.ytimg.com/vi/x/default.jpg", "width": 120, "height": 90},
                "high": {"url": "https://i.ytimg.com/vi/x/hqdefault.jpg", "width": 480, "height": 360},
            },
            "channelTitle": "Mara Quill",
            "categoryId": "26",
            "liveBroadcastContent": "none",
        }
        counts = {"viewCount": str(9_000 + number), "likeCount": str(400 + number), "commentCount": str(number)}
        statistics = {**counts, "favoriteCount": "0"}
        key = f"vid{page:04}{number:04}"
        return {"kind": "youtube#video", "etag": "e" * 27, "id": key, "snippet": snippet, "statistics": statistics}

    info = {"totalResults": 50, "resultsPerPage": 50}
    return {"kind": "youtube#videoListResponse", "items": [video(n) for n in range(50)], "pageInfo": info}


def _x(page: int) -> Any:
    def post(number: int) -> Any:
        metrics = {
            "retweet_count": number % 12,
            "reply_count": number % 9,
            "like_count": 150 + number,
            "quote_count": number % 3,
            "bookmark_count": number % 20,
            "impression_count": 12_000 + number,
        }
        key = str(1_990_000_000_000_000_000 - page * 1000 - number)
        return {
            "id": key,
            "text": _WORDS,
            "author_id": "2244994945",
            "created_at": _ms(_at(page, number)),
            "public_metrics": metrics,
            "edit_history_tweet_ids": [key],
        }

    meta = {"result_count": 100, "newest_id": "1", "oldest_id": "2", "next_token": "7140w"}
    return {"data": [post(number) for number in range(100)], "meta": meta}


def _twitch(page: int) -> Any:
    def video(number: int) -> Any:
        key = str(2_300_000_000 - page * 1000 - number)
        return {
            "id": key,
            "stream_id": None,
            "user_id": "141981764",
            "user_login": "tiko_eats",
            "user_name": "Tiko_Eats",
            "title": _WORDS,
            "description": "",
            "created_at": _z(_at(page, number)),
            "published_at": _z(_at(page, number)),
            "url": f"https://www.twitch.tv/videos/{key}",
            "thumbnail_url": "https://static-cdn.jtvnw.net/cf_vods/x/thumb.jpg",
            "viewable": "public",
            "view_count": 800 + number,
            "language": "en",
            "type": "archive",
            "duration": "3m21s",
            "muted_segments": None,
        }

    return {"data": [video(number) for number in range(100)], "pagination": {"cursor": "eyJiIjpudWxsfQ"}}


def _reddit(page: int) -> Any:
    def child(number: int) -> Any:
        key = f"1a{page:03}{number:03}"
        data = {
            "id": key,
            "name": f"t3_{key}",
            "author": "maraquill",
            "author_fullname": "t2_abc12",
            "subreddit": "printmaking",
            "title": _WORDS,
            "selftext": _WORDS * 2,
            "created_utc": _at(page, number).timestamp(),
            "permalink": f"/r/printmaking/comments/{key}/a_new_print/",
            "url": f"https://www.reddit.com/r/printmaking/comments/{key}/a_new_print/",
            "score": 60 + number,
            "upvote_ratio": 0.97,
            "num_comments": number % 30,
            "num_crossposts": number % 2,
            "removed_by_category": None,
            "stickied": False,
            "view_count": None,
            "over_18": False,
        }
        return {"kind": "t3", "data": data}

    children = [child(number) for number in range(100)]
    return {"kind": "Listing", "data": {"after": "t3_1a000099", "dist": 100, "children": children, "before": None}}


def _instagram(page: int) -> Any:
    def medium(number: int) -> Any:
        reel = {"view_count": 5_000 + number} if number % 2 else {}
        kind, product = ("VIDEO", "REELS") if reel else ("IMAGE", "FEED")
        return {
            "id": str(17_900_000_000_000_000 + page * 1000 + number),
            "comments_count": number % 25,
            "like_count": 300 + number,
            **reel,
            "media_product_type": product,
            "media_type": kind,
            "permalink": f"https://www.instagram.com/p/Cx{page:04}{number:04}/",
            "timestamp": _meta(_at(page, number)),
        }

    media = {"data": [medium(number) for number in range(50)], "paging": {"cursors": {"after": "QVFIUmx1WTBpMGpo"}}}
    return {"business_discovery": {"id": "17841400000000001", "media": media}, "id": "17841400000000020"}


def _facebook(page: int) -> Any:
    def post(number: int) -> Any:
        key = f"104000000000001_{page * 1000 + number}"
        shares = {"shares": {"count": number % 9}} if number % 9 else {}
        return {
            "id": key,
            "created_time": _meta(_at(page, number)),
            "permalink_url": f"https://www.facebook.com/mara.letterpress/posts/{page * 1000 + number}",
            "status_type": "added_photos",
            **shares,
            "comments": {
                "data": [],
                "summary": {"order": "chronological", "total_count": number % 8, "can_comment": False},
            },
            "reactions": {"data": [], "summary": {"total_count": 70 + number}},
        }

    cursors = {"before": "QVFIUjRtc2c5", "after": "QVFIUmx1WTBpMGpo"}
    paging = {"cursors": cursors, "next": "https://graph.facebook.com/v25.0/1/posts?limit=25&after=QVFIUmx1WTBpMGpo"}
    return {"data": [post(number) for number in range(25)], "paging": paging}


def _threads(page: int) -> Any:
    def thread(number: int) -> Any:
        return {
            "id": str(18_000_000_000_000_000 + page * 1000 + number),
            "permalink": f"https://www.threads.net/@mara.prints/post/C{page:04}{number:04}",
            "timestamp": _meta(_at(page, number)),
            "username": "mara.prints",
            "media_type": "IMAGE" if number % 3 else "TEXT_POST",
            "is_quote_post": number % 9 == 0,
        }

    cursors = {"before": "QVFIUjRtc2c5", "after": "QVFIUmx1WTBpMGpo"}
    return {"data": [thread(number) for number in range(100)], "paging": {"cursors": cursors}}


def _linkedin(page: int) -> Any:
    def element(number: int) -> Any:
        at = int(_at(page, number).timestamp() * 1000)
        return {
            "id": f"urn:li:share:{7_000_000_000_000_000_000 + page * 1000 + number}",
            "author": "urn:li:organization:1337",
            "createdAt": at,
            "publishedAt": at,
            "lastModifiedAt": at,
            "lifecycleState": "PUBLISHED",
            "visibility": "PUBLIC",
            "commentary": _WORDS,
            "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": []},
        }

    return {"paging": {"start": 0, "count": 100, "links": []}, "elements": [element(number) for number in range(100)]}


PAGES: Mapping[str, Mapping[str, Page]] = {
    "bluesky": {"posts": _bluesky},
    "mastodon": {"posts": _mastodon},
    "github": {"posts": _github},
    "youtube": {"uploads": _youtube_uploads, "posts": _youtube_videos},
    "x": {"posts": _x},
    "twitch": {"posts": _twitch},
    "reddit": {"posts": _reddit},
    "instagram": {"profile": _instagram},  # its later pages of media come in the same shape as the account
    "facebook": {"posts": _facebook},
    "threads": {"posts": _threads},
    "linkedin": {"posts": _linkedin},
}
"""Of each network, the calls that bring posts and what makes their pages."""

SUBJECTS: Mapping[str, str] = {
    "bluesky": _DID,
    "mastodon": "109300000000000001@toot.example",
    "github": "5511002",
    "youtube": "UCabcdefghijklmnopqrstuv",
    "x": "2244994945",
    "twitch": "141981764",
    "reddit": "t2_abc12",
    "instagram": "17841400000000001",
    "facebook": "104000000000001",
    "threads": "26000000000000001",
    "linkedin": "urn:li:organization:1337",
}
"""The native id of the account that each network's pages belong to."""


def body(make: Page, page: int) -> bytes:
    """Return one page as it comes over the wire."""
    return json.dumps(make(page), separators=(",", ":")).encode()
