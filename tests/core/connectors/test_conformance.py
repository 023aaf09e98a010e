"""Walks every connector and every fixture, both ways (EXEMPLARS: streamlink)."""

import json
from pathlib import Path

import pytest

from core.connectors import discover
from tests.core.connectors import conformance

READABLE = {name: connector for name, connector in discover().items() if connector.fetch is not None}
FILES = [(name, file) for name in READABLE for file in conformance.fixture_files(name)]


@pytest.mark.parametrize(("network", "file"), FILES, ids=[f"{name}-{file.stem}" for name, file in FILES])
async def test_fixture(network: str, file: Path) -> None:
    await conformance.check(READABLE[network], json.loads(file.read_text()))


@pytest.mark.parametrize("network", READABLE)
def test_every_point_of_the_checklist_is_covered(network: str) -> None:
    covered = {point for file in conformance.fixture_files(network) for point in json.loads(file.read_text())["covers"]}
    exempt = conformance.exemptions(network)
    assert conformance.CHECKLIST - covered - set(exempt) == set()
    assert set(exempt) <= conformance.CHECKLIST, "an exemption names no point of the checklist"


def test_every_folder_of_fixtures_has_a_connector() -> None:
    folders = {folder.name for folder in conformance.FIXTURES.iterdir() if folder.is_dir()}
    assert folders == set(READABLE)


@pytest.mark.parametrize("network", READABLE)
def test_a_connector_is_complete(network: str) -> None:
    connector = READABLE[network]
    assert connector.calls, "without CALLS no recorded answer finds its parser"
    assert {call.manifest.name for call in connector.calls} == {network}
    assert connector.manifest.counts, "the manifest names no count"
