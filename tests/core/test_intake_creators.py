"""Lists of creators as spreadsheets save them: every encoding and separator that people meet, every line checked."""

import pytest

from core.connectors import manifests
from core.errors import InputError
from core.handles import Handle
from core.intake_creators import Check, Checked, alias_of, decoded, rows, tags_of

KNOWN = manifests()
TEXT = "handle,alias\nbluesky:glow,Zoë\n"


def handle(text: str, network: str | None = None) -> Handle:
    return Handle.parse(text, KNOWN, network)


def checked(text: str) -> Checked:
    check = Check(handle, lambda network: "not read here" if network == "linkedin" else "", lambda _, name: name)
    for number, row in rows(text):
        check.line(number, row)
    return check.checked


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_are_understood(encoding: str) -> None:
    assert decoded(TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT.encode("latin-1"), "Line 2 of the file is not UTF-8"),
        (b"\xff\xfeh\x00a", "not UTF-16"),
        (b"handle\n\x00\x01", "binary"),
        (b" \n\r\n", "empty"),
        (b"", "empty"),
    ],
)
def test_files_that_are_no_lists(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        decoded(content + (b"\xd8" if said == "not UTF-16" else b""))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_line_ends(separator: str) -> None:
    text = separator.join(("Handle", "Tags")) + "\r\n" + separator.join(("bluesky:glow", '"a b"')) + "\r\n\r\n"
    assert [(e.line, e.accounts, e.tags) for e in checked(text).entries] == [
        (2, (("bluesky", "glow.bsky.social"),), ("a", "b"))
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,network\nx,y\n", "no column “handle”"),
        ("handle,mood\nx,y\n", "do not know: “mood”"),
        ("handle,creator\nx,y\n", "twice"),
        ('handle\n"x\n', "no CSV"),
    ],
)
def test_columns_that_do_not_fit(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        list(rows(text))


def test_every_bad_line_is_named_with_its_column() -> None:
    lines = (
        "handle,network,alias,tags,accounts",
        "glow,bluesky,,,",
        "glow,,,,",
        "not a handle,bluesky,,,",
        "x,nowhere,,,",
        "bluesky:one,,two words,,",
        "bluesky:two,,,b@d,",
        "bluesky:three,,,,glow",
        "bluesky:four,,,,,surplus",
        "@GLOW,bluesky,,,",
        ",bluesky,,,",
        "bluesky:five,,glow.bsky.social,,",
        "linkedin:six,,,,",
        '"bluesky:seven\n",,,,',
        "bluesky:eight,,,,bluesky:seven",
    )
    found = checked("\n".join(lines))
    assert [(bad.line, bad.field) for bad in found.bad] == [
        (3, "handle"),
        (4, "handle"),
        (5, "handle"),
        (6, "alias"),
        (7, "tags"),
        (8, "accounts"),
        (9, "file"),
        (10, "handle"),
        (11, "handle"),
        (12, "alias"),
        (13, "handle"),
        (16, "handle"),
    ]
    assert [entry.line for entry in found.entries] == [2, 14]


def test_two_creators_of_one_name_need_an_alias() -> None:
    found = checked("handle\nbluesky:glow.example.com\nbluesky:glow.example.com\n")
    assert [bad.line for bad in found.bad] == [3]
    check = Check(handle, lambda _: "", lambda _, name: name.partition(".")[0])
    for number, row in rows("handle,alias\nbluesky:glow,\nyoutube:@glow,\nyoutube:@glow,glow2\n"):
        check.line(number, row)
    assert [(bad.line, bad.field) for bad in check.checked.bad] == [(3, "alias")]


@pytest.mark.parametrize("words", [["a,b"], [""], ["#"], ["x" * 33], ["a b"], ["_a"], [str(n) for n in range(11)]])
def test_tags_that_are_none(words: list[str]) -> None:
    with pytest.raises(InputError):
        tags_of(words)


def test_tags_are_kept_in_one_spelling() -> None:
    assert tags_of(["Beauty", "#beauty", "Straße", "日本"]) == ("beauty", "strasse", "日本")


@pytest.mark.parametrize("text", ["", "a b", "bluesky:x", "x.bsky.social", "https://example.com", "@"])
def test_aliases_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="alias"):
        alias_of(text, handle)


def test_an_alias_keeps_its_spelling() -> None:
    assert alias_of("@Glow_Guru", handle) == "Glow_Guru"
