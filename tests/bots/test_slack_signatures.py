"""What Slack did not sign, or signed too long ago, is refused before anything looks into it."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bots.slack_signatures import Signatures
from sandbox.slack_delivery import signature

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BODY = b"command=%2Finfluence"


class Hand:
    moment = NOW

    def now(self):
        return self.moment


def headers(secret="right", age=0, **changes):
    stamp = str(int(NOW.timestamp()) - age)
    found = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature(secret, stamp, BODY)}
    return found | {name.replace("_", "-"): value for name, value in changes.items()}


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def signatures(clock):
    return Signatures("right", clock, seconds=NOW.timestamp)


@pytest.mark.parametrize(
    ("given", "genuine"),
    [
        (headers(), True),
        (headers(age=299), True),
        (headers(age=301), False),
        (headers(age=-301), False),
        (headers(secret="wrong"), False),
        ({}, False),
        (headers(x_slack_request_timestamp="soon"), False),
        (headers(x_slack_request_timestamp="٣"), False),
        (headers(x_slack_request_timestamp="9" * 400), False),
        (headers(x_slack_signature="ü"), False),
    ],
)
def test_only_a_right_and_recent_signature_counts(signatures, given, genuine):
    assert signatures.genuine(BODY, given) is genuine
    assert signatures.genuine(BODY + b"&more=1", given) is False


def test_refusals_are_logged_once_a_minute_with_their_number(signatures, clock):
    with capture_logs() as logged:
        for second in range(150):
            clock.moment = NOW + timedelta(seconds=second)
            signatures.genuine(BODY, headers("wrong"))
    assert [one["more_before"] for one in logged] == [0, 59, 59]
    assert "wrong" not in str([{k: v for k, v in one.items() if k != "event"} for one in logged])
