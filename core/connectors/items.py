"""Items of answers read straight into posts: one pass of pydantic's own code, no model in between, no second check.

`Items` says where each field of a `Post` stands in an item and of what type it is; what only helps to judge an item is
an aside. A list so annotated holds plain dictionaries, which a connector looks through, changes, and turns into posts.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, Field, GetCoreSchemaHandler, PlainValidator
from pydantic_core import CoreSchema, core_schema

from core.connectors.base import LenientCount, count, moment
from core.models import Post

Item: TypeAlias = dict[str, Any]
"""One item: every field of a Post under its name there, and the asides, until `posts` takes them out."""


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
    Annotated[float, Field(strict=True, ge=0, le=4e9), AfterValidator(partial(datetime.fromtimestamp, tz=UTC))]
    | Annotated[datetime | None, PlainValidator(moment)],
    Field(union_mode="left_to_right"),
]
"""A moment written as seconds."""

_UNTOLD = "\x00"  # a name that no field of an answer has; what it would bring is passed over all the same


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
        self._network = network
        self._fields = fields
        self._asides = tuple(name for name in fields if name not in Post.model_fields)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        fixed = {
            name: self._network if name == "network" else None if info.is_required() else info.default
            for name, info in Post.model_fields.items()
        }
        fields = {
            name: _read(self._fields[name], handler) if name in self._fields else _untold(fixed.get(name))
            for name in (*fixed, *self._asides)
        }
        items = core_schema.list_schema(core_schema.typed_dict_schema(fields))
        moments = [name for name in ("created_at", "opened_at") if name in self._fields]
        return core_schema.no_info_after_validator_function(partial(_in_utc, moments), items)

    def posts(self, told: Collection[Item]) -> tuple[Post, ...]:
        """Return items as posts; uses them up."""
        for item in told:
            for name in self._asides:
                del item[name]
        made = tuple(map(object.__new__, repeat(Post, len(told))))
        _each(_SET_FIELDS, made, told)
        _each(_SET_NAMES, made, repeat(_NAMES))
        for slot in _EMPTY:
            _each(slot, made, repeat(None))
        return made


def _read(place: Place, handler: GetCoreSchemaHandler) -> core_schema.TypedDictField:
    paths: list[list[str | int]] = [[*path.split(".")] for path in place.path.split("|")]
    kind = handler.generate_schema(place.kind)
    if place.needed and kind["type"] == "union":  # an error names the field alone, not which of its forms was tried
        kind = {**kind, "custom_error_type": "misfit", "custom_error_message": "not as documented"}
    if not place.needed:
        kind = core_schema.with_default_schema(kind, default=place.default, on_error="default")
    return core_schema.typed_dict_field(kind, validation_alias=paths, required=place.needed)


def _untold(value: object) -> core_schema.TypedDictField:
    always = core_schema.no_info_plain_validator_function(lambda _: value)
    return core_schema.typed_dict_field(
        core_schema.with_default_schema(always, default=value), validation_alias=_UNTOLD, required=False
    )


def _in_utc(moments: Iterable[str], items: list[Item]) -> list[Item]:
    """Make the moments of a whole list UTC; raises ValueError for one that has no equivalent there."""
    for name in moments:
        for item in items:
            at: datetime | None = item[name]
            if at is not None and at.tzinfo is not UTC:
                item[name] = _needed(at.isoformat())
    return items


def _each(work: Callable[..., object], *columns: Iterable[object]) -> None:
    deque(map(work, *columns), maxlen=0)


# a model is its fields and three slots; set one after the other they make it in a third of the time of a validation
_SLOTS: Any = vars(BaseModel)
_SET_FIELDS = _SLOTS["__dict__"].__set__
_SET_NAMES = _SLOTS["__pydantic_fields_set__"].__set__
_EMPTY = (_SLOTS["__pydantic_extra__"].__set__, _SLOTS["__pydantic_private__"].__set__)
_NAMES = set(Post.model_fields)  # shared: copies of a post copy it, and nothing else changes it
