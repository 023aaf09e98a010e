"""Anybody may type anything: one kind of error, linear time, nothing read as something else."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.connectors import manifests
from core.errors import InputError
from core.handles import MAX_NAME, Handle, clean

KNOWN = manifests()
SLOWEST_S = 0.05

_pieces = st.sampled_from(
    [f"{name}:" for name in KNOWN]
    + [f"https://{host}/" for m in KNOWN.values() for form in m.handles.urls for host in form.hosts if "*" not in host]
    + ["https://", "//", "@", "/", "?", "#", ":", ".", "..", "%", "%2e", "%00", "%C3%A9", "&", "id=", "\\", "[", "]"]
    + ["glow", "Glow", "u/", "in/", "users/", "user/", "profile/", "channel/UC", "did:plc:", "xn--", "social.example"]
    + [
        "İ",
        "ẞ",
        "ς",
        "é",
        "e\u0301",
        "\u200d",
        "\u202e",
        "\u00a0",
        "＠",
        "。",
        "（",
        "）",
        "“",
        "’",
        "бу",
        "ก",
        "\ud800",
    ]
)
_texts = st.one_of(st.text(max_size=60), st.lists(_pieces, max_size=8).map("".join))


def _read(text: str, network: str | None = None, refusals: list[str] | None = None) -> Handle | None:
    refusals = [] if refusals is None else refusals
    try:
        return Handle.parse(text, KNOWN, network, default_instance="social.example")
    except InputError as err:
        refusals.append(err.message)
        return None


@settings(max_examples=600)
@given(_texts, st.one_of(st.none(), st.sampled_from(sorted(KNOWN)), st.text(max_size=12)))
def test_only_input_errors_and_what_is_shown_reads_back(text: str, network: str | None) -> None:
    refusals: list[str] = []
    handle = _read(text, network, refusals)
    assert all(0 < len(message) < 400 for message in refusals)
    if handle is not None:
        again = Handle.parse(handle.shown, KNOWN)
        assert (again.network, again.name, again.native_id) == (handle.network, handle.name, handle.native_id)
        assert again.shown == handle.shown


@settings(max_examples=300)
@given(_texts)
def test_a_name_written_by_a_network_stays_itself(text: str) -> None:
    handle = _read(text)
    if handle is None:
        return
    for network, manifest in KNOWN.items():
        try:
            name = handle.on(manifest)
        except InputError:
            continue
        again = Handle.parse(name, KNOWN, network)
        assert (again.name, again.on(manifest)) == (name, name)


@settings(max_examples=200)
@given(_texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    try:
        once = clean(text)
    except InputError:
        return
    assert clean(once) == once


_FILLS: list[Callable[[int], str]] = [
    lambda n: "a" * n,
    lambda n: "@" * n,
    lambda n: "a." * (n // 2),
    lambda n: "a-" * (n // 2),
    lambda n: "." * n,
    lambda n: "_." * (n // 2) + "!",
    lambda n: "(" * n,
    lambda n: "x)" * (n // 2),
    lambda n: "\u200b" * n,
    lambda n: "é" * n,
    lambda n: "e\u0301" * (n // 2),
    lambda n: "a@" * (n // 2),
    lambda n: "did:plc:" + "%" * n,
    lambda n: "did:" + "a" * n,
    lambda n: "https://" + "a." * (n // 2) + "/@a",
    lambda n: "https://social.example/" + "@" * n,
    lambda n: "https://social.example/" + "../" * (n // 3),
    lambda n: "https://facebook.com/profile.php?" + "id=1&" * (n // 5) + "x",
    lambda n: "https://facebook.com/pages/" + "a/" * (n // 2),
    lambda n: "https://facebook.com/p/" + "1-" * (n // 2),
    lambda n: "https://x.com/intent/user?" + "&" * n,
    lambda n: "mastodon:" + "a" * n + "@",
    lambda n: "ü" * n + ".example/feed",
    lambda n: "mara@" + "ü." * (n // 2) + "example",
    lambda n: "mara@" + "xn--" * (n // 4) + ".example",
    lambda n: "linkedin:in/" + "é." * (n // 2),
]


@pytest.mark.parametrize("size", [250, 1_900, 100_000])
@pytest.mark.parametrize("fill", range(len(_FILLS)))
def test_long_text_is_answered_at_once(fill: int, size: int) -> None:
    text = _FILLS[fill](size)
    _read(text)  # the first reading compiles patterns and loads tables
    spent = []
    for _ in range(3):
        before = time.perf_counter()
        _read(text)
        spent.append(time.perf_counter() - before)
    assert min(spent) < SLOWEST_S


def test_over_long_text_is_refused() -> None:
    for network in (None, *KNOWN):
        assert _read("a" * 2_001, network) is None
        assert _read("a" * (MAX_NAME + 1), network) is None or network == "blog"


def test_an_error_repeats_little_of_what_was_typed() -> None:
    with pytest.raises(InputError) as refusal:
        Handle.parse("x" * 100 + " " + "y" * 100, KNOWN)
    assert "y" not in refusal.value.message.split("”")[0]
