"""Verdicts, the JSON's fixed keys, the text table and the exit code."""

import json
import math

import pytest

from core.validity import marks
from core.validity.metrics import Estimate
from core.validity.table import Report, Row, unmeasured

KEYS = [
    "set",
    "metric",
    "n",
    "value",
    "se",
    "ci",
    "baseline",
    "baseline_name",
    "diff",
    "diff_se",
    "goal",
    "verdict",
    "note",
]


def report(*rows):
    return Report("1.0", "1", 7, rows)


@pytest.mark.parametrize(
    ("goal", "estimate", "expected"),
    [
        (marks.AGREEMENT, Estimate(0.82, diff=-0.01, diff_se=0.02), "pass"),
        (marks.AGREEMENT, Estimate(0.80, diff=-0.03, diff_se=0.02), "miss"),
        (marks.AGREEMENT, Estimate(0.85, diff=0.01, diff_se=0.02), "good"),
        (marks.AGREEMENT, Estimate(0.83, diff=0.01, diff_se=0.02), "pass"),
        (marks.AGREEMENT, Estimate(0.83, diff=0.0, diff_se=math.nan), "pass"),
        (marks.NEXT_LIKES, Estimate(0.89, diff=0.1, diff_se=0.06), "miss"),
        (marks.NEXT_LIKES, Estimate(0.89, diff=0.2, diff_se=0.06), "good"),
        (marks.NEXT_LIKES, Estimate(0.81, diff=0.2, diff_se=0.06), "pass"),
        (marks.CALM_MEDIAN, Estimate(1.01), "miss"),
        (marks.CALM_MEDIAN, Estimate(0.7), "good"),
        (marks.NO_VIOLATION, Estimate(0.0), "pass"),
        (marks.NO_VIOLATION, Estimate(1.0), "miss"),
        (marks.SUSTAINED_RISE, Estimate(9.0, worst=-0.1), "miss"),
        (marks.SUSTAINED_RISE, Estimate(3.0, worst=0.1), "pass"),
        (marks.KLOUT_LIKE, Estimate(60.0, diff=-6.5), "pass"),
        (marks.KLOUT_LIKE, Estimate(60.0, diff=5.5), "good"),
        (marks.TENFOLD_WORST, Estimate(6.1), "miss"),
        (None, Estimate(1.0), "n/a"),
        (marks.HONEST, Estimate(math.nan), "n/a"),
    ],
)
def test_verdicts(goal, estimate, expected):
    assert Row("set", "metric", 40, estimate, goal=goal).verdict == expected


def test_json_keys_stand_in_their_order_and_nothing_is_nan():
    row = Row("peerindex", "auc", 40, Estimate(0.8234567, 0.02, 0.79, 0.86, 0.83, -0.0065433, 0.018), "followers")
    found = report(row, unmeasured("tiktok_posts", "all", "absent: no data.csv")).json()
    assert list(found) == ["model_version", "weights_version", "seed", "rows"]
    assert [list(line) for line in found["rows"]] == [KEYS, KEYS]
    assert found["rows"][0]["value"] == 0.823457
    assert found["rows"][1]["value"] is None
    assert found["rows"][1]["ci"] == [None, None]
    json.dumps(found, allow_nan=False)


def test_one_missed_mark_decides_the_exit_code():
    good = Row("a", "m", 40, Estimate(0.0), goal=marks.NO_VIOLATION)
    missed = Row("a", "m", 40, Estimate(1.0), goal=marks.NO_VIOLATION)
    unknown = unmeasured("b", "m", "too few", goal=marks.HONEST)
    assert report().exit_code == report(good, unknown).exit_code == 0
    assert report(good, missed).exit_code == 1


def test_the_table_has_one_line_a_measure_and_says_absent():
    rows = (
        Row("peerindex", "auc", 40, Estimate(0.82, 0.02, 0.78, 0.86, 0.83, -0.01, 0.018), "followers", marks.AGREEMENT),
        Row("facebook_pages", "rho next median", 40, Estimate(0.9, baseline=0.3, diff=0.6), "past total"),
        unmeasured("tiktok_posts", "all", "absent: no data.csv or data.csv.gz"),
        unmeasured("instafake", "all", "column isFake missing."),
    )
    lines = report(*rows).text().splitlines()
    assert lines[0] == "model 1.0, action weights 1, seed 7"
    assert lines[2].split()[:2] == ["set", "metric"]
    assert len(lines) == 3 + len(rows)
    assert "0.820" in lines[3]
    assert "-0.010 (0.018)" in lines[3]
    assert lines[3].rstrip().endswith("pass")
    assert "0.300 (past total)" in lines[4]
    assert lines[5].split()[:3] == ["tiktok_posts", "all", "absent"]
    assert "n/a" in lines[6]
    assert "isFake" in lines[6]
