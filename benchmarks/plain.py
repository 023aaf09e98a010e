"""The fields that our connectors read, as bare pydantic models: plain types, nothing cleaned and nothing judged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter


class _Author(BaseModel):
    did: str
    handle: str = ""


class _View(BaseModel):
    uri: str
    author: _Author
    record: dict[str, Any]
    indexed_at: datetime = Field(alias="indexedAt")
    likes: int | None = Field(None, alias="likeCount")
    reposts: int | None = Field(None, alias="repostCount")
    replies: int | None = Field(None, alias="replyCount")
    quotes: int | None = Field(None, alias="quoteCount")
    bookmarks: int | None = Field(None, alias="bookmarkCount")


class _Item(BaseModel):
    post: _View
    reason: dict[str, Any] | None = None


class _Feed(BaseModel):
    feed: list[_Item]
    cursor: str | None = None


class _Whose(BaseModel):
    id: str
    url: str | None = None


class _Status(BaseModel):
    id: str
    created_at: datetime
    account: _Whose
    visibility: str | None = None
    in_reply_to_id: str | None = None
    in_reply_to_account_id: str | None = None
    reblog: Any = None
    quote: Any = None
    url: str | None = None
    likes: int | None = Field(None, alias="favourites_count")
    reposts: int | None = Field(None, alias="reblogs_count")
    replies: int | None = Field(None, alias="replies_count")
    quotes: int | None = Field(None, alias="quotes_count")


class _Owner(BaseModel):
    id: int


class _Repository(BaseModel):
    id: int
    owner: _Owner
    full_name: str | None = None
    fork: bool = False
    private: bool = False
    created_at: datetime | None = None
    pushed_at: datetime | None = None
    stars: int | None = Field(None, alias="stargazers_count")
    forks: int | None = Field(None, alias="forks_count")


class _UploadContent(BaseModel):
    video: str | None = Field(None, alias="videoId")
    published: datetime | None = Field(None, alias="videoPublishedAt")


class _Upload(BaseModel):
    content: _UploadContent = Field(alias="contentDetails")


class _Uploads(BaseModel):
    kind: str | None = None
    page: Any = Field(None, alias="pageInfo")
    items: list[_Upload]
    cursor: str | None = Field(None, alias="nextPageToken")


class _Snippet(BaseModel):
    channel: str = Field("", alias="channelId")
    published: datetime = Field(alias="publishedAt")
    live: str = Field("", alias="liveBroadcastContent")


class _Statistics(BaseModel):
    views: int | None = Field(None, alias="viewCount")
    likes: int | None = Field(None, alias="likeCount")
    comments: int | None = Field(None, alias="commentCount")


class _Video(BaseModel):
    id: str
    snippet: _Snippet
    statistics: _Statistics


class _Videos(BaseModel):
    kind: str | None = None
    page: Any = Field(None, alias="pageInfo")
    items: list[_Video]


class _Reactions(BaseModel):
    like_count: int | None = None
    reply_count: int | None = None
    quote_count: int | None = None
    bookmark_count: int | None = None
    impression_count: int | None = None
    repost_count: int | None = None
    retweet_count: int | None = None


class _Reference(BaseModel):
    type: str = ""


class _Tweet(BaseModel):
    id: str
    created_at: datetime | None = None
    author_id: str | None = None
    in_reply_to_user_id: str | None = None
    referenced_posts: list[_Reference] = []
    referenced_tweets: list[_Reference] = []
    public_metrics: _Reactions | None = None


class _Meta(BaseModel):
    next_token: str | None = None


class _Timeline(BaseModel):
    data: list[_Tweet] | None = None
    meta: _Meta | None = None


class _Stream(BaseModel):
    id: str
    user_id: str | None = None
    created_at: datetime
    viewable: str | None = None
    views: int | None = Field(None, alias="view_count")


class _Cursor(BaseModel):
    cursor: str | None = None


class _Streams(BaseModel):
    data: list[_Stream]
    pagination: _Cursor | None = None


class _Thing(BaseModel):
    id: str
    author: str | None = None
    author_fullname: str | None = None
    created_utc: datetime | None = None
    score: int | None = None
    num_comments: int | None = None
    num_crossposts: int | None = None
    removed_by_category: str | None = None


class _Child(BaseModel):
    kind: str
    data: _Thing


class _Children(BaseModel):
    children: list[_Child]
    after: str | None = None


class _Listing(BaseModel):
    data: _Children


class _Medium(BaseModel):
    id: str
    timestamp: datetime
    like_count: int | None = None
    comments_count: int | None = None
    view_count: int | None = None
    media_product_type: str | None = None
    media_type: str | None = None
    permalink: str | None = None


class _Cursors(BaseModel):
    after: str | None = None


class _Paging(BaseModel):
    cursors: _Cursors | None = None
    next: str | None = None


class _Media(BaseModel):
    data: list[_Medium]
    paging: _Paging | None = None


class _Account(BaseModel):
    id: str
    media: _Media | None = None


class _Discovery(BaseModel):
    business_discovery: _Account


class _Total(BaseModel):
    total_count: int | None = None


class _Edge(BaseModel):
    summary: _Total | None = None


class _Shares(BaseModel):
    count: int | None = None


class _PagePost(BaseModel):
    id: str
    created_time: datetime
    permalink_url: str | None = None
    shares: _Shares | None = None
    comments: _Edge | None = None
    reactions: _Edge | None = None


class _PagePosts(BaseModel):
    data: list[_PagePost]
    paging: _Paging | None = None


class _Thread(BaseModel):
    id: str
    timestamp: datetime
    permalink: str | None = None
    username: str | None = None
    media_type: str | None = None
    is_quote_post: bool | None = None


class _Threads(BaseModel):
    data: list[_Thread]
    paging: _Paging | None = None


class _Distribution(BaseModel):
    feed: str | None = Field(None, alias="feedDistribution")


class _Element(BaseModel):
    id: str
    author: str | None = None
    created: datetime | None = Field(None, alias="createdAt")
    published: datetime | None = Field(None, alias="publishedAt")
    modified: datetime | None = Field(None, alias="lastModifiedAt")
    state: str | None = Field(None, alias="lifecycleState")
    visibility: str | None = None
    commentary: str | None = None
    reshared: dict[str, Any] | None = Field(None, alias="reshareContext")
    distribution: _Distribution | None = None


class _Elements(BaseModel):
    elements: list[_Element]
    paging: dict[str, Any] | None = None


BARE: Mapping[str, Mapping[str, TypeAdapter[Any]]] = {
    "bluesky": {"posts": TypeAdapter(_Feed)},
    "mastodon": {"posts": TypeAdapter(list[_Status])},
    "github": {"posts": TypeAdapter(list[_Repository])},
    "youtube": {"uploads": TypeAdapter(_Uploads), "posts": TypeAdapter(_Videos)},
    "x": {"posts": TypeAdapter(_Timeline)},
    "twitch": {"posts": TypeAdapter(_Streams)},
    "reddit": {"posts": TypeAdapter(_Listing)},
    "instagram": {"profile": TypeAdapter(_Discovery)},
    "facebook": {"posts": TypeAdapter(_PagePosts)},
    "threads": {"posts": TypeAdapter(_Threads)},
    "linkedin": {"posts": TypeAdapter(_Elements)},
}
"""The same calls as in `benchmarks.answers`, each with what reads its answer barely."""
