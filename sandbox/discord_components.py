"""What Discord allows in components, kind by kind: which fields, of what form, how long. Written by hand from its
documentation (Component Reference)."""

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.checks import Check, Finding, anything, flag, items, shape, string, whole
from sandbox.discord_people import Json

COMPONENTS_MOST = 40
TEXT_MOST = 4000
ROWS_MOST = 5  # of a message without the flag for components alone
MODAL_ROWS_MOST = 5
ROW, BUTTON, TEXT_DISPLAY, LINK, PREMIUM = 1, 2, 10, 5, 6

_ID: dict[str, Check] = {"id": whole(0, 2**31 - 1)}
_custom_id = string(100, 1)
_emoji = shape({"id": anything, "name": string(100), "animated": flag})


def one_of(table: dict[int, Check], only: Iterable[int]) -> Check:
    """Want an object whose numeric `type` is one of these."""
    allowed = frozenset(only)

    def check(value: Any, at: str, found: list[Finding]) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in allowed or kind not in table:
            found.append((at, f"type {kind} is not allowed here"))
        else:
            table[kind](value, at, found)

    return check


def address(most: int, *schemes: str) -> Check:
    """Want an address with one of these schemes."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        string(most, 1)(value, at, found)
        if isinstance(value, str) and not value.startswith(tuple(f"{one}://" for one in schemes)):
            found.append((at, f"must begin with {' or '.join(schemes)}"))

    return check


media = shape({"url": address(2048, "http", "https", "attachment")}, "url")


def _button(value: Any, at: str, found: list[Finding]) -> None:
    style, has_url, has_id = value.get("style"), value.get("url") is not None, value.get("custom_id") is not None
    if style == LINK and (has_id or not has_url):
        found.append((at, "a link button has url and no custom_id"))
    elif style == PREMIUM and (has_id or has_url or value.get("sku_id") is None):
        found.append((at, "a premium button has sku_id alone"))
    elif style not in (LINK, PREMIUM) and (has_url or not has_id):
        found.append((at, "a button that is no link has custom_id and no url"))
    if style != PREMIUM and not value.get("label") and not value.get("emoji"):
        found.append((at, "a button has a label or an emoji"))


def _range(value: Any, at: str, found: list[Finding]) -> None:
    low, high = value.get("min_values"), value.get("max_values")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        found.append((f"{at}/min_values", "is above max_values"))


def _choices(value: Any, at: str, found: list[Finding]) -> None:
    _range(value, at, found)
    options = [one for one in value.get("options") or [] if isinstance(one, dict)]
    names = [one.get("value") for one in options]
    if len(set(map(str, names))) < len(names):
        found.append((f"{at}/options", "the values of options have to differ"))
    if sum(bool(one.get("default")) for one in options) > (value.get("max_values") or 1):
        found.append((f"{at}/options", "more options are chosen beforehand than may be chosen"))
    if isinstance(high := value.get("max_values"), int) and high > len(options):
        found.append((f"{at}/max_values", "is above the number of options"))


def _options(least: int, most: int, *, emoji: bool) -> Check:
    fields: dict[str, Check] = {"label": string(100, 1), "value": string(100, 1), "description": string(100)}
    fields |= {"default": flag} | ({"emoji": _emoji} if emoji else {})
    return items(shape(fields, "label value"), least, most)


_SELECT: dict[str, Check] = _ID | {
    "custom_id": _custom_id,
    "placeholder": string(150),
    "min_values": whole(0, 25),
    "max_values": whole(1, 25),
    "disabled": flag,
    "required": flag,
}
_default = items(shape({"id": anything, "type": anything}, "id"), 0, 25)
_select = shape(_SELECT | {"default_values": _default}, "custom_id", _range)
_group = {"custom_id": _custom_id, "required": flag}


def _input_rules(value: Any, at: str, found: list[Finding]) -> None:
    low, high = value.get("min_length") or 0, value.get("max_length") or 4000
    if isinstance(low, int) and isinstance(high, int):
        if low > high:
            found.append((f"{at}/min_length", "is above max_length"))
        if value.get("value") and not low <= len(value["value"]) <= high:
            found.append((f"{at}/value", "does not fit min_length and max_length"))


def _input(*, labelled: bool) -> Check:
    fields: dict[str, Check] = _ID | {
        "custom_id": _custom_id,
        "style": whole(1, 2),
        "min_length": whole(0, 4000),
        "max_length": whole(1, 4000),
        "required": flag,
        "value": string(4000),
        "placeholder": string(100),
    }
    return shape(fields | ({} if labelled else {"label": string(45, 1)}), "custom_id style", _input_rules)


def _row(value: Any, at: str, found: list[Finding]) -> None:
    inner = value.get("components")
    kinds = [one.get("type") for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
    if any(kind != BUTTON for kind in kinds) and len(kinds) > 1:
        found.append((f"{at}/components", "a row holds up to five buttons or one select"))


CONTROLS: dict[int, Check] = {
    BUTTON: shape(
        _ID
        | {
            "style": whole(1, 6),
            "label": string(80),
            "emoji": _emoji,
            "custom_id": _custom_id,
            "sku_id": anything,
            "url": address(512, "http", "https", "discord"),
            "disabled": flag,
        },
        "style",
        _button,
    ),
    3: shape(_SELECT | {"options": _options(1, 25, emoji=True)}, "custom_id options", _choices),
    4: _input(labelled=True),
    **dict.fromkeys((5, 6, 7), _select),
    8: shape(_SELECT | {"default_values": _default, "channel_types": items(whole(0, 20))}, "custom_id", _range),
    11: shape(_ID | {"media": media, "description": string(1024, 1), "spoiler": flag}, "media"),
    19: shape(_ID | _group | {"min_values": whole(0, 10), "max_values": whole(1, 10)}, "custom_id", _range),
    21: shape(_ID | _group | {"options": _options(2, 10, emoji=False)}, "custom_id options", _choices),
    22: shape(
        _ID
        | _group
        | {"options": _options(1, 10, emoji=False), "min_values": whole(0, 10), "max_values": whole(1, 10)},
        "custom_id options",
        _range,
    ),
    23: shape(_ID | {"custom_id": _custom_id, "default": flag}, "custom_id"),
}
"""Buttons, selects, fields and thumbnails by type."""

SELECTS = (3, 5, 6, 7, 8)
_picture = shape({"media": media, "description": string(1024, 1), "spoiler": flag}, "media")

PARTS: dict[int, Check] = {
    ROW: shape(_ID | {"components": items(one_of(CONTROLS, (BUTTON, *SELECTS)), 1, 5)}, "components", _row),
    TEXT_DISPLAY: shape(_ID | {"content": string(TEXT_MOST, 1)}, "content"),
    12: shape(_ID | {"items": items(_picture, 1, 10)}, "items"),
    13: shape(
        _ID
        | {
            "file": shape({"url": address(2048, "attachment")}, "url"),
            "spoiler": flag,
            "name": anything,
            "size": anything,
        },
        "file",
    ),
    14: shape(_ID | {"divider": flag, "spacing": whole(1, 2)}),
}
"""What a message of components is made of, by type."""

PARTS[9] = shape(
    _ID | {"components": items(one_of(PARTS, (TEXT_DISPLAY,)), 1, 3), "accessory": one_of(CONTROLS, (BUTTON, 11))},
    "components accessory",
)
PARTS[17] = shape(
    _ID
    | {
        "components": items(one_of(PARTS, (ROW, 9, TEXT_DISPLAY, 12, 13, 14)), 1, 40),
        "accent_color": whole(0, 0xFFFFFF),
        "spoiler": flag,
    },
    "components",
)

_MODAL: dict[int, Check] = {
    ROW: shape(_ID | {"components": items(one_of({4: _input(labelled=False)}, (4,)), 1, 1)}, "components"),
    TEXT_DISPLAY: PARTS[TEXT_DISPLAY],
    18: shape(
        _ID
        | {
            "label": string(45, 1),
            "description": string(100),
            "component": one_of(CONTROLS, (*SELECTS, 4, 19, 21, 22, 23)),
        },
        "label component",
    ),
}

modal = shape(
    {
        "title": string(45, 1),
        "custom_id": _custom_id,
        "components": items(one_of(_MODAL, _MODAL), 1, MODAL_ROWS_MOST),
    },
    "title custom_id components",
)
"""Judges the whole of a modal but for what `doubles` counts."""


def inner(components: Any, at: str) -> Iterator[tuple[str, Json]]:
    """Walk all components with their pointers: children, accessories and what a label holds."""
    for place, one in enumerate(components if isinstance(components, list) else []):
        if isinstance(one, dict):
            yield f"{at}/{place}", one
            yield from inner(one.get("components"), f"{at}/{place}/components")
            for name in ("accessory", "component"):
                if isinstance(one.get(name), dict):
                    yield f"{at}/{place}/{name}", one[name]


def doubles(components: Any, at: str) -> list[Finding]:
    """Return what components break as a whole: their number, and names used twice."""
    every = list(inner(components, at))
    found = []
    if len(every) > COMPONENTS_MOST:
        found.append((at, f"at most {COMPONENTS_MOST} components are allowed in all, not {len(every)}"))
    for field in ("custom_id", "id"):
        seen: set[Any] = set()
        for path, one in every:
            name = one.get(field)
            if name is not None and str(name) in seen:
                found.append((f"{path}/{field}", f"{field} {name!r} is used twice"))
            seen.add(str(name))
    return found


def check_components(components: Any, at: str, *, alone: bool) -> list[Finding]:
    """Return what Discord refuses in a message's components; `alone`: with the flag for components alone."""
    found: list[Finding] = []
    if alone:
        items(one_of(PARTS, PARTS), 0, COMPONENTS_MOST)(components, at, found)
        texts = [str(one.get("content") or "") for _, one in inner(components, at) if one.get("type") == TEXT_DISPLAY]
        if (total := sum(map(len, texts))) > TEXT_MOST:
            found.append((at, f"the text displays must have at most {TEXT_MOST} characters in all, not {total}"))
    else:
        items(one_of(PARTS, (ROW,)), 0, ROWS_MOST)(components, at, found)
    return found + doubles(components, at)


def pictures(components: Any, at: str) -> Iterator[tuple[str, Json]]:
    """Walk every picture: thumbnails, and the items of galleries."""
    for path, one in inner(components, at):
        if one.get("type") == 11:
            yield path, one
        elif one.get("type") == 12:
            for place, item in enumerate(one.get("items") or []):
                if isinstance(item, dict):
                    yield f"{path}/items/{place}", item
