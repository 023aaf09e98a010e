"""Breaks the score on purpose, one constant or part at a time, and says which test notices.

    python -m benchmarks.mutation [NAME ...]

Every constant of core/weights.py is set to 0 and then has its sign flipped (over all networks at once where it is a
network's own); every part of core/parts.py is silenced and turned round, and some of its steps are left out. Each
mutant lives in a process of its own and meets the tests of direction; one that survives them meets the pinned numbers.
This module is also the pytest plugin that breaks the score in such a process. Not part of `make bench`: it takes
minutes.
"""

import os
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MUTANT = "CLOUT_MUTANT"
DIRECTIONS = ("scoring_directions", "scoring_one_creator", "combination", "scoring_invariants")  # quickest first
PARTS = ("volume", "amplification", "audience", "rate", "consistency", "growth")
PINS = ("weights", "golden_scores", "scoring_twice")

_END = "    return x\n\n\ndef _audience"  # where the parts are done

STEPS = {  # name -> (text in core/parts.py, what stands there in the mutant)
    **{f"{part} silenced": (_END, f"    x[{at}] = 0.0\n{_END}") for at, part in enumerate(PARTS)},
    **{f"{part} turned round": (_END, f"    x[{at}] = 1 - x[{at}]\n{_END}") for at, part in enumerate(PARTS[:3])},
    "rate turned round": ("out *= z * -LOG2E", "out *= z * LOG2E"),
    "consistency turned round": ("np.multiply(gate, terms.active,", "np.multiply(gate, 1 - terms.active,"),
    "growth turned round": ("np.tanh(growth / weights.growth_scale)", "np.tanh(-growth / weights.growth_scale)"),
    "no credibility": ("    typ *= z\n", ""),
    "no credibility in rate": ("out *= z * -LOG2E", "out *= -LOG2E"),
    "no gate": ("gate = np.minimum(", "gate = 1.0 + 0.0 * np.minimum("),
    "no gate on rate": ("    x[3] *= gate\n", ""),
    "no gate on lists": ("(share * lists) * gate", "(share * lists)"),
    "no cap on volume and amplification": ("    np.minimum(x[:2], 1.0, out=x[:2])\n", ""),
    "no cap on the audience": ("    np.minimum(audience, 1.0, out=audience)\n", ""),
    "followers without reactions": (
        "np.minimum(terms.followers, raw * (weights.audience_factor / terms.rate))",
        "terms.followers * np.ones_like(raw)",
    ),
    "reactions without followers": (
        "np.minimum(terms.followers, raw * (weights.audience_factor / terms.rate))",
        "raw * (weights.audience_factor / terms.rate)",
    ),
    "lists left out": ("share = np.where(unlisted, 0.0, weights.listed_share)", "share = np.zeros(unlisted.shape)"),
    "dropped parts count as nothing": ("    betas /= betas.sum(axis=0)\n", ""),
    "no shares still count": ("weights.betas.share(part) * kept.get(part, full)", "weights.betas.share(part) * full"),
    "dropped parts widen nothing": (
        "np.where(betas > 0, full[:, None], 0.0)",
        "np.where(betas > -1, full[:, None], 0.0)",
    ),
}


# --- inside the mutant's process: a pytest plugin, loaded before anything of core ------------------------------------


def _break(name: str) -> None:
    what, _, how = name.partition(" = ")
    if name in STEPS:
        _break_step(*STEPS[name])
    else:
        _set(what, how)


def _break_step(old: str, new: str) -> None:
    spec = find_spec("core.parts")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    if old not in source:
        raise SystemExit(f"core/parts.py has changed: {old!r} is not in it")
    module = types.ModuleType("core.parts")
    module.__spec__, module.__file__ = spec, spec.origin
    sys.modules["core.parts"] = module
    exec(compile(source.replace(old, new, 1), spec.origin, "exec"), module.__dict__)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "0": lambda value: type(value)(0) if value is not None else None,
    "-": lambda value: None if value is None else not value if isinstance(value, bool) else -value,
}


def _set(path: str, how: str) -> None:
    """Change constants in place: every default argument holds the very same object."""
    from core.weights import CURRENT

    first, *rest = path.split(".")
    owners: list[Any] = [*CURRENT.networks.values(), CURRENT.default] if first == "network" else [CURRENT]
    *way, last = rest if first == "network" else [first, *rest]
    for owner in {id(owner): owner for owner in owners}.values():
        holder = owner
        for step in way:
            holder.__dict__[step] = holder.__dict__[step].model_copy()  # owners may share it: change it once for each
            holder = holder.__dict__[step]
        holder.__dict__[last] = CHANGES[how](holder.__dict__[last])


if MUTANT in os.environ:
    _break(os.environ[MUTANT])


# --- outside: making mutants and reading what became of them ---------------------------------------------------------


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: the test of direction that noticed it, else the pinned number that did, else nothing."""

    mutant: str
    direction: str = ""
    pin: str = ""


def mutants() -> Iterator[str]:
    from core.weights import CURRENT

    for path in [*_paths(CURRENT, ""), *_paths(CURRENT.networks["tiktok"], "network.")]:
        yield from (f"{path} = {how}" for how in CHANGES)
    yield from STEPS


def _paths(model: Any, prefix: str) -> Iterator[str]:
    for name, value in model:
        if isinstance(value, int | float):
            yield f"{prefix}{name}"
        elif type(value).__name__ in ("ActionWeights", "Betas", "UsualShares"):
            yield from _paths(value, f"{prefix}{name}.")


def run(mutant: str, files: tuple[str, ...], left_out: frozenset[str]) -> list[str]:
    """Return the tests that fail first."""
    tests = [f"tests/core/test_{name}.py" for name in files]
    there = [test for test in tests if (ROOT / test).exists()]
    options = [
        "-q",
        "-x",
        "--no-header",
        "-rfE",
        "-p",
        "benchmarks.mutation",
        *(f"--deselect={one}" for one in left_out),
    ]
    command = [sys.executable, "-m", "pytest", *options, *there]
    environment = {**os.environ, **({MUTANT: mutant} if mutant else {})}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
    except subprocess.TimeoutExpired:
        return ["(never ends)"]
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if done.returncode and not failed:
        return ["(does not even start)"]
    return failed


def fate(mutant: str, left_out: frozenset[str]) -> Fate:
    for files in (DIRECTIONS, PINS):
        failed = run(mutant, files, left_out)
        if failed:
            test = failed[0].partition("::")[2] or failed[0]
            return Fate(mutant, direction=test) if files is DIRECTIONS else Fate(mutant, pin=test)
    return Fate(mutant)


def unfit() -> frozenset[str]:
    """Return the tests that fail without any mutant; they say nothing."""
    found: frozenset[str] = frozenset()
    while failed := run("", DIRECTIONS + PINS, found):
        found |= frozenset(failed)
    return found


def stale(source: str) -> list[str]:
    """Return the steps whose text stands not exactly once in core/parts.py: their mutants would prove nothing."""
    return [name for name, (old, _) in STEPS.items() if source.count(old) != 1]


def main() -> int:
    names = sys.argv[1:]
    if missing := stale((ROOT / "core/parts.py").read_text(encoding="utf-8")):
        print(f"core/parts.py has changed; these steps need new words: {', '.join(missing)}")
        return 2
    wanted = [mutant for mutant in mutants() if not names or any(name in mutant for name in names)]
    left_out = unfit()
    for test in sorted(left_out):
        print(f"left out, for it fails as it is: {test}")
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        fates = []
        for one in pool.map(lambda mutant: fate(mutant, left_out), wanted):
            fates.append(one)
            print(
                f"{one.mutant:<42} {one.direction or ('only pinned: ' + one.pin if one.pin else 'SURVIVES')}",
                flush=True,
            )
    pinned, alive = [f for f in fates if f.pin], [f for f in fates if not f.direction and not f.pin]
    print(f"\n{len(fates)} mutants: {len(pinned)} known to pinned numbers only, {len(alive)} survive")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
