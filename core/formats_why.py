"""The machine formats of statements and comparisons: exact, unrounded points; keys in a fixed order, times in ISO 8601.

`why`: `{"handle", "state", "score", "range", "base": 1, "points", "penalty", "apart", "model_version",
"weights_version", "networks": [{"network", "native_id", "handle", "state", "score", "share", "posts", "dropped",
"rows": [{"part", "points", "own", "x", "beta", "formula", "inputs", "constants"}]}], "flags": [Flag], "change": null |
{"since", "until", "before", "after", "change", "rows": [{"row", "points", "posts": [{"network", "native_id",
"created_at", "url", "leverage"}], "networks", "flags", "versions"}]}, "asked_since", "outreach", "peers"}`; base +
points + penalty is the score and the change rows add up to the change, within 1e-9.

`why` as CSV: one line a row with `kind` (base, point, penalty, change), `network`, `native_id`, `name`, `points`,
`own`, `x`, `beta`, `inputs`, `constants`, `formula`; the points of base, point and penalty add up to the score.

`compare`: `{"creators": [{"handle", "state", "score", "range", "sub_scores", "networks", "peers", "reactions_a_week",
"flags", "penalty", "history": [{"at", "score", "low", "high"}]}], "missing": [{"asked", "error", "message"}],
"model_version"}`.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import StringIO

from core.changes import ChangeLedger, ChangeRow
from core.context import peer_rates
from core.explain import Comparison, Explanation
from core.ledger import NetworkStatement, PointLedger, PointRow
from core.models import Reading
from core.readings import counting
from core.weights import CURRENT

CSV_COLUMNS = (
    "kind",
    "network",
    "native_id",
    "name",
    "points",
    "own",
    "x",
    "beta",
    "inputs",
    "constants",
    "formula",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so


def why_json(why: Explanation) -> dict[str, object]:
    """Return a statement as a JSON object."""
    ledger, score = why.points, why.reading.score
    return {
        "handle": why.reading.handle,
        "state": ledger.state if ledger is not None else score.state,
        "score": ledger.score if ledger is not None else None,
        "range": None if score.low is None else [score.low, score.high],
        "base": 1.0,
        "points": ledger.points if ledger is not None else None,
        "penalty": ledger.penalty if ledger is not None else 0.0,
        "apart": ledger.apart if ledger is not None else False,
        "model_version": score.model_version,
        "weights_version": score.weights_version,
        "networks": [_network(one) for one in ledger.networks] if ledger is not None else [],
        "flags": [flag.model_dump(mode="json") for flag in ledger.flags] if ledger is not None else [],
        "change": _change(why.change) if why.change is not None else None,
        "asked_since": _iso(why.asked_since),
        "outreach": why.outreach.model_dump(mode="json") if why.outreach is not None else None,
        "peers": [peer.model_dump(mode="json") for peer in why.peers],
    }


def _network(one: NetworkStatement) -> dict[str, object]:
    return {
        "network": one.network,
        "native_id": one.native_id,
        "handle": one.handle,
        "state": one.state,
        "score": one.score,
        "share": one.share,
        "posts": one.posts,
        "dropped": list(one.dropped),
        "rows": [_row(row) for row in one.rows],
    }


def _row(row: PointRow) -> dict[str, object]:
    return {
        "part": row.part,
        "points": row.points,
        "own": row.own,
        "x": row.x,
        "beta": row.beta,
        "formula": row.formula,
        "inputs": row.inputs,
        "constants": row.constants,
    }


def _change(change: ChangeLedger) -> dict[str, object]:
    return {
        "since": _iso(change.since),
        "until": _iso(change.until),
        "before": change.before,
        "after": change.after,
        "change": change.change,
        "rows": [_change_row(row) for row in change.rows],
    }


def _change_row(row: ChangeRow) -> dict[str, object]:
    return {
        "row": row.name,
        "points": row.points,
        "posts": [
            {
                "network": one.post.network,
                "native_id": one.post.native_id,
                "created_at": _iso(one.post.created_at),
                "url": one.post.url,
                "leverage": one.leverage,
            }
            for one in row.posts
        ],
        "networks": list(row.networks),
        "flags": list(row.flags),
        "versions": list(row.versions),
    }


def why_csv(why: Explanation) -> str:
    """Return a statement as CSV with a header line; empty but for it without a number."""
    out = StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    if why.points is not None:
        writer.writerows(_point_lines(why.points))
    if why.change is not None:
        writer.writerows({"kind": "change", "name": row.name, "points": row.points} for row in why.change.rows)
    return out.getvalue()


def _point_lines(ledger: PointLedger) -> Iterator[Mapping[str, object]]:
    yield {"kind": "base", "name": "base", "points": ledger.base}
    for one in ledger.networks:
        for row in one.rows:
            yield {
                "kind": "point",
                "network": _cell(one.network),
                "native_id": _cell(one.native_id or ""),
                "name": row.part,
                "points": row.points,
                "own": row.own,
                "x": row.x,
                "beta": row.beta,
                "inputs": _figures(row.inputs),
                "constants": _figures(row.constants),
                "formula": row.formula,
            }
    if ledger.penalty:
        yield {"kind": "penalty", "name": "unusual patterns", "points": ledger.penalty}


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _figures(named: Mapping[str, float | None]) -> str:
    return "; ".join(f"{name}={'' if value is None else repr(value)}" for name, value in named.items())


def compare_json(found: Comparison) -> dict[str, object]:
    """Return a comparison as a JSON object, creators in the order asked for."""
    return {
        "creators": [_creator(reading) for reading in found.readings],
        "missing": [one.model_dump(mode="json") for one in found.missing],
        "model_version": CURRENT.model_version,
    }


def _creator(reading: Reading) -> dict[str, object]:
    score, counted = reading.score, counting(reading.networks)
    inputs = [one.score.inputs for one in counted if one.score is not None and one.score.inputs is not None]
    return {
        "handle": reading.handle,
        "state": score.state,
        "score": score.score,
        "range": None if score.low is None else [score.low, score.high],
        "sub_scores": score.sub_scores.model_dump(mode="json"),
        "networks": [
            {"network": one.network, "score": one.score.score if one.score is not None else None} for one in counted
        ],
        "peers": [peer.model_dump(mode="json") for peer in peer_rates(counted)],
        "reactions_a_week": sum(one.reactions_per_week for one in inputs),
        "flags": [flag.model_dump(mode="json") for one in counted for flag in one.flags],
        "penalty": score.penalty,
        "history": [{"at": _iso(p.at), "score": p.score, "low": p.low, "high": p.high} for p in reading.history],
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
