"""Refusals of Meta's Graph API, one for each row of its error table, and the names of the faults that cause them."""

from collections.abc import Mapping

from sandbox.wire import Answer, Headers, as_json


def refuse(
    code: int, message: str, status: int = 400, subcode: int | None = None, headers: Headers = (), **more: object
) -> Answer:
    """Return an error in Meta's form."""
    error: dict[str, object] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return as_json({"error": {**error, **more, "fbtrace_id": "AsandboxTrace"}}, status, headers)


TOKEN_FAULTS = {
    "app_removed": (458, "The user has not authorized application."),
    "checkpoint": (459, "The user must log in to pass a checkpoint."),
    "password_changed": (460, "The session has been invalidated because the user changed the password."),
    "expired": (463, "Session has expired."),
    "unconfirmed": (464, "Sessions for the user are not allowed because the user is not confirmed."),
    "invalid_token": (467, "The access token is invalid."),
}
LIMITS = {
    "app_limit": (4, 400, "Application request limit reached"),
    "user_limit": (17, 400, "User request limit reached"),
    "page_limit": (32, 403, "Page request limit reached"),
    "temporary_limit": (341, 400, "Application limit reached"),
    "policy_block": (368, 403, "The action attempted has been deemed abusive or is otherwise disallowed"),
    "custom_limit": (613, 400, "Calls to this api have exceeded the rate limit."),
    "page_use_case": (80001, 400, "There have been too many calls to this Page account."),
    "instagram_use_case": (80002, 400, "There have been too many calls to this Instagram account."),
}
_NO_ACCESS = (
    "(#100) Object does not exist, cannot be loaded due to missing permission or reviewable feature, or does not "
    "support this operation. This endpoint requires the 'pages_read_engagement' permission or the "
    "'Page Public Content Access' feature."
)
PLAIN: Mapping[str, Answer] = {
    "permission": refuse(10, "(#10) Application does not have permission for this action", 403),
    "permission_200": refuse(200, "(#200) Requires a permission that was not granted", 403),
    "no_access": refuse(100, _NO_ACCESS),
    "wants_proof": refuse(100, "(#100) Pages Public Content Access requires either app secret proof or an app token"),
    "unknown_error": refuse(1, "An unknown error occurred", 400, 99),
    "service_down": refuse(2, "Service temporarily unavailable"),
    "transient": refuse(960, "Request aborted", is_transient=True),
    "parameter": refuse(100, "(#100) The parameter is wrong"),
    "limit_200": refuse(4, "(#4) Application request limit reached", 200),
    "plain_429": Answer(429, b"Too many requests", (("content-type", "text/plain"),)),
    "plain_400": Answer(400, b"Bad Request", (("content-type", "text/plain"),)),
    "web_page_400": Answer(400, b"<html>Sorry, something went wrong.</html>", (("content-type", "text/html"),)),
}
MISSING = refuse(
    100,
    "Unsupported get request. Object with ID '1' does not exist, cannot be loaded due to missing permissions, or does "
    "not support this operation.",
    subcode=33,
    is_transient=False,
)
NO_TOKEN = refuse(190, "Invalid OAuth access token - Cannot parse access token", 401)
INSIGHT_FAULTS: Mapping[str, Answer] = {
    "no_insights": refuse(100, "Media Posted Before Business Account Conversion", subcode=2108006),
    "insights_denied": refuse(10, "(#10) Application does not have permission for this action", 403),
}
"""Refusals of the insights of single posts."""
NO_VIEWS = refuse(100, "(#100) The value must be a valid insights metric")
