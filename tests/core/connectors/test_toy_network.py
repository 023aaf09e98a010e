"""The network of CONTRIBUTING.md: one file and a fixture, found and judged without any test code of its own."""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import core.connectors
from core.connectors import Connector, discover, manifests
from core.handles import Handle
from tests.core.connectors import conformance

PAGE = Path(__file__).parents[3] / "CONTRIBUTING.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def toyland(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    (tmp_path / "toyland.py").write_text(block("python"), encoding="utf-8")
    monkeypatch.setattr(core.connectors, "__path__", [*core.connectors.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    discover.cache_clear()
    manifests.cache_clear()
    yield discover()["toyland"]
    sys.modules.pop("core.connectors.toyland", None)
    discover.cache_clear()
    manifests.cache_clear()


def test_it_is_found_and_its_handles_parse(toyland: Connector) -> None:
    assert toyland.fetch is not None
    assert Handle.parse("https://toyland.example/@teddy", manifests()).network == "toyland"
    assert Handle.parse("toyland:teddy", manifests()).name == "teddy"


async def test_its_fixture_is_played(toyland: Connector) -> None:
    await conformance.check(toyland, json.loads(block("json")))


async def test_what_a_status_means_everywhere_it_means_here(toyland: Connector) -> None:
    fixture = {
        **json.loads(block("json")),
        "answers": [{"status": 404, "json": {}}],
        "expect": {"error": "NotFound", "requests": 1},
    }
    await conformance.check(toyland, fixture)
