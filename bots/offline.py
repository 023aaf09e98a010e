"""Commands that ask no network: scoring a file of creators, scoring stored history again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bots.json_lines import json_line
from core.app import build
from core.batches import Refused, Scored, Tally, score_blocks
from core.figures import score_range, shown
from core.inert import inert
from core.intake import Intake, json_blocks, open_intake
from core.rescoring import Rescored, Rescoring, weights_named
from core.settings import Settings
from core.weights import Weights

OK, REFUSED = 0, 2
STDIN = Path("-")
_ID, _STATE, _SCORE, _RANGE = 24, 12, 5, 10  # widths of the text table's columns


class Advance(Protocol):
    """Moves a progress bar forward."""

    def __call__(self, steps: int, total: int | None = None) -> None:
        """Go `steps` further; `total` says, once it is known, how many there are."""
        ...


def score_file(path: Path, out: TextIO, *, as_json: bool, interval: bool) -> int:
    """Score each line of a file (or of standard input), a line out for each line in, in order.

    Returns 2 when any line was refused, though all the others are written. Raises InputError for an unreadable file.
    """
    tally = Tally()
    with _intake(path) as intake, progress("Scoring", intake.total, beside=out) as advance:
        if not as_json:
            out.write(_row("id", "state", "score", "range", "note"))
        for outcomes, size in score_blocks(intake.blocks, interval=interval):
            for outcome in outcomes:
                tally.add(outcome)
                out.write(_json_line(outcome) if as_json else _text_line(outcome))
            out.flush()
            advance(size)
    sys.stderr.writelines(f"{line}\n" for line in tally.lines())
    return REFUSED if tally.refused else OK


@contextmanager
def _intake(path: Path) -> Iterator[Intake]:
    if path == STDIN:
        yield Intake(json_blocks(sys.stdin.buffer), None)
    else:
        with open_intake(path) as intake:
            yield intake


def _json_line(outcome: Scored | Refused) -> str:
    return json_line(outcome.json()) + "\n"


def _text_line(outcome: Scored | Refused) -> str:
    if isinstance(outcome, Refused):
        return _row(f"line {outcome.line}", "refused", "", "", outcome.error)
    score = "" if outcome.score is None else str(shown(outcome.score))
    spread = "" if outcome.low is None or outcome.high is None else score_range(outcome.low, outcome.high)
    return _row(inert(str(outcome.id), _ID), outcome.state, score, spread, "; ".join(outcome.notes))


def _row(name: str, state: str, score: str, spread: str, note: str) -> str:
    return f"{name:<{_ID}}  {state:<{_STATE}}  {score:>{_SCORE}}  {spread:<{_RANGE}}  {note}".rstrip() + "\n"


async def rescore(settings: Settings, weights: str, since: date | None, out: TextIO) -> int:
    """Score stored history again under the named constants.

    Raises InputError for a name that does not exist, StoreError when the database refuses.
    """
    chosen = weights_named(weights)
    async with build(settings) as app:
        with progress("Scoring history again", None) as advance:
            done = await Rescoring(app.store, app.manifests, app.clock).rescore(chosen, since=since, progress=advance)
        if done.days:
            await app.roster.rebuild_all(app.clock.now())  # lists and digests compare scores of one version
    out.write(f"{_rescored(done, chosen)}\n")
    return OK


def _rescored(done: Rescored, weights: Weights) -> str:
    lost = f"{_counted(done.lost, 'account day')} left as they were: the counts behind them are not kept any more."
    if done.oldest is None:
        return f"Nothing scored again. {lost if done.lost else 'No score is stored from that time.'}"
    days, accounts = _counted(done.days, "account day"), _counted(done.accounts, "account")
    what = f"{days} scored under model {weights.model_version}, {accounts}"
    said = f"{what}, back to {done.oldest.isoformat()}; the old scores stay beside them."
    return f"{said} {lost}" if done.lost else said


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


@contextmanager
def progress(what: str, total: int | None, *, beside: TextIO | None = None) -> Iterator[Advance]:
    """Show a bar on standard error, unless nobody looks there or the output itself scrolls past on the same screen."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    hidden = not console.is_terminal or (beside is not None and beside.isatty())
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=total)

        def advance(steps: int, total: int | None = None) -> None:
            if total is not None:
                bar.update(task, total=total)
            bar.advance(task, steps)

        yield advance
