"""Insights of single posts, as Instagram and Threads tell them to their owner: an answer each, a refusal skips a post.

Requests are spent on the newest posts, a few at once (CONNECTORS 5.1, 5.3). No network of its own: it has no manifest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BeforeValidator, Field

from core.connectors.base import Asked, LenientCount, LenientText
from core.connectors.graph import GraphWire
from core.errors import (
    PaymentRequired,
    QuotaExhausted,
    RateLimited,
    SourceAuthFailed,
    SourceError,
    TokenExpired,
)
from core.models import Post

MOST_POSTS = 50  # whose insights one lookup asks for: the newest
_AT_ONCE = 10
_HOPELESS = (TokenExpired, RateLimited, QuotaExhausted, PaymentRequired)  # they stand for every post

Figures = Mapping[str, int]
"""Metric -> value; what is not told is left out."""


def _objects(value: object) -> object:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _object(value: object) -> object:
    return value if isinstance(value, dict) else None


class _Value(GraphWire):
    value: LenientCount = None


class _Metric(GraphWire):
    name: LenientText = None
    values: Annotated[tuple[_Value, ...], BeforeValidator(_objects)] = ()
    total: Annotated[_Value | None, BeforeValidator(_object)] = Field(None, alias="total_value")

    @property
    def latest(self) -> int | None:
        """The total where there is one, else the last of the values, which come in order of time."""
        if self.total is not None:
            return self.total.value
        return self.values[-1].value if self.values else None


class _Metrics(GraphWire):
    items: tuple[_Metric, ...] = Field(alias="data")


def figures(body: bytes, asked: Asked) -> Figures:
    """Return what an insights answer tells, `{"data": [{"name", "values": [{"value"}] | "total_value"}]}`."""
    read = _Metrics.model_validate_json(body).items
    return {one.name: one.latest for one in read if one.name is not None and one.latest is not None}


@dataclass(slots=True)
class Told:
    """What insights brought: figures by the post's native id, how many posts were refused, and why the last one was.

    `left` counts the posts nobody asked about.
    """

    figures: dict[str, Figures] = field(default_factory=dict)
    refused: int = 0
    left: int = 0
    why: SourceError | None = None

    def notes(self, label: str) -> tuple[str, ...]:
        """Return a line for what is missing."""
        lines = []
        if self.refused:
            lines.append(f"{label} did not tell the owner's figures of {_posts(self.refused)}.")
        if self.left:
            lines.append(
                f"The owner's figures of the newest {MOST_POSTS} posts were asked for; {self.left} go without."
            )
        return tuple(lines)


async def of_posts(posts: Sequence[Post], read: Callable[[Post], Awaitable[Figures]]) -> Told:
    """Ask for the insights of the newest posts; raises what stands for all of them: an ended token, a limit.

    Nothing more is asked when our permission was refused for a whole handful. At most MOST_POSTS requests.
    """
    newest = sorted(posts, key=lambda post: post.created_at, reverse=True)
    chosen, told = newest[:MOST_POSTS], Told(left=max(0, len(newest) - MOST_POSTS))
    for start in range(0, len(chosen), _AT_ONCE):
        handful = chosen[start : start + _AT_ONCE]
        await _ask(handful, read, told)
        if not told.figures and isinstance(told.why, SourceAuthFailed):
            told.refused = len(chosen)
            break
    return told


async def _ask(posts: Sequence[Post], read: Callable[[Post], Awaitable[Figures]], told: Told) -> None:
    async def one(post: Post) -> None:
        try:
            told.figures[post.native_id] = await read(post)
        except SourceError as error:
            if isinstance(error, _HOPELESS):
                raise
            told.refused, told.why = told.refused + 1, error

    try:
        async with asyncio.TaskGroup() as group:
            for post in posts:
                group.create_task(one(post))
    except ExceptionGroup as several:
        first = several.exceptions[0]
        raise first from first.__cause__


def _posts(number: int) -> str:
    return "1 post" if number == 1 else f"{number} posts"
