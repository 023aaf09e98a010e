"""Is a request Slack's own, and recent? What is not gets 401 before anything looks into it, and one line a minute."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from core.models import Clock

LOGGED_EVERY = timedelta(minutes=1)

log = structlog.get_logger("clout.slack")


class _Seconds(SlackClock):
    def __init__(self, seconds: Callable[[], float]) -> None:
        self.now = seconds  # type: ignore[method-assign]


class Signatures:
    """Checks requests with the signing secret; a stamp may be five minutes old.

    `seconds` is the time Slack stamps by, in seconds since 1970, the computer's own where it is None; `clock` paces the
    log.
    """

    def __init__(self, secret: str, clock: Clock, *, seconds: Callable[[], float] | None = None) -> None:
        self._verifier = SignatureVerifier(secret) if seconds is None else SignatureVerifier(secret, _Seconds(seconds))
        self._clock = clock
        self._logged: datetime | None = None
        self._unsaid = 0

    def genuine(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether Slack sent this just now; what it did not is counted and now and then logged."""
        stamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
        # anything but digits, and a body that is no text, would be an error in Slack's library, and an answer of 500
        readable = stamp.isascii() and stamp.isdecimal() and len(stamp) < 20 and signature.isascii()
        if readable and _is_text(body) and self._verifier.is_valid(body, stamp, signature):
            return True
        self._refused()
        return False

    def _refused(self) -> None:
        now = self._clock.now()
        if self._logged is not None and timedelta(0) <= now - self._logged < LOGGED_EVERY:
            self._unsaid += 1
            return
        log.warning("a request with a wrong signature or an old time stamp was refused", more_before=self._unsaid)
        self._logged, self._unsaid = now, 0


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
