"""`clout why` and `clout compare`: the same cards as in a chat, or JSON and CSV with every point unrounded."""

from typing import TYPE_CHECKING, Literal

from bots.json_lines import json_line
from core.cards_compare import compare_card
from core.cards_why import why_card
from core.commands import COMMANDS
from core.commands.explaining import SINCE_BY_DEFAULT
from core.commands.lookup import period
from core.formats_why import compare_json, why_csv, why_json

if TYPE_CHECKING:
    from bots.terminal import Terminal
    from core.app import App

Form = Literal["card", "json", "csv"]


async def write_why(
    app: "App", terminal: "Terminal", team: str, handle: str, *, since: str | None, network: str | None, form: Form
) -> str:
    """Return the statement of a creator as text to print, without a line feed at its end; raises CloutError."""
    now = app.clock.now()
    start = now - (period(since) if since is not None else SINCE_BY_DEFAULT)
    found = await app.lookups.why(team, handle, network=network, since=start)
    if form == "json":
        return json_line(why_json(found))
    if form == "csv":
        return why_csv(found).rstrip("\n")
    card = why_card(found, now, zone=app.settings.zone, manifests=app.manifests)
    return terminal.text(card.offering(COMMANDS))


async def write_comparison(app: "App", terminal: "Terminal", team: str, handles: list[str], *, as_json: bool) -> str:
    """Return two to six creators side by side as text to print; raises CloutError."""
    found = await app.lookups.compare(team, handles)
    if as_json:
        return json_line(compare_json(found))
    card = compare_card(found, app.clock.now(), zone=app.settings.zone, manifests=app.manifests)
    return terminal.text(card.offering(COMMANDS))
