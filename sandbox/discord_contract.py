"""Stub."""

from pathlib import Path


class Contract:
    """Stub."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder


def load(folder: Path) -> Contract:
    """Stub."""
    return Contract(folder)
