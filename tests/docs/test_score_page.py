"""The page on the score: its worked example is what two implementations give, and it names every constant."""

import math
import re
from datetime import timedelta

import pytest

from core.models import PARTS, Post, Profile
from core.scoring import score_network
from core.weights import CURRENT, WEIGHTS, Weights
from docs import generate, score_page
from tests.core.naive_scoring import naive_score, typ, weight_of_age
from tests.core.simulated_accounts import NOW

MODEL = WEIGHTS["1.1"]
PAGE = (generate.HERE / "score.md").read_text(encoding="utf-8")
EXAMPLE = PAGE[PAGE.index("## 3. A worked example") : PAGE.index("## 4.")]


def rows(head: str) -> list[list[str]]:
    """The cells of the example's table under a header that starts with `head`."""
    lines = EXAMPLE[EXAMPLE.index(f"| {head}") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


POSTS = [[float(cell) for cell in row] for row in rows("age, days")]


def account() -> tuple[Profile, list[Post]]:
    posts = [
        Post(
            network="x",
            native_id=str(number),
            created_at=NOW - timedelta(days=age),
            likes=int(likes),
            replies=int(comments),
            reposts=int(shares),
        )
        for number, (age, likes, comments, shares, *_) in enumerate(POSTS)
    ]
    return Profile(network="x", native_id="1", handle="one", followers=1_000, fetched_at=NOW), posts


def test_the_example_weighs_its_posts_by_hand() -> None:
    assert len(POSTS) == 5
    for age, likes, comments, shares, weighted, raw, weight in POSTS:
        assert weighted == likes + 3 * comments + 4 * shares
        assert raw == likes + comments + shares
        assert weight == pytest.approx(weight_of_age(age), abs=5e-5)


def test_the_example_has_the_typical_posts_of_the_plain_implementation() -> None:
    for name, column in (("E", 4), ("shares", 3), ("raw", 5)):
        told = re.search(rf"typ\({name}\) = ([\d.]+\d)", EXAMPLE)
        assert told is not None
        assert float(told[1]) == pytest.approx(typ([(row[column], row[0]) for row in POSTS]), abs=5e-4)


def test_the_example_is_what_both_implementations_score() -> None:
    profile, posts = account()
    told = re.search(r"= ([\d.]+)\*\*, shown as (\d+), \*(\w+)\*", EXAMPLE)
    assert told is not None
    score = score_network(profile, posts, NOW, weights=MODEL)
    assert score.score == pytest.approx(naive_score(profile, posts, NOW, weights=MODEL), abs=1e-9)
    assert score.score == pytest.approx(float(told[1]), abs=5e-4)
    assert (math.floor(float(told[1]) + 0.5), score.state) == (int(told[2]), told[3])
    for part, (name, value, points) in zip(score.parts, rows("part"), strict=True):
        assert part.name == name
        assert part.x == pytest.approx(float(re.findall(r"\.\d+", value)[-1]), abs=5e-5)
        assert part.points == pytest.approx(float(points), abs=6e-4)
    assert tuple(part.name for part in score.parts) == PARTS


def test_every_constant_is_explained() -> None:
    assert set(score_page.CONSTANTS) | score_page.ELSEWHERE == set(Weights.model_fields)
    assert not set(score_page.CONSTANTS) & score_page.ELSEWHERE
    for name in score_page.CONSTANTS:
        assert f"`{name}`: " in PAGE


def test_the_tables_are_of_the_current_model() -> None:
    assert f"model {CURRENT.model_version}, action weights {CURRENT.weights_version}, seed 0" in PAGE
    assert "{{" not in PAGE
