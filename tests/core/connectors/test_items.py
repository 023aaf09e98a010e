"""Items of answers: each field from its place, doubtful values dropped or refused, posts like validated ones."""

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from core.connectors.items import CountText, Epoch, Item, Items, LenientStamp, Place, Stamp
from core.models import Post

ITEMS = Items(
    "example",
    native_id=Place("id", Annotated[str, Field(strict=True)], needed=True),
    created_at=Place("at|meta.at", Stamp, needed=True),
    opened_at=Place("opened", LenientStamp),
    likes=Place("counts.likes"),
    views=Place("views", CountText),
    author=Place("author", str),
)
READER: TypeAdapter[list[Item]] = TypeAdapter(Annotated[list[Item], ITEMS])
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def read(**told: object) -> list[Item]:
    return READER.validate_json(json.dumps([{"id": "1", "at": "2026-11-20T09:00:00Z", **told}]))


def post(**told: object) -> Post:
    return ITEMS.posts(read(**told))[0]


def test_posts_are_what_a_validation_of_the_same_values_makes() -> None:
    made = post(counts={"likes": 5}, views="70", opened="2026-01-01T00:00:00Z", author="mara", more=1)
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    checked = Post(network="example", native_id="1", created_at=AT, opened_at=opened, likes=5, views=70)
    assert made == checked
    assert made.model_dump(mode="json") == checked.model_dump(mode="json")
    assert made.model_dump_json() == checked.model_dump_json()
    assert set(vars(made)) == set(vars(checked))  # no aside is carried along
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == checked
    assert made.model_copy(update={"likes": 6}) == checked.model_copy(update={"likes": 6}) != made
    with pytest.raises(ValidationError, match="frozen"):
        made.likes = 1


def test_what_a_connector_changed_is_in_the_post() -> None:
    items = read(author="mara")
    assert items[0]["author"] == "mara"
    items[0]["kind"], items[0]["url"] = "repost", "https://example.org/1"
    (made,) = ITEMS.posts(items)
    assert (made.kind, made.url) == ("repost", "https://example.org/1")


@pytest.mark.parametrize("written", ["2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00", "2026-11-20T09:00:00+0000"])
def test_moments_are_utc(written: str) -> None:
    made = post(at=written).created_at
    assert made == AT
    assert made.tzinfo is UTC


def test_a_second_place_is_read_where_the_first_is_missing() -> None:
    (item,) = READER.validate_json(b'[{"id":"1","meta":{"at":"2026-11-20T09:00:00Z"}}]')
    assert item["created_at"] == AT


@pytest.mark.parametrize(
    ("told", "likes", "views"),
    [
        ({"counts": {"likes": "12"}, "views": 3}, 12, 3),
        ({"counts": {"likes": -1}, "views": "-1"}, None, None),
        ({"counts": {"likes": True}, "views": "9" * 30}, None, None),
        ({"counts": {"likes": 2**70}, "views": None}, None, None),
        ({"counts": None}, None, None),
        ({"counts": []}, None, None),
    ],
)
def test_odd_counts_are_read_as_everywhere_or_left_out(
    told: dict[str, Any], likes: int | None, views: int | None
) -> None:
    made = post(**told)
    assert (made.likes, made.views) == (likes, views)


@pytest.mark.parametrize("told", [{"id": 7}, {"at": "yesterday"}, {"at": None}, {"at": "0001-01-01T00:00:00+14:00"}])
def test_an_item_without_what_it_needs_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        read(**told)


def test_seconds_become_moments_and_others_none() -> None:
    reader = TypeAdapter(list[Epoch])
    seconds = AT.timestamp()
    assert reader.validate_json(json.dumps([seconds, int(seconds), None, 1e30, "soon"])) == [AT, AT, None, None, None]
