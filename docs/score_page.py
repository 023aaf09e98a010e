"""The page on the score: a template in plain words, with every figure taken from the code."""

import re
from collections.abc import Iterable
from pathlib import Path

from core.authenticity import GROUPS
from core.models import PARTS
from core.patterns import PATTERNS
from core.weights import CURRENT, WEIGHTS, ActionWeights, NetworkTerms, Tier, Weights

HERE = Path(__file__).parent

FORMULAS = {
    "volume": "`min(1, log10(1 + Z*typ(E)) / TMAX)`",
    "amplification": "`min(1, log10(1 + Z*typ(shares)) / (TMAX - 1))`",
    "audience": "`min(1, log10(1 + min(F, {audience_factor:g}*Z*typ(raw)/er)) / {audience_decades:g})`",
    "rate": "`gate / (1 + exp(-Z*log2(typ(raw) / (er0*max(F,{follower_floor:g})))))`",
    "consistency": (
        "`gate *` share of the last {consistency_days:g} days within {consistency_reach_days:g} d after a scored post"
    ),
    "growth": "`gate * (1/2 + 1/2*tanh(g/{growth_scale:g}))`",
}

ACTIONS = {
    "likes": "the unit",
    "saves": "own choice",
    "comments": "X's ranker values a reply at 27 to 54 likes, earned-media tables at about 1.7; kept low against pods",
    "shares": "X's ranker: 2 likes; Kred: a repost is worth a reply",
}

CONSTANTS: dict[str, tuple[str, str, str]] = {  # meaning, unit, source
    "youngest_days": ("a post is scored from this age on", "days", "own"),
    "window_days": ("and until this age", "days", "Klout's window"),
    "half_life_days": ("half-life of recency", "days", "own"),
    "low_quantile": ("typical value: mean of the quantile function from", "fraction", "own"),
    "high_quantile": ("to", "fraction", "own"),
    "padding_posts": ("posts of full weight below which padding fills up", "posts", "own"),
    "padding_low": ("padding value: quantiles from", "fraction", "own"),
    "padding_high": ("to", "fraction", "own"),
    "padding_fade_days": ("a leaving post fades out of the padding value", "days", "own"),
    "kappa": ("credibility's doubt", "posts", "own; 2 and 5 tried in the fit"),
    "audience_factor": ("followers that reactions vouch for, times the expected", "ratio", "fit"),
    "audience_decades": ("followers that fill the audience part", "log10", "own"),
    "listed_share": ("lambda: what lists carry of the audience part", "fraction", "own; .3 and .7 tried in the fit"),
    "listed_decades": ("lists that fill it", "log10", "own"),
    "anchor_decades": ("followers at which a network's er holds", "log10", "benchmark tiers"),
    "follower_floor": ("smallest audience a rate is taken over", "followers", "own"),
    "gate_reactions": ("weighted reactions a post for the full gate", "reactions", "own"),
    "consistency_days": ("days activity is taken over", "days", "own"),
    "consistency_reach_days": ("days a post keeps its account active", "days", "own"),
    "growth_scale": ("growth that earns tanh(1) of its half", "ln followers per 30 d", "own"),
    "growth_basis_days": ("growth is taken per", "days", "own"),
    "growth_gap_days": ("readings closer than this say nothing", "days", "own"),
    "provisional_posts": ("posts for a provisional score", "posts", "own"),
    "ok_posts": ("posts for a full one", "posts", "own"),
    "draws": ("redraws of the range", "draws", "own"),
    "draw_rows": ("rows of the shared table of draws", "rows", "own"),
    "padding_widening": ("exponent of the padding's widening", "exponent", "simulated coverage"),
    "dropped_widening": ("exponent of the widening for missing parts", "exponent", "simulated coverage"),
    "low_draw": ("range from", "fraction", "own"),
    "high_draw": ("to", "fraction", "own"),
    "power": ("p of the norm across networks", "exponent", "own"),
    "odds_cap": ("score from which odds are capped", "score", "own"),
}
BETA_SOURCES = {"growth": "own; no file holds follower histories"}
ELSEWHERE = {"model_version", "weights_version", "actions", "betas", "networks", "default", "benchmarks"}
"""Fields of Weights that have tables of their own."""


def page() -> str:
    """Return the page; raises KeyError when the template asks for a table that does not exist."""
    known = _tables()
    template = (HERE / "score.template.md").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: known[match[1]], template)


def _tables() -> dict[str, str]:
    single = ("listed_share", "listed_decades", "padding_widening", "dropped_widening", "ok_posts", "provisional_posts")
    return {
        "version": CURRENT.model_version,
        "weights_version": CURRENT.weights_version,
        **{name: f"{getattr(CURRENT, name):g}" for name in single},
        "penalty_least": f"{PATTERNS.least:g}",
        "penalty_step": f"{PATTERNS.step:g}",
        "actions": _actions(),
        "parts": _parts(),
        "constants": _constants(),
        "networks": _networks(),
        "benchmarks": _benchmarks(),
        "flags": _table(("pattern", "group"), GROUPS.items()),
        "fit": _kept("score.fit.txt"),
        "evaluation": _kept("score.evaluation.txt"),
        "likes_bought": _measured("attack.points_per_1000_likes", 3),
        "likes_bought_most": _measured("attack.points_per_1000_likes", "most"),
    }


def _kept(name: str) -> str:
    """Return what a run printed when the version was released."""
    return (HERE / name).read_text(encoding="utf-8").rstrip()


def _measured(metric: str, cell: int | str) -> str:
    """Return a figure of the released evaluation, to one decimal: a column by number, or the one after a word."""
    row = next(line.split() for line in _kept("score.evaluation.txt").splitlines() if metric in line)
    at = cell if isinstance(cell, int) else row.index(cell) + 1
    return f"{float(row[at].rstrip(';')):.1f}"


def _table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return (
        "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        .replace("| --- ", "|---")
        .replace("---|---", "---|---")
    )


def _actions() -> str:
    rows = [(name, f"{getattr(CURRENT.actions, name):g}", ACTIONS[name]) for name in ActionWeights.model_fields]
    return _table(("action", "weight", "source"), rows)


def _parts() -> str:
    figures = CURRENT.model_dump(exclude=ELSEWHERE)
    rows = [(name, f"{CURRENT.betas.share(name):.2f}", FORMULAS[name].format(**figures)) for name in PARTS]
    return _table(("part", "beta", "value"), rows)


def _constants() -> str:
    versions = tuple(WEIGHTS.values())
    rows = [
        (
            f"beta of {name}",
            *(f"{one.betas.share(name):.2f}" for one in versions),
            "share of 99 points",
            BETA_SOURCES.get(name, "fit"),
        )
        for name in PARTS
    ]
    for name in Weights.model_fields:
        if name not in ELSEWHERE:
            meaning, unit, source = CONSTANTS[name]
            values = (f"{getattr(one, name):g}" for one in versions)
            rows.append((f"`{name}`: {meaning}", *values, unit, source))
    return _table(("constant", *WEIGHTS, "unit", "source"), rows)


def _networks() -> str:
    head = (
        "network",
        *(f"TMAX {version}" for version in WEIGHTS),
        "er",
        "slope",
        "usual likes/comments/shares",
        "source",
    )
    return _table(head, [_network_row(name, CURRENT.terms(name)) for name in CURRENT.networks]) + (
        "\n\nTMAX: log10 of the weighted reactions a post that fill the volume part. er: raw reactions per follower "
        "and post at 10,000 followers. slope: change of log10(er) per decade of followers. X's TMAX was fitted; the "
        "others are own choices. Any other network is scored like a blog."
    )


def _network_row(name: str, terms: NetworkTerms) -> tuple[str, ...]:
    usual = terms.usual
    scales = (f"{one.terms(name).tmax:g}" for one in WEIGHTS.values())
    more = [f"a view counts {terms.view_weight:g} where nothing else is supplied"] if terms.view_weight else []
    more += ["saves count as shares"] if terms.saves_are_shares else []
    more += [f"followers known to {terms.digits} digits"] if terms.digits else []
    return (
        name,
        *scales,
        "-" if terms.rate_at_10k is None else f"{terms.rate_at_10k:g}",
        "-" if terms.slope is None else f"{terms.slope:g}",
        f"{usual.likes:g}/{usual.comments:g}/{usual.shares:g}" if terms.rate_at_10k else "-",
        "; ".join((terms.source, *more)),
    )


def _benchmarks() -> str:
    sources = [(b.title, b.of, b.figures, b.address) for b in CURRENT.benchmarks]
    tiers = [_tier_row(tier) for b in CURRENT.benchmarks for tier in b.tiers]
    return (
        _table(("source", "measured on", "figures", "address"), sources)
        + "\n\nRaw reactions per follower and post, by tier:\n\n"
        + _table(("tier, followers", "Instagram", "TikTok", "YouTube"), tiers)
    )


def _tier_row(tier: Tier) -> tuple[str, ...]:
    upper = "and more" if tier.followers_to is None else f"to {tier.followers_to:,}"
    rates = (f"{rate:.1%}" for rate in (tier.instagram, tier.tiktok, tier.youtube))
    return (f"{tier.name}, {tier.followers_from:,} {upper}", *rates)
