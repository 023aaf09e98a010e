"""No secret reaches the log, as a field, within a sentence, or in a traceback."""

import logging

import pytest

from core.redaction import HIDDEN, Redacting, redact_event, redacted

# put together here, so that no scanner takes them for real ones
SLACK = "xoxb-" + "123456789012-abcdefABCDEF"
DISCORD = "M" * 24 + "." + "G" * 6 + "." + "x" * 30


@pytest.mark.parametrize(
    "line",
    [
        f"sent with {SLACK}",
        f"refused: {DISCORD}",
        "Authorization: Bearer " + "abc.def-ghi_jkl",
        "https://api.example/x?access_token=" + "abcdefgh&page=2",
        "POST https://hooks.slack.com/commands/" + "T1/2/abcdefgh",
        "PATCH https://discord.com/api/v10/webhooks/1/" + "aW50ZXJhY3Rpb246abcdefgh",
        "data: {'code': '" + "abcdefgh'}",
        "wss://wss-primary.slack.com/link/?ticket=" + "abcdefgh&app_id=1",
        "postgresql+psycopg://clout:hush" + "word@db:5432/clout",
    ],
)
def test_what_looks_like_a_secret_is_hidden(line: str) -> None:
    kept = redacted(line)
    assert HIDDEN in kept
    for secret in (SLACK, DISCORD, "abc.def", "abcdefgh", "hushword"):
        assert secret not in kept


@pytest.mark.parametrize(
    "line",
    [
        "a job failed reference=7f3a",
        "https://bsky.app/profile/glow.bsky.social",
        "digest:1:2026-W47 sent",
        "code=50035 late=False",
    ],
)
def test_the_rest_stays(line: str) -> None:
    assert redacted(line) == line


def test_fields_are_hidden_by_name_and_by_look() -> None:
    event = {"event": f"told {SLACK}", "bot_token": "anything", "network": "bluesky", "count": 3}
    assert redact_event(None, "info", event) == {
        "event": f"told {HIDDEN}",
        "bot_token": HIDDEN,
        "network": "bluesky",
        "count": 3,
    }


def test_plain_records_too() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "with %s", (SLACK,), None)
    assert Redacting("%(message)s").format(record) == f"with {HIDDEN}"
