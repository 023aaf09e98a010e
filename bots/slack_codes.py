"""What Slack's refusals mean: the code out of whatever form an answer has, and which of our errors it is.

A code says that nothing was posted, but for the few of `UNSURE`. What has no code (a 5xx, an answer that is no JSON)
may have been posted all the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from slack_sdk.errors import SlackApiError

from core.errors import DeliveryError, DeliveryForbidden, DeliveryUnknown

INVITE = frozenset({"not_in_channel", "channel_not_found"})
ARCHIVED = "is_archived"
UNINSTALLED = frozenset({"token_revoked", "account_inactive"})
KEYS = UNINSTALLED | {"invalid_auth", "not_authed", "token_expired", "no_permission", "org_login_required"}
POLICY = frozenset(
    {"restricted_action", "ekm_access_denied", "team_access_not_granted", "posting_to_general_channel_denied"}
)
PAYLOAD = frozenset(
    "invalid_blocks invalid_blocks_format msg_too_long msg_blocks_too_long invalid_attachments block_mismatch".split()
)
UNSURE = frozenset({"", "fatal_error", "internal_error"})  # "possibly some aspect of the operation succeeded"
LATER = frozenset({"ratelimited", "rate_limited", "service_unavailable", "team_added_to_org", "message_limit_exceeded"})
NO_MESSAGES = frozenset(
    "user_not_found users_not_found cannot_dm_bot user_disabled messages_tab_disabled channel_not_found is_archived "
    "not_in_channel user_not_visible".split()
)
"""Why a person gets no direct message; that is the person's or the workspace's choice."""

SOON = timedelta(minutes=1)  # until another try where Slack gave no time


def code_of(error: SlackApiError) -> str:
    """Return Slack's error code; empty where the answer has none, as of a 5xx or a page of HTML."""
    held = getattr(error.response, "data", None)
    return str(held.get("error") or "")[:80] if isinstance(held, Mapping) else ""


def needed_scope(error: SlackApiError) -> str:
    """Return the scope an old install lacks; empty for any other refusal."""
    held = getattr(error.response, "data", None)
    if not isinstance(held, Mapping) or held.get("error") != "missing_scope":
        return ""
    return str(held.get("needed") or "")[:80]


def scope_lacking(error: BaseException | None) -> str:
    """Return the scope whose lack is behind an error; empty for any other."""
    while error is not None:
        if isinstance(error, SlackApiError):
            return needed_scope(error)
        error = error.__cause__
    return ""


def limited(error: SlackApiError) -> bool:
    """Return whether Slack asks for patience; nothing was posted then."""
    return status_of(error) == 429 or code_of(error) in ("ratelimited", "rate_limited")


def pause_of(error: SlackApiError) -> float:
    """Return the seconds that Slack asks to wait."""
    headers = getattr(error.response, "headers", None) or {}
    given = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "1")
    return float(given) if given.isdecimal() else 1.0


def status_of(error: SlackApiError) -> int:
    """Return the status of the answer, 0 where it has none."""
    found = getattr(error.response, "status_code", None) or getattr(error.response, "status", None)
    return found if isinstance(found, int) else 0


def paths_of(error: SlackApiError) -> list[str]:
    """Return where in our blocks Slack found faults; for the log, as they hold no words of a card."""
    held = getattr(error.response, "data", None)
    beside = held.get("response_metadata") if isinstance(held, Mapping) else None
    said = beside.get("messages") if isinstance(beside, Mapping) else None
    return [str(one)[:200] for one in said[:20]] if isinstance(said, list) else []


def delivery_error(error: SlackApiError, shown: str, now: datetime, *, again: str = "") -> DeliveryError:
    """Return what a refusal means for a channel; `again` tells how Clout is installed anew."""
    code, where = code_of(error), shown or "the channel"
    if code in UNSURE:
        return DeliveryUnknown(where, f"Slack did not say whether the message arrived in {where}.")
    if code in LATER or limited(error):
        return DeliveryForbidden(where, "Slack asks for patience.", retry_at=now + SOON)
    if scope := needed_scope(error):
        return DeliveryForbidden(where, lacking(scope, again))
    return forbidden(code, where, again)


def forbidden(code: str, where: str, again: str = "") -> DeliveryForbidden:
    """Return what a code means that keeps Clout out of a channel."""
    return DeliveryForbidden(where, _why(code, where, again))


def _why(code: str, where: str, again: str) -> str:
    if code in INVITE:
        return f"Clout is not in {where}. Type /invite @Clout there."
    if code == ARCHIVED:
        return f"{where} is archived. Posts go on once somebody brings it back."
    if code in KEYS:
        return f"Slack no longer lets Clout into this workspace ({code}). {again}".strip()
    if code in POLICY or code.startswith("restricted_action"):
        return f"A rule of this workspace's administrators keeps Clout from posting in {where} ({code})."
    return f"Slack did not take the message for {where}: {code}."


def lacking(scope: str, again: str) -> str:
    """Return the sentence about a permission that an old install lacks."""
    return f"Clout was installed here without the permission {scope}. {again}".strip()
