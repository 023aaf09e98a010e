"""Reading files line by line: blocks, empty and endless lines, Parquet where it can be read."""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core import intake
from core.errors import InputError
from core.intake import json_blocks, open_intake, reread


def lines(content: bytes) -> list[tuple[int, Any]]:
    return [line for block in json_blocks(io.BytesIO(content)) for line in block.lines]


def test_lines_are_numbered_from_one() -> None:
    assert lines(b"a\nb\nc") == [(1, b"a\n"), (2, b"b\n"), (3, b"c")]


def test_empty_lines_count_unless_nothing_follows() -> None:
    assert lines(b"a\n\n \nb\n\n\r\n") == [(1, b"a\n"), (2, b"\n"), (3, b" \n"), (4, b"b\n")]
    assert lines(b"\n\n") == []


def test_a_byte_order_mark_is_no_json() -> None:
    assert lines(b"\xef\xbb\xbfa\nb")[0] == (1, b"a\n")


def test_blocks_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BLOCK_LINES", 3)
    monkeypatch.setattr(intake, "BLOCK_BYTES", 10)
    content = b"a\n" * 7 + b"123456789\n" * 2
    blocks = list(json_blocks(io.BytesIO(content)))
    assert [len(block.lines) for block in blocks] == [3, 3, 2, 1]
    assert sum(block.size for block in blocks) == len(content)


def test_an_endless_line_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_LINE", 16)
    content = b"a\n" + b"x" * 100 + b"\n" + b"y" * 15 + b"\n" + b"z" * 40
    assert lines(content) == [(1, b"a\n"), (2, None), (3, b"y" * 15 + b"\n"), (4, None)]


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InputError, match="cannot be read"), open_intake(path):
            pass


def test_numbers_with_a_point_are_read_as_whole_where_they_are() -> None:
    assert reread(b'{"a": 12.0, "b": 1.5, "c": [1e3]}') == {"a": 12, "b": 1.5, "c": [1000]}


def test_parquet_without_its_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "creators.parquet"
    path.write_bytes(b"PAR1 and so on")
    with pytest.raises(InputError, match="pip install"), open_intake(path):
        pass


ROWS = [
    {
        "id": f"c{n}",
        "profile": {"network": "x", "native_id": str(n), "handle": "a", "followers": None if n else 12.0},
        "posts": [{"native_id": "p", "created_at": datetime(2026, 11, 2, 3, 4, 5, 678000, tzinfo=UTC), "likes": n}],
        "earlier": None,
    }
    for n in range(5)
]


def test_parquet_rows_are_lines_without_empty_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow", reason="Parquet is optional: pip install 'clout[parquet]'")
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(intake, "BLOCK_LINES", 2)
    moment = arrow.timestamp("ns", "UTC")  # what data frames write
    figures = [("likes", arrow.int64()), ("saves", arrow.null())]
    post = arrow.struct([("native_id", arrow.string()), ("created_at", moment), *figures])
    table = arrow.Table.from_pylist(ROWS)
    at = table.schema.get_field_index("posts")
    table = table.set_column(at, "posts", arrow.array([row["posts"] for row in ROWS], arrow.list_(post)))
    path = tmp_path / "creators.parquet"
    parquet.write_table(table, path)
    with open_intake(path) as found:
        blocks = list(found.blocks)
    assert found.total == 5
    assert [len(block.lines) for block in blocks] == [2, 2, 1]
    read = [row for block in blocks for _, row in block.lines]
    first = {**ROWS[0], "profile": {"network": "x", "native_id": "0", "handle": "a", "followers": 12}}
    del first["earlier"]
    assert read[0] == first
    assert "followers" not in read[1]["profile"]


def test_parquet_columns_without_any_value_are_read(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="Parquet is optional: pip install 'clout[parquet]'")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "creators.parquet"
    rows = [
        {"id": str(n), "posts": [{"native_id": "p", "url": None, "links": []}] * 30, "now": None} for n in range(900)
    ]
    parquet.write_table(arrow.Table.from_pylist(rows), path)
    with open_intake(path) as found:
        read = [row for block in found.blocks for _, row in block.lines]
    assert read[899] == {"id": "899", "posts": [{"native_id": "p", "links": []}] * 30}


def test_a_damaged_parquet_file_is_bad_input(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet is optional: pip install 'clout[parquet]'")
    path = tmp_path / "creators.parquet"
    path.write_bytes(b"PAR1 and so on")
    with pytest.raises(InputError, match="damaged"), open_intake(path):
        pass
