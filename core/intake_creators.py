"""A list of creators as people keep it in a spreadsheet: CSV, read whole, every line checked before anything is done.

One line a creator: `handle` (required) with `network` where the handle does not say it, `alias` (or `name`), `tags` and
`accounts`, further accounts as network:handle. Comma, semicolon or tab between the columns.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import InputError
from core.handles import Handle
from core.inert import inert

MOST_BYTES = 64 * 1024 * 1024  # 100,000 lines are some 5 MB
MOST_LINES = 1_000_000
MOST_TAGS = 10
TAG_LIMIT = 32
_TAG = re.compile(rf"[^\W_](?:[\w-]{{0,{TAG_LIMIT - 1}}})")
_BETWEEN = re.compile(r"[\s;|]+")
_ECHO = 40  # characters of a cell that a report repeats

COLUMNS = ("handle", "network", "alias", "tags", "accounts")
_ALSO = {
    "name": "alias",
    "tag": "tags",
    "account": "accounts",
    "further accounts": "accounts",
    "creator": "handle",
    "platform": "network",
}
_ADVICE = "The first line names the columns: handle, and if you like network, alias, tags, accounts."

Account = tuple[str, str]
"""A network and a handle as that network writes it."""

ReadHandle = Callable[[str, str | None], Handle]
"""Reads a handle, on a network when one is given; raises InputError."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be taken: its number in the file, from 1, the column, and what is wrong."""

    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One creator of a list: its accounts, the first one leading; `alias` None means its handle is its name."""

    line: int
    accounts: tuple[Account, ...]
    alias: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Checked:
    """What a file holds: creators, and the lines that are none."""

    entries: list[Entry] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


def tag_of(text: str) -> str:
    """Return a tag as it is kept: lower case, without a leading #; raises InputError for what is none."""
    tag = text.strip().removeprefix("#").casefold()
    if not _TAG.fullmatch(tag):
        said = inert(text, _ECHO)
        raise InputError(f"“{said}” is no tag: one word of letters and digits, at most {TAG_LIMIT}.", field="tags")
    return tag


def tags_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return tags without repetition, in the order given; raises InputError for too many or for what is none."""
    tags = tuple(dict.fromkeys(tag_of(word) for word in words))
    if len(tags) > MOST_TAGS:
        raise InputError(f"A creator takes at most {MOST_TAGS} tags at once.", field="tags")
    return tags


def decoded(content: bytes) -> str:
    """Return the text of a file in UTF-8, with or without a mark, or UTF-16 with one; raises InputError for others."""
    if len(content) > MOST_BYTES:
        raise InputError(f"The file is larger than {MOST_BYTES >> 20} MB. Split it.", field="file")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as err:
        line = content.count(b"\n", 0, err.start) + 1
        raise InputError(
            f"Line {line} of the file is not {encoding[:6].upper()}. Save it as “CSV UTF-8”, then import it again.",
            field="file",
        ) from err
    if "\0" in text:
        raise InputError("The file holds binary data; a list of creators is CSV text.", field="file")
    if not text.strip():
        raise InputError(f"The file is empty. {_ADVICE}", field="file")
    return text


def rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield every line that says anything, by number and column; raises InputError for columns that do not fit."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    try:
        start = 1
        for cells in reader:
            number, start = start, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(cells)
                continue
            yield number, _named(number, columns, cells)
    except csv.Error as err:
        raise InputError(f"Line {reader.line_num} of the file is no CSV: {err}.", field="file") from err


def _columns(cells: Sequence[str]) -> list[str]:
    names = [_ALSO.get(cell.strip().casefold(), cell.strip().casefold()) for cell in cells]
    unknown = [inert(cell, _ECHO) for cell, name in zip(cells, names, strict=True) if name not in COLUMNS]
    if unknown:
        said = ", ".join(f"“{cell}”" for cell in unknown[:5])
        raise InputError(f"The file has columns I do not know: {said}. {_ADVICE}", field="file")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"The file names a column twice: {', '.join(sorted(twice))}. {_ADVICE}", field="file")
    if "handle" not in names:
        raise InputError(f"The file has no column “handle”. {_ADVICE}", field="file")
    return names


_SURPLUS = "\0surplus"


def _named(number: int, columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
    if any(cell.strip() for cell in cells[len(columns) :]):
        row[_SURPLUS] = str(len(cells))
    return row


class Check:
    """Checks lines one after the other: what stands in them, and that no account or name stands there twice."""

    def __init__(self, handle: ReadHandle, readable: Callable[[str], str], bare: Callable[[str, str], str]) -> None:
        """`readable` says why a network cannot be read here, else an empty text; `bare` what a handle is called."""
        self._handle = handle
        self._readable = readable
        self._bare = bare
        self._accounts: dict[Account, int] = {}
        self._names: dict[str, int] = {}
        self.checked = Checked()

    def line(self, number: int, row: dict[str, str]) -> None:
        """Take one line, or note what is wrong with it."""
        try:
            entry = self._entry(number, row)
        except InputError as err:
            self.checked.bad.append(BadLine(number, err.field or "handle", err.message))
        else:
            self.checked.entries.append(entry)

    def _entry(self, number: int, row: dict[str, str]) -> Entry:
        if _SURPLUS in row:
            raise InputError(
                "More cells than columns: a comma inside a cell needs quotes around the cell.", field="file"
            )
        if not row["handle"]:
            raise InputError("The handle is missing.", field="handle")
        first = self._account(row["handle"], row.get("network") or None, "handle")
        further = [self._account(word, None, "accounts") for word in _words(row.get("accounts", ""))]
        accounts = tuple(dict.fromkeys((first, *further)))
        alias = self._alias(row.get("alias", ""))
        entry = Entry(number, accounts, alias, tags_of(_words(row.get("tags", "").replace(",", " "))))
        self._once(entry)
        return entry

    def _account(self, text: str, network: str | None, column: str) -> Account:
        try:
            handle = self._handle(text, network)
        except InputError as err:
            raise InputError(err.message, field=column) from err
        if handle.network is None:
            said = inert(text, _ECHO)
            raise InputError(
                f"Say on which network {said} is: as network:name, or in the column network.", field=column
            )
        why = self._readable(handle.network)
        if why:
            raise InputError(why, field=column)
        return handle.network, handle.native_id or handle.name

    def _alias(self, text: str) -> str | None:
        return alias_of(text, self._handle) if text else None

    def _once(self, entry: Entry) -> None:
        for network, handle in entry.accounts:
            key = (network, handle.casefold())
            if key in self._accounts:
                said = inert(handle, _ECHO)
                raise InputError(f"{network}:{said} stands in line {self._accounts[key]} already.", field="handle")
        name = (entry.alias or self._bare(*entry.accounts[0])).casefold()
        if name in self._names:
            said = inert(name, _ECHO)
            raise InputError(
                f"The creator of line {self._names[name]} is called {said} too: give one an alias.", field="alias"
            )
        self._names[name] = entry.line
        for network, handle in entry.accounts:
            self._accounts[(network, handle.casefold())] = entry.line


def alias_of(text: str, handle: ReadHandle) -> str:
    """Return an alias as it is kept; raises InputError for one that could not be typed as a bare @name."""
    bare = text.strip().removeprefix("@")
    try:
        read = handle(bare, None)
    except InputError:
        read = None
    if read is None or read.network is not None:
        said = inert(text, _ECHO)
        raise InputError(f"“{said}” is no alias: one word such as glow_guru, as in @glow_guru.", field="alias")
    return bare


def _words(cell: str) -> list[str]:
    return [word for word in _BETWEEN.split(cell) if word]
