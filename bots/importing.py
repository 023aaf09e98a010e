"""Brings a list of creators in from a file, with a bar on standard error."""

from collections.abc import Callable
from pathlib import Path

from bots.offline import progress
from core.app import App
from core.card import Card
from core.cards_tracking import imported_card
from core.errors import InputError
from core.intake_creators import MOST_BYTES


async def bring_in(app: App, team: str, path: Path) -> Card:
    """Track everybody of a CSV file and return the report; raises InputError for a file that cannot be read."""
    content = _content(path)
    with progress("Importing", None) as advance:
        return imported_card(await app.tracking.bring_in(team, content, _steps(advance)))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)  # a byte more is enough to be refused
    except OSError as err:
        raise InputError(f"The file cannot be read: {err.strerror or type(err).__name__}.", field="file") from err


def _steps(advance: Callable[..., None]) -> Callable[[int, int], None]:
    reached = 0

    def tell(done: int, of: int) -> None:
        nonlocal reached
        advance(done - reached, total=of)
        reached = done

    return tell
