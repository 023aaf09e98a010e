"""The blocks of Block Kit by type, made of the checks for their parts."""

from typing import Any

from sandbox.checks import (
    Check,
    Finding,
    anything,
    at_least_one,
    exactly_one,
    finite,
    flag,
    items,
    kinds,
    shape,
    string,
    whole,
    word,
)
from sandbox.slack_blocks import BUTTONS, ELEMENTS, IMAGE, PICKERS, SELECTS, TYPED, text

_BLOCK = {"block_id": string(255, 1)}
_AXES = ("line", "bar", "area")
_image = kinds(IMAGE)
_rich = kinds({"rich_text": shape(_BLOCK | {"elements": items(anything, 1)}, "elements")})
_cell = kinds({
    "raw_text": shape({"text": string(20_000, 1)}, "text"),
    "raw_number": shape({"value": finite, "text": string(20_000, 1)}, "value text"),
    "rich_text": _rich,
})  # fmt: skip


def _even_rows(value: Any, at: str, found: list[Finding]) -> None:
    rows = [row for row in value.get("rows") or [] if isinstance(row, list)]
    if len({len(row) for row in rows}) > 1:
        found.append((f"{at}/rows", "rows must have the same number of cells"))
    if rows and len(value.get("column_settings") or []) > len(rows[0]):
        found.append((f"{at}/column_settings", "there are more column settings than columns"))


def _table_text(value: Any, at: str, found: list[Finding]) -> None:
    _even_rows(value, at, found)
    cells = [cell for row in value.get("rows") or [] if isinstance(row, list) for cell in row if isinstance(cell, dict)]
    total = sum(len(str(cell.get("text") or "")) for cell in cells)
    if total > 20_000:
        found.append((at, f"the cells must have at most 20000 characters in all, not {total}"))


_point = shape({"label": string(20, 1), "value": finite}, "label value")
_series = shape({"name": string(20, 1), "data": items(_point, 1, 20)}, "name data")
_axis = shape(
    {"categories": items(string(20, 1), 1, 20), "x_label": string(50), "y_label": string(50)}, "categories"
)  # fmt: skip


def _complete_series(value: Any, at: str, found: list[Finding]) -> None:
    """Every series has one value for each of the shared categories."""
    axis = value.get("axis_config")
    wanted = axis.get("categories") if isinstance(axis, dict) else None
    if not isinstance(wanted, list):
        return
    for place, series in enumerate(value.get("series") or []):
        points = series.get("data") if isinstance(series, dict) else None
        labels = [point.get("label") for point in points or [] if isinstance(point, dict)]
        if sorted(map(str, labels)) != sorted(map(str, wanted)):
            found.append((f"{at}/series/{place}/data", "must have one value for each category"))


def _slices(value: Any, at: str, found: list[Finding]) -> None:
    for place, one in enumerate(value.get("segments") or []):
        number = one.get("value") if isinstance(one, dict) else None
        if isinstance(number, int | float) and number <= 0:
            found.append((f"{at}/segments/{place}/value", "must be above 0"))


_chart = kinds({
    **dict.fromkeys(
        _AXES,
        shape({"series": items(_series, 1, 12), "axis_config": _axis}, "series axis_config", _complete_series),
    ),
    "pie": shape({"segments": items(_point, 1, 12)}, "segments", _slices),
})  # fmt: skip

_card = shape(
    _BLOCK
    | {
        "title": text(150, mrkdwn=True),
        "subtitle": text(150, mrkdwn=True),
        "body": text(200, mrkdwn=True),
        "subtext": text(200, mrkdwn=True),
        "actions": items(kinds(ELEMENTS, ["button"]), 1, 3),
        "hero_image": _image,
        "icon": _image,
        "slack_icon": shape({"name": string(100, 1)}, "name"),
    },
    also=at_least_one("hero_image", "title", "actions", "body"),
)
_task = {
    "task_id": string(255, 1),
    "title": string(3000, 1),
    "status": word("pending", "in_progress", "complete", "error"),
    "details": _rich,
    "output": _rich,
    "sources": items(kinds({"url": shape({"url": string(3000, 1), "text": string(3000)}, "url")})),
}
_SETTING = shape({"align": word("left", "center", "right"), "is_wrapped": flag})

BLOCKS: dict[str, Check] = {
    "section": shape(
        _BLOCK
        | {
            "text": text(),
            "fields": items(text(2000), 1, 10),
            "accessory": kinds(ELEMENTS, [*BUTTONS, *SELECTS, *PICKERS, "image"]),
            "expand": flag,
        },
        also=at_least_one("text", "fields"),
    ),
    "header": shape(_BLOCK | {"text": text(150, plain=True)}, "text"),
    "divider": shape(_BLOCK),
    "context": shape(
        _BLOCK | {"elements": items(kinds(ELEMENTS, ["plain_text", "mrkdwn", "image"]), 1, 10)}, "elements"
    ),
    "actions": shape(
        _BLOCK | {"elements": items(kinds(ELEMENTS, [*BUTTONS, *SELECTS, *PICKERS, "rich_text_input"]), 1, 25)},
        "elements",
    ),
    "context_actions": shape(
        _BLOCK | {"elements": items(kinds(ELEMENTS, ["feedback_buttons", "icon_button"]), 1, 5)}, "elements"
    ),
    "image": shape(
        _BLOCK
        | {
            "alt_text": string(2000),
            "image_url": string(3000, 1),
            "title": text(2000, plain=True),
            "slack_file": shape({"id": string(255, 1), "url": string(3000, 1)}, also=exactly_one("id", "url")),
        },
        "alt_text",
        exactly_one("image_url", "slack_file"),
    ),
    "input": shape(
        _BLOCK
        | {
            "label": text(2000, plain=True),
            "hint": text(2000, plain=True),
            "element": kinds(ELEMENTS, [*SELECTS, *PICKERS, *TYPED]),
            "optional": flag,
            "dispatch_action": flag,
        },
        "label element",
    ),
    "markdown": shape(_BLOCK | {"text": string(12_000, 1)}, "text"),
    "rich_text": _rich,
    "alert": shape(
        _BLOCK | {"text": text(200), "level": word("default", "info", "warning", "error", "success")}, "text"
    ),
    "card": _card,
    "carousel": shape(_BLOCK | {"elements": items(kinds({"card": _card}), 1, 10)}, "elements"),
    "table": shape(
        _BLOCK | {"rows": items(items(_cell, 1, 20), 1, 100), "column_settings": items(_SETTING, 0, 20)},
        "rows",
        _even_rows,
    ),
    "data_table": shape(
        _BLOCK
        | {
            "rows": items(items(_cell, 1, 20), 2, 201),
            "caption": string(2000, 1),
            "page_size": whole(1, 100),
            "row_header_column_index": whole(0, 19),
        },
        "rows caption",
        _table_text,
    ),
    "data_visualization": shape(_BLOCK | {"title": string(50, 1), "chart": _chart}, "title chart"),
    "video": shape(
        _BLOCK
        | {
            "alt_text": string(200, 1),
            "title": text(200, plain=True),
            "description": text(200, plain=True),
            "author_name": string(50),
            "provider_name": string(50),
            **dict.fromkeys(("title_url", "thumbnail_url", "video_url", "provider_icon_url"), string(3000)),
        },
        "alt_text title thumbnail_url video_url",
    ),
    "file": shape(_BLOCK | {"external_id": string(255), "source": string(255)}, "external_id source"),
    "task_card": shape(_BLOCK | _task, "task_id title status"),
    "plan": shape(
        _BLOCK | {"title": string(3000, 1), "tasks": items(shape(_BLOCK | _task, "task_id title status"))}, "title"
    ),
}
"""Every block by its type."""

_INSIDE = (
    "actions",
    "context",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "table",
    "video",
)
BLOCKS["container"] = shape(
    _BLOCK
    | {
        "title": text(150, plain=True),
        "subtitle": text(150),
        "rich_text_title": _rich,
        "icon": _image,
        "width": word("narrow", "standard", "wide", "full"),
        "child_blocks": items(kinds(BLOCKS, _INSIDE), 1, 10),
        **dict.fromkeys(("is_collapsible", "default_collapsed", "has_header_divider"), flag),
    },
    "child_blocks",
)
