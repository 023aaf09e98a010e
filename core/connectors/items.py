"""Items of answers read straight into posts: one pass of pydantic's own code, no model in between, no second check.

`Items` says where each field of a `Post` stands in an item and of what type it is; what only helps to judge an item is
an aside. A list so annotated holds plain dictionaries, which a connector looks through, changes, and turns into posts.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from operator import delitem
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, PlainValidator
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from core.connectors.base import Asked, LenientCount, count, moment
from core.errors import SourceChanged
from core.manifest import Manifest
from core.models import Post

Item: TypeAlias = dict[str, Any]
"""One item: the fields of a Post that its network tells, under their names there, and the asides."""


def _needed(value: object) -> datetime:
    if (parsed := moment(value)) is None:
        raise ValueError("not a date")
    return parsed


_Iso = Annotated[str, Field(strict=True), AfterValidator(datetime.fromisoformat)]
Stamp = Annotated[_Iso | Annotated[datetime, PlainValidator(_needed)], Field(union_mode="left_to_right")]
"""The moment of an item, which it must have; made UTC for the whole list at once."""
LenientStamp = Annotated[_Iso | Annotated[datetime | None, PlainValidator(moment)], Field(union_mode="left_to_right")]
"""The moment of an item that may lack one."""
CountText = Annotated[
    Annotated[str, Field(strict=True, max_length=18, pattern=r"^[0-9]+$"), AfterValidator(int)]
    | Annotated[int | None, PlainValidator(count)],
    Field(union_mode="left_to_right"),
]
"""A count where a network writes all of them as text."""
Epoch = Annotated[
    Annotated[float, Field(strict=True, ge=0, le=4e9), AfterValidator(lambda s: datetime.fromtimestamp(s, UTC))]
    | Annotated[datetime | None, PlainValidator(moment)],
    Field(union_mode="left_to_right"),
]
"""A moment written as seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands in an item: names joined by dots; of several such paths, parted by bars, the first found.

    What is not there, or does not fit its type, is the `default`; an item without what is `needed` is refused.
    """

    path: str
    kind: Any = LenientCount
    needed: bool = False
    default: Any = None


class Items:
    """How one network's items are read: `fields` are those of Post by name, any others are asides.

    Used in annotations, `Annotated[list[Item], ITEMS]`. Each value has to be of a type that Post accepts as it is:
    `posts` checks nothing again (a test does, on every fixture).
    """

    def __init__(self, network: str, **fields: Place) -> None:
        self._fields = fields
        self._asides = tuple(name for name in fields if name not in Post.model_fields)
        self._moments = tuple(name for name in ("created_at", "opened_at") if name in fields)
        defaults = {name: info.default for name, info in Post.model_fields.items() if not info.is_required()}
        self._untold: Item = {**dict.fromkeys(Post.model_fields), **defaults, "network": network}  # in Post's order

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        told = {name: _read(place, handler) for name, place in self._fields.items()}
        items = core_schema.list_schema(core_schema.typed_dict_schema(told))
        return core_schema.no_info_after_validator_function(self._in_utc, items)

    def _in_utc(self, items: list[Item]) -> list[Item]:
        """Make the moments of a whole list UTC; raises ValueError for one that has no equivalent there."""
        for name in self._moments:
            for item in items:
                at: datetime | None = item[name]
                if at is not None and at.tzinfo is not UTC:
                    item[name] = _needed(at.isoformat())
        return items

    def posts(self, told: Collection[Item]) -> tuple[Post, ...]:
        """Return items as posts; uses them up."""
        for name in self._asides:
            deque(map(delitem, told, repeat(name)), maxlen=0)
        # adding what no answer tells is cheaper than letting pydantic look for what is never there
        whole = tuple([(self._untold | item, None, _NAMES) for item in told])
        made: tuple[Post, ...] = _MAKER.validate_python(whole)
        return made


def dated(manifest: Manifest, items: list[Item], asked: Asked, place: str) -> list[Item]:
    """Return the items that have a date, which all of ours do: their fields are asked for.

    Raises SourceChanged for the first one without, at `place`, such as `data.{}.timestamp`; a recorded answer may be
    one to a question for other fields.
    """
    undated = next((number for number, item in enumerate(items) if item["created_at"] is None), None)
    if undated is None:
        return items
    if not asked.unknown:
        field = place.format(undated)
        raise SourceChanged(
            manifest.name, f"{manifest.label} changed its answers: field {field} (missing).", field=field
        )
    return [item for item in items if item["created_at"] is not None]


def _read(place: Place, handler: GetCoreSchemaHandler) -> core_schema.TypedDictField:
    paths: list[list[str | int]] = [[*path.split(".")] for path in place.path.split("|")]
    kind = handler.generate_schema(place.kind)
    if place.needed and kind["type"] == "union":  # an error names the field alone, not which of its forms was tried
        kind = {**kind, "custom_error_type": "misfit", "custom_error_message": "not as documented"}
    if not place.needed:
        kind = core_schema.with_default_schema(kind, default=place.default, on_error="default")
    return core_schema.typed_dict_field(kind, validation_alias=paths, required=place.needed)


# the quickest of what makes a model of values that were checked before; pydantic's own maker would check them again
_NAMES = set(Post.model_fields)  # shared: copies of a post copy it, and nothing else changes it
_MAKER = SchemaValidator(
    core_schema.tuple_schema([core_schema.model_schema(Post, core_schema.any_schema())], variadic_item_index=0),
    _use_prebuilt=False,
)
