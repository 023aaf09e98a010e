"""Pinterest's API v5, as far as the account of a token, its pins and their analytics go."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from sandbox.faults import Fault
from sandbox.network import OwnersNetwork
from sandbox.oauth import OAuthServer, usual_token
from sandbox.oauth_dialect import Dialect, Form, Issued, Refusal
from sandbox.wire import Answer, Ask, Headers, Json, as_html, as_json
from sandbox.world import PostView, digest

PAGE, DEFAULT_PAGE = 250, 25
REQUESTS = 1_000  # a day on the trial tier
LONGEST = timedelta(days=90)
PROCESSED = 2  # days until a day's figures are ready
SAVED_EVERY, OTHERS_EVERY = (
    5,
    7,
)  # every fifth pin was saved from somebody, every seventh is another's on a shared board


def _refuse(status: int, code: int, message: str, headers: Headers = ()) -> Answer:
    return as_json({"code": code, "message": message}, status, headers)


_TOKEN = _refuse(401, 2, "Authentication failed.")
_FORBIDDEN = _refuse(403, 403, "Not authorized to access the user account.")


def _oauth_refusal(refusal: Refusal) -> Answer:
    """Return a refusal of the token endpoint; a wrong app and a spent refresh token look alike."""
    if refusal.error in ("invalid_client", "invalid_grant") and "refresh" in refusal.description:
        return _TOKEN
    if refusal.error == "invalid_client":
        return _TOKEN
    return _refuse(refusal.status, 283, refusal.description)


def _tokens(issued: Issued, told: Json) -> Json:
    return {**told, "response_type": "authorization_code"}


def _token(server: OAuthServer, form: Form, headers: Mapping[str, str]) -> Answer:
    if form.get("grant_type") != "client_credentials":
        return usual_token(server, form, headers)
    server.check_app(form, headers)
    return _refuse(403, 29, "You are not permitted to access that resource.")


DIALECT = Dialect(
    network="pinterest",
    label="Pinterest",
    scopes=("user_accounts:read", "boards:read", "pins:read"),
    client_id="1500020",
    secret="sandbox-pinterest-secret",
    authorize="oauth",
    token="v5/oauth/token",
    basic=True,
    separator=",",
    lasts=timedelta(days=30),
    refresh_lasts=timedelta(days=60),
    refresh_ends="refresh_token_expires_in",
    rotates=True,
    tokens=_tokens,
    refuse=_oauth_refusal,
    routes={("POST", "v5/oauth/token"): _token},
)


class Pinterest(OwnersNetwork):
    """Answers the account of a token; `oauth` is where owners let Clout in."""

    name = "pinterest"
    cursor = "bookmark"
    dialect = DIALECT
    refused = _TOKEN

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        issued = self._holder(ask)
        if issued is None:
            return _TOKEN
        match ask.parts:
            case ["user_account"]:
                return self._account(issued)
            case ["pins"]:
                return self._pins(issued, ask)
            case ["pins", number, "analytics"]:
                return self._analytics(issued, number, ask)
        return _refuse(404, 404, "Not found.")

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the token's account."""
        issued = self._holder(ask)
        return frozenset() if issued is None else issued.account.names

    def limit(self, ask: Ask) -> int:
        """Return the requests a day."""
        return REQUESTS

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the rate-limit headers; the reset is in seconds from now."""
        left = max(1, reset - int(self._clock.now().timestamp()))
        figures = (("limit", limit), ("remaining", remaining), ("reset", left))
        return tuple((f"x-ratelimit-{name}", str(figure)) for name, figure in figures)

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the refusal of a spent allowance."""
        left = reset - int(self._clock.now().timestamp())
        headers = (("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", str(left))) if fault.reset else ()
        return _refuse(429, 8, "This request exceeded a rate limit.", headers)

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        return _refuse(status, 500, "Sorry! Something went wrong on our end.") if status == 500 else as_html("", status)

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only Pinterest knows; those of analytics leave the rest alone."""
        everywhere = {
            "token_ended": _TOKEN,
            "not_authorized": _refuse(401, 7, "Not authorized to access board or Pin."),
            "forbidden": _FORBIDDEN,
            "tier": _refuse(403, 29, "You are not permitted to access that resource."),
        }
        of_pins = {
            "pin_gone": _refuse(404, 50, "Pin not found."),
            "no_analytics": _refuse(403, 403, "Not authorized to access board or Pin."),
        }
        if not ask.path.endswith("/analytics"):
            return everywhere.get(fault.kind)
        if fault.kind == "not_ready":
            today = self._clock.now().date()
            return as_json(
                {"all": {"daily_metrics": [_daily(today, 0, ready=False)], "summary_metrics": {"SAVE": 0.0}}}
            )
        return everywhere.get(fault.kind) or of_pins.get(fault.kind)

    # --- the calls ------------------------------------------------------------------------------------------------

    def _account(self, issued: Issued) -> Answer:
        if "user_accounts:read" not in issued.scopes:
            return _FORBIDDEN
        account, moment = issued.account, self._moment()
        followers = account.followers(moment)
        value = {
            "account_type": "BUSINESS",
            "id": account.native_id,
            "username": account.handle,
            "business_name": account.name,
            "about": account.role.bio,
            "profile_image": f"https://pictures.example/{account.native_id}_600.png",
            "website_url": "",
            "follower_count": followers,
            "following_count": account.plan.following,
            "board_count": 12,
            "pin_count": account.posts_total(moment),
            "monthly_views": followers * 9 if account.timeline.visible(moment).size else -1,
        }
        return as_json(value)

    def _pins(self, issued: Issued, ask: Ask) -> Answer:
        if not {"pins:read", "boards:read"} <= set(issued.scopes):
            return _FORBIDDEN
        size = ask.size("page_size", 10**9, DEFAULT_PAGE)
        if size > PAGE:
            return _refuse(400, 1, f"{size} is greater than the maximum of {PAGE}.")
        start = _place(ask.params.get("bookmark"))
        posts = self._shown_posts(issued.account)
        metrics = ask.params.get("pin_metrics") == "true"
        items = [_pin(post, metrics=metrics) for post in posts[start : start + size]]
        return as_json({"items": items, "bookmark": _bookmark(start + size) if start + size < len(posts) else None})

    def _analytics(self, issued: Issued, number: str, ask: Ask) -> Answer:
        post = next((post for post in self._shown_posts(issued.account) if str(_number(post)) == number), None)
        first, last = _day(ask.params.get("start_date")), _day(ask.params.get("end_date"))
        today = self._clock.now().date()
        if post is None:
            return _refuse(404, 50, "Pin not found.")
        if first is None or last is None or not first <= last or first < today - LONGEST:
            return _refuse(400, 400, "Invalid pins analytics parameters.")
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        told = [_daily(day, _saves(post, day), ready=(today - day).days >= PROCESSED) for day in days]
        lifetime = {"TOTAL_COMMENTS": post.replies, "TOTAL_REACTIONS": post.likes}
        summary = {"SAVE": float(sum(_saves(post, day) for day in days))}
        return as_json({"all": {"daily_metrics": told, "summary_metrics": summary, "lifetime_metrics": lifetime}})


def _number(post: PostView) -> int:
    return 10**18 + int.from_bytes(digest(f"pin {post.account.native_id}/{post.index}")[:6], "big")


def _pin(post: PostView, *, metrics: bool) -> Json:
    others = post.index % OTHERS_EVERY == OTHERS_EVERY - 1
    saved = post.index % SAVED_EVERY == SAVED_EVERY - 1
    usual = {"impression": post.views, "pin_click": post.views // 40, "clickthrough": post.views // 90}
    lifetime = {**usual, "reaction": post.likes, "comment": post.replies}
    return {
        "id": str(_number(post)),
        "created_at": datetime.fromtimestamp(int(post.at), UTC).strftime("%Y-%m-%dT%H:%M:%S"),  # no zone
        "title": post.text[:100],
        "description": post.text,
        "link": None,
        "board_owner": {"username": "shared_board" if others else post.account.handle},
        "is_owner": not others,
        "is_standard": True,
        "has_been_promoted": False,
        "parent_pin_id": "986429124607234265" if saved else None,
        "pin_metrics": {"90d": usual, "lifetime_metrics": lifetime} if metrics else None,
    }


def _saves(post: PostView, day: date) -> int:
    """Return a pin's saves of one day: most on its first, all by its third."""
    since = (day - post.moment.date()).days
    first, second = post.saves * 6 // 10, post.saves * 3 // 10
    return {0: first, 1: second, 2: post.saves - first - second}.get(since, 0)


def _daily(day: date, saves: int, *, ready: bool) -> Json:
    status = "READY" if ready else "PROCESSING"
    return {"date": day.isoformat(), "data_status": status, "metrics": {"SAVE": float(saves if ready else 0)}}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _bookmark(place: int) -> str:
    return f"Y2JVSG81V2sxcmNHRlo{place:06d}fDE"


def _place(bookmark: str | None) -> int:
    """Return where a page begins; one that is unknown begins anew."""
    found = re.fullmatch(r"Y2JVSG81V2sxcmNHRlo([0-9]{6})fDE", bookmark or "")
    return int(found[1]) if found is not None else 0
