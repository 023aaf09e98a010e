"""`clout demo`: one score from six networks, one of them rate limited and one without its key."""

import re

from bots import demo

SCORE = re.compile(r"^@mara\.example +(\d+) \(", re.MULTILINE)


async def test_a_creator_on_six_networks_keeps_the_score(capsys, monkeypatch):
    monkeypatch.setattr(demo, "STOPS", (demo._six_networks, demo._one_limited_one_unset))

    async def no_weeks(seed):
        return 0

    monkeypatch.setattr(demo, "weeks", no_weeks)
    assert await demo.tour(20) == 0
    before, after = capsys.readouterr().out.split("8. Seven hours later")
    for part in (before, after):
        counted = re.findall(r"^(\w+) +\d+ +[\d.]+[KM]? followers +\d+ ", part, re.MULTILINE)
        assert set(counted) == {"Bluesky", "Mastodon", "GitHub", "Twitch", "Instagram", "Facebook"}
        assert re.search(r"^YouTube +\d+ +its own score, not part of the total", part, re.MULTILINE)
    told = " ".join(after.split())
    assert "Bluesky limits how often it may be asked" not in before
    assert "Bluesky limits how often it may be asked" in told
    assert "not set up" not in before
    assert "Facebook is not set up here: access_token missing" in told
    [score] = SCORE.findall(before)
    [kept] = SCORE.findall(after)
    assert int(kept) >= int(score)


def test_the_tour_stops_there():
    assert demo.STOPS.index(demo._one_limited_one_unset) == demo.STOPS.index(demo._six_networks) + 1
