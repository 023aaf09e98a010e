"""Files of creators, one a line or row: JSON Lines or Parquet, handed on in blocks, so that memory stays small."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import InputError

Raw = bytes | dict[str, Any] | None
"""A line of JSON, a row of a table, or None for a line too long to be held."""

BLOCK_LINES = 512  # some 4 MB of text at 30 posts a creator
BLOCK_BYTES = 1 << 23  # a block ends early when its lines are long
MAX_LINE = 1 << 26  # bytes: room for 200,000 posts; a longer line is refused instead of held

_PARQUET_MAGIC = b"PAR1"
_NO_PARQUET = "Reading Parquet needs the package pyarrow: pip install 'clout[parquet]'. JSON Lines need nothing."


@dataclass(frozen=True, slots=True)
class Block:
    """Numbered lines that are scored together; `size` is how much of the file they are, in `Intake.total`'s unit."""

    lines: tuple[tuple[int, Raw], ...]
    size: int


@dataclass(frozen=True, slots=True)
class Intake:
    """A file being read: its blocks, and how large it is (bytes or rows), None when that is unknown."""

    blocks: Iterator[Block]
    total: int | None


@contextmanager
def open_intake(path: Path) -> Iterator[Intake]:
    """Open JSON Lines or Parquet, told apart by how the file begins.

    Raises InputError for a file that cannot be read, and for Parquet where pyarrow is not installed.
    """
    try:
        with path.open("rb") as stream:
            begin = stream.read(len(_PARQUET_MAGIC))
            stream.seek(0)
            yield _parquet(stream) if begin == _PARQUET_MAGIC else Intake(json_blocks(stream), path.stat().st_size)
    except OSError as err:
        reason = err.strerror or type(err).__name__
        raise InputError(f"The file cannot be read: {reason}.", field="file") from err


def json_blocks(stream: BinaryIO) -> Iterator[Block]:
    """Cut a stream of JSON Lines into blocks; empty lines at its very end are no lines."""
    lines: list[tuple[int, Raw]] = []
    size = 0
    for number, line, length in _numbered(stream):
        lines.append((number, line))
        size += length
        if len(lines) >= BLOCK_LINES or size >= BLOCK_BYTES:
            yield Block(tuple(lines), size)
            lines, size = [], 0
    if lines:
        yield Block(tuple(lines), size)


def _numbered(stream: BinaryIO) -> Iterator[tuple[int, bytes | None, int]]:
    """Number the lines from 1; an empty line counts as soon as another one follows it."""
    empty: list[tuple[int, bytes, int]] = []
    for number, (line, length) in enumerate(_lines(stream), start=1):
        if number == 1 and line is not None:
            line = line.removeprefix(b"\xef\xbb\xbf")  # what some editors put in front of UTF-8
        if line is not None and not line.strip():
            empty.append((number, line, length))
            continue
        yield from empty
        empty.clear()
        yield number, line, length


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes | None, int]]:
    while line := stream.readline(MAX_LINE):
        length = len(line)
        if length < MAX_LINE or line.endswith(b"\n"):
            yield line, length
            continue
        while (more := stream.readline(MAX_LINE)) and not more.endswith(b"\n"):
            length += len(more)
        yield None, length + len(more)


# --- Parquet ----------------------------------------------------------------------------------------------------------


def _parquet(stream: BinaryIO) -> Intake:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as err:
        raise InputError(_NO_PARQUET, field="file") from err
    try:
        table = parquet.ParquetFile(stream, pre_buffer=False)
    except arrow.ArrowException as err:
        raise InputError("The file begins like Parquet but is damaged or not whole.", field="file") from err
    return Intake(_row_blocks(arrow, table), table.metadata.num_rows)


def _row_blocks(arrow: Any, table: Any) -> Iterator[Block]:
    number = 0
    coarser = [(at, _to_microseconds(arrow, field.type)) for at, field in enumerate(table.schema_arrow)]
    coarser = [(at, kind) for at, kind in coarser if kind != table.schema_arrow.field(at).type]
    try:
        for batch in table.iter_batches(batch_size=BLOCK_LINES):
            for at, kind in coarser:
                batch = batch.set_column(at, batch.schema.names[at], batch.column(at).cast(kind, safe=False))
            rows = batch.to_pylist()
            yield Block(tuple((number + at, _filled(row)) for at, row in enumerate(rows, start=1)), len(rows))
            number += len(rows)
    except arrow.ArrowException as err:
        raise InputError(f"The Parquet file cannot be read past row {number}.", field="file") from err


def _to_microseconds(arrow: Any, kind: Any) -> Any:
    """Return an Arrow type with its nanoseconds made microseconds: Python's moments hold no more."""
    types = arrow.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        return arrow.timestamp("us", kind.tz)
    if types.is_struct(kind):
        return arrow.struct([(field.name, _to_microseconds(arrow, field.type)) for field in kind])
    if types.is_list(kind) or types.is_large_list(kind):
        return arrow.list_(_to_microseconds(arrow, kind.value_type))
    return kind


def _filled(value: Any) -> Any:
    """Return a row without its empty cells, a table's way of saying "not supplied", its whole floats as integers."""
    if isinstance(value, dict):
        return {name: _filled(cell) for name, cell in value.items() if cell is not None}
    if isinstance(value, list):
        return [_filled(cell) for cell in value]
    return whole(value)


# --- whole numbers written with a point -------------------------------------------------------------------------------


def whole(value: Any) -> Any:
    """Return 12.0 as 12 and everything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def reread(line: bytes) -> Any:
    """Return a line's JSON with numbers such as 12.0 as whole numbers: spreadsheets and data frames write them so."""
    return json.loads(line, parse_float=lambda digits: whole(float(digits)))
