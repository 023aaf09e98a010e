"""What Pinterest's answers look like (OpenAPI of v5: user_account, pins, pins/{id}/analytics), and what they mean here.

Every count is optional; an analytics figure is a float.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from core.connectors.base import LenientCount, LenientMoment, LenientText, Wire, count, links_in
from core.models import Post, Profile

NAME = "pinterest"


def _if_object(value: object) -> object:
    return value if isinstance(value, Mapping) else None


def _if_flag(value: object) -> object:
    return value if isinstance(value, bool) else None


def _list(value: object) -> object:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else ()


_Number = Annotated[str, Field(pattern=r"^[0-9]{1,40}$")]


class Account(Wire):
    """The account of the token."""

    username: str = Field(pattern=r"^[A-Za-z0-9_]{1,100}$")
    id: LenientText = None  # not in the first answers of this API
    business_name: LenientText = None
    about: LenientText = None
    website_url: LenientText = None
    profile_image: LenientText = None
    follower_count: LenientCount = None
    following_count: LenientCount = None
    pin_count: LenientCount = None


class _Figures(Wire):
    impression: LenientCount = None
    reaction: LenientCount = None
    comment: LenientCount = None


_Counts = Annotated[_Figures | None, BeforeValidator(_if_object)]


class _Metrics(Wire):
    """Counts since the pin was made, which pins of before March 2023 lack, and of the last 90 days."""

    lifetime: _Counts = Field(None, alias="lifetime_metrics")
    recent: _Counts = Field(None, alias="90d")


class _Who(Wire):
    username: LenientText = None


class Pin(Wire):
    """One pin."""

    id: _Number
    created_at: LenientMoment = None  # without a zone, in UTC
    is_owner: Annotated[bool | None, BeforeValidator(_if_flag)] = None
    parent_pin_id: LenientText = None
    board_owner: Annotated[_Who | None, BeforeValidator(_if_object)] = None
    pin_metrics: Annotated[_Metrics | None, BeforeValidator(_if_object)] = None
    privacy: LenientText = None  # of boards, which are listed alike


class Pins(Wire):
    """A page of pins; no bookmark ends the list."""

    items: tuple[Pin, ...]
    bookmark: LenientText = None


class _Figure(Wire):
    save: LenientCount = Field(None, alias="SAVE")


class _Day(Wire):
    data_status: LenientText = None
    metrics: Annotated[_Figure | None, BeforeValidator(_if_object)] = None


class _Days(Wire):
    daily_metrics: Annotated[tuple[_Day, ...], BeforeValidator(_list)] = ()


class Analytics(Wire):
    """One pin's figures by day."""

    all: _Days


class Refusal(Wire):
    """What a refusal tells besides its status."""

    code: Annotated[int | None, BeforeValidator(count)] = None


# --- answers to house types -------------------------------------------------------------------------------------------


def native_id(account: Account) -> str:
    """Return the account's id; its name where an old answer lacks it."""
    return account.id if account.id is not None and re.fullmatch(r"[0-9]{1,40}", account.id) else account.username


def shown(account: Account, now: datetime) -> Profile:
    """Return the account as the house knows it."""
    handle = account.username.lower()
    return Profile(
        network=NAME,
        native_id=native_id(account),
        handle=handle,
        display_name=account.business_name,
        url=f"https://www.pinterest.com/{handle}/",
        avatar_url=account.profile_image,
        bio=account.about,
        followers=account.follower_count,
        following=account.following_count,
        posts_total=account.pin_count,
        links=links_in(account.website_url, account.about),
        fetched_at=now,
    )


def is_own(pin: Pin, handle: str) -> bool:
    """Return whether a pin is the account's; where that is not told, whether the board is."""
    if pin.is_owner is not None:
        return pin.is_owner
    board = pin.board_owner.username if pin.board_owner is not None else None
    return board is None or not handle or board.lower() == handle


def as_post(pin: Pin) -> Post | None:
    """Return a pin as a post, None for one without a date.

    One that was saved from somebody is a repost: what it brings about is not the account's doing.
    """
    if pin.created_at is None:
        return None
    post = Post(
        network=NAME,
        native_id=pin.id,
        created_at=pin.created_at,
        kind="original" if pin.parent_pin_id is None else "repost",
        url=f"https://www.pinterest.com/pin/{pin.id}/",
    )
    if pin.pin_metrics is None or pin.parent_pin_id is not None:
        return post
    lifetime, recent = pin.pin_metrics.lifetime or _Figures(), pin.pin_metrics.recent or _Figures()
    views = lifetime.impression if lifetime.impression is not None else recent.impression
    return post.model_copy(update={"likes": lifetime.reaction, "replies": lifetime.comment, "views": views})


def saves_in(analytics: Analytics) -> int | None:
    """Return how often a pin was saved on the days whose figures are ready; None while there are none."""
    ready = [day for day in analytics.all.daily_metrics if day.data_status == "READY"]
    told = [day.metrics.save for day in ready if day.metrics is not None and day.metrics.save is not None]
    return count(sum(told)) if told else None
