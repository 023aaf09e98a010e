"""Meta's networks as owners open them: Facebook Login, what a person manages, own media, insights."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache

from sandbox.meta_refusals import MISSING, refuse
from sandbox.meta_values import APP_SECRET, Json, cursor, moment, number, place
from sandbox.oauth import OAuthServer
from sandbox.oauth_dialect import Dialect, Form, Issued, Refusal
from sandbox.wire import Answer, Ask, as_json
from sandbox.world import Account, PostView, digest

CLIENT_ID = "200300400500600"
SHORT, LONG = timedelta(hours=1), timedelta(days=60)

# --- the sign-in ------------------------------------------------------------------------------------------------------


def graph_refusal(refusal: Refusal) -> Answer:
    """Return an error of the token endpoint in Graph's form."""
    if refusal.error == "invalid_client":
        return refuse(1, "Error validating client secret.")
    if refusal.status == 429:
        return refuse(4, "(#4) Application request limit reached")
    if refusal.status >= 500:
        return refuse(2, "Service temporarily unavailable", refusal.status)
    return refuse(100, f"Invalid verification code: {refusal.description}", subcode=36007)


def longer(server: OAuthServer, token: str) -> Answer:
    """Return a token of 60 days for one that has not ended, a short one or a long one."""
    issued = server.holder(token)
    if issued is None or issued.token != token:
        raise Refusal("invalid_grant", "The access token has ended.")
    server.refreshed += json.loads(server.told(issued).body).get("expires_in", 0) > SHORT.total_seconds()
    return server.told(server.turn(issued, LONG))


def _token(server: OAuthServer, form: Form, headers: Mapping[str, str]) -> Answer:
    server.check_app(form, headers)
    if form.get("grant_type") == "fb_exchange_token":
        return longer(server, form.get("fb_exchange_token", ""))
    return server.told(server.redeem(form))


def without_scopes(issued: Issued, told: Json) -> Json:
    """Return a token answer that does not tell what was granted."""
    return {name: value for name, value in told.items() if name != "scope"}


def _login(network: str, label: str, *scopes: str) -> Dialect:
    return Dialect(
        network=network,
        label=label,
        scopes=scopes,
        client_id=CLIENT_ID,
        secret=APP_SECRET,
        authorize="v25.0/dialog/oauth",
        token="v25.0/oauth/access_token",
        id_setting="app_id",
        secret_setting="app_secret",
        separator=",",
        loopback=False,
        many=True,
        lasts=SHORT,
        tokens=without_scopes,
        refuse=graph_refusal,
        routes={("POST", "v25.0/oauth/access_token"): _token},
    )


_PAGES = ("pages_show_list", "pages_read_engagement")
DIALECTS = {
    "instagram": _login("instagram", "Instagram", "instagram_basic", "instagram_manage_insights", *_PAGES),
    "facebook": _login("facebook", "Facebook", *_PAGES, "read_insights"),
}

# --- what a person has ------------------------------------------------------------------------------------------------


def listed(ask: Ask, parts: list[str], issued: Issued, page: Callable[[Account], Json]) -> Answer:
    """Return the permissions a person granted, or the Pages they let the app see."""
    if parts[1:] == ["permissions"]:
        return as_json({"data": [{"permission": one, "status": "granted"} for one in issued.scopes]})
    if parts[1:] != ["accounts"]:
        return MISSING
    return edge(ask, [page(account) for account in issued.accounts] if "pages_show_list" in issued.scopes else [])


def edge(ask: Ask, items: list[Json]) -> Answer:
    """Return a page of a list; the cursor after it is there on the last page too, but `next` is not."""
    size = min(int(ask.params.get("limit", "25")), 100)
    start = place(ask.params["after"]) if "after" in ask.params else 0
    shown = items[start : start + size]
    if not shown:
        return as_json({"data": []})
    paging: Json = {"cursors": {"before": cursor(start), "after": cursor(start + len(shown))}}
    if start + size < len(items):
        paging["next"] = f"https://graph.facebook.com/?access_token=left-out&after={cursor(start + size)}"
    return as_json({"data": shown, "paging": paging})


def professional(account: Account, issued: Issued) -> Json:
    """Return the Page behind an Instagram account."""
    own = {"id": f"1784140{account.native_id}", "username": account.handle}
    page = str(300_000_000_000 + int(account.native_id) % 10**9)
    return {"id": page, "access_token": f"{issued.token}-page", "instagram_business_account": own}


def managed(account: Account, token: str) -> Json:
    """Return a Page with its own token."""
    return {"id": account.native_id, "username": account.handle, "access_token": token}


class PageTokens:
    """The tokens of Pages: they do not end while the consent they come from stands."""

    def __init__(self, oauth: OAuthServer) -> None:
        self._oauth = oauth
        self._given: dict[str, tuple[Issued, Account]] = {}

    def token(self, account: Account, issued: Issued) -> str:
        """Return a Page's token under a consent, the same every time."""
        known = next(
            (token for token, given in self._given.items() if given[0] is issued and given[1] is account), None
        )
        if known is None:
            known = f"sandbox-facebook-page-{digest(f'page {len(self._given)}').hex()[:32]}"
            self._given[known] = issued, account
        return known

    def of(self, token: str) -> Issued | None:
        """Return the consent a Page's token comes from, None for any other token and after the consent's end."""
        issued = self._given[token][0] if token in self._given else None
        return issued if issued is not None and any(one is issued for one in self._oauth.consents()) else None


# --- media and insights -----------------------------------------------------------------------------------------------


def media_id(post: PostView) -> str:
    """Return the id of a medium."""
    return str(17_890_000_000_000_000 + number(post) % 10**12)


def medium(post: PostView) -> Json:
    """Return a medium as everybody sees it, views of reels among it."""
    reel = post.index % 3 == 0
    return {
        "id": media_id(post),
        "caption": post.text,
        "like_count": None if "hides_likes" in post.account.quirks else post.likes,
        "comments_count": post.replies,
        "view_count": post.views if reel else None,
        "media_product_type": "REELS" if reel else "FEED",
        "media_type": "VIDEO" if reel else "IMAGE",
        "permalink": f"https://www.instagram.com/{'reel' if reel else 'p'}/C{number(post):x}/",
        "timestamp": moment(post.at),
    }


_METRICS = frozenset({"reach", "saved", "shares", "likes", "comments", "views", "total_interactions"})


def media_insights(ask: Ask, key: str, issued: Issued, now: float) -> Answer:
    """Return the lifetime figures of one of an owner's media."""
    if "instagram_manage_insights" not in issued.scopes:
        return refuse(10, "(#10) Application does not have permission for this action", 403)
    found = ((one, _places(one)[key]) for one in issued.accounts if key in _places(one))
    account, index = next(found, (None, 0))
    asked = ask.params.get("metric", "").split(",")
    if account is None:
        return MISSING
    if not set(asked) <= _METRICS:
        return refuse(100, "(#100) metric[0] must be one of the following values: " + ", ".join(sorted(_METRICS)))
    post = account.view(index, now, deep=False)
    values = {"saved": post.saves, "shares": post.likes // 40, "likes": post.likes, "comments": post.replies}
    values |= {"views": post.views, "reach": post.views * 7 // 10, "total_interactions": post.likes + post.replies}
    return as_json({"data": [insight(name, values[name], key) for name in asked]})


def insight(name: str, value: int, key: str) -> Json:
    """Return one lifetime figure as insights tell it."""
    return {"name": name, "period": "lifetime", "values": [{"value": value}], "id": f"{key}/insights/{name}/lifetime"}


def post_views(post: PostView) -> Json:
    """Return what a Page's own token sees of a post beside what everybody does."""
    views = 25 * (post.likes + post.replies + post.reposts)
    return {"insights": {"data": [insight("post_media_view", views, str(number(post)))]}}


@lru_cache(maxsize=256)
def _places(account: Account) -> Mapping[str, int]:
    """Return where each of an account's media stands in its timeline, by id."""
    posts = (account.view(index, 0.0, deep=False) for index in range(len(account.timeline.at)))
    return {media_id(post): post.index for post in posts}
