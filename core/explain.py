"""The explanation of a score: where its points come from, why it moved, and what it is read beside. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from core import figures
from core.changes import ChangeLedger, ChangeRow, change_ledger
from core.context import Outreach, PeerRate, outreach, peer_rates
from core.ledger import NetworkStatement, PointLedger, PointRow, point_ledger
from core.models import Model, Moment, PartName, Reading
from core.standings import Known

__all__ = [
    "ChangeLedger",
    "ChangeRow",
    "Comparison",
    "Explanation",
    "Known",
    "Missing",
    "NetworkStatement",
    "Outreach",
    "PeerRate",
    "PointLedger",
    "PointRow",
    "change_ledger",
    "outreach",
    "peer_rates",
    "point_ledger",
    "printed_changes",
    "printed_points",
]


class Explanation(Model):
    """Everything `why` has to say about one creator.

    `points` is None without a number, `change` without an earlier one. `asked_since` is the moment asked for,
    `reaches_back` the earliest stored reading that could be compared with.
    """

    reading: Reading
    points: PointLedger | None = None
    change: ChangeLedger | None = None
    asked_since: Moment | None = None
    reaches_back: Moment | None = None
    outreach: Outreach | None = None
    peers: tuple[PeerRate, ...] = ()


class Missing(Model):
    """A creator that could not be compared, and why."""

    asked: str
    error: str
    message: str


class Comparison(Model):
    """Two to six creators side by side, in the order asked for."""

    readings: tuple[Reading, ...]
    missing: tuple[Missing, ...] = ()


def printed_points(ledger: PointLedger) -> tuple[dict[tuple[int, PartName], Decimal], Decimal]:
    """Return the points of each row, by the network's place and the part, and the penalty, with one decimal each.

    By largest remainder, so that what is printed adds up to the printed sum of all of them.
    """
    keys = [(at, row.part) for at, network in enumerate(ledger.networks) for row in network.rows]
    values = [row.points for network in ledger.networks for row in network.rows]
    if not ledger.penalty:
        return dict(zip(keys, figures.largest_remainder(values), strict=True)), Decimal(0)
    *rounded, penalty = figures.largest_remainder([*values, ledger.penalty])
    return dict(zip(keys, rounded, strict=True)), penalty


def printed_changes(rows: Sequence[ChangeRow]) -> tuple[Decimal, ...]:
    """Return the points of change rows with one decimal, adding up as printed."""
    return figures.largest_remainder([row.points for row in rows])
