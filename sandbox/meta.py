"""Meta's Graph API, as far as business discovery on Instagram and Facebook Pages go."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from urllib.parse import urlencode

from sandbox.clock import MovableClock
from sandbox.faults import Fault
from sandbox.meta_fields import Wanted, wanted
from sandbox.meta_owner import (
    DIALECTS,
    PageTokens,
    edge,
    listed,
    managed,
    media_insights,
    medium,
    post_views,
    professional,
)
from sandbox.meta_refusals import INSIGHT_FAULTS, LIMITS, MISSING, NO_TOKEN, NO_VIEWS, PLAIN, TOKEN_FAULTS, refuse
from sandbox.meta_values import APP_SECRET, Json, chosen, cursor, moment, number, place, proof
from sandbox.network import OwnersNetwork
from sandbox.oauth_dialect import Issued
from sandbox.timeline import REPOST
from sandbox.wire import Answer, Ask, Headers, as_json
from sandbox.world import Account, PostView, World, profile_url

TOKEN = "sandbox-meta-token"
OWN_ID = "17841400000000020"  # the professional account that asks
APP_ID = "200300400500600"


class Graph(OwnersNetwork):
    """What the two networks share: who may ask, limits in per cent, cursors."""

    refused = NO_TOKEN
    use_case = ""  # as `x-business-use-case-usage` names it
    limit_code = 4
    lacking = ""  # a field that may vanish, and the kind of node it stands on
    node = ""

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        token = _token(ask)
        issued = self._consent(token)
        if token != TOKEN and issued is None:
            return NO_TOKEN
        given = ask.params.get("appsecret_proof")
        if given is not None and given != proof(token):
            return refuse(100, "Invalid appsecret_proof provided in the API argument")
        parts = ask.parts[1:] if re.fullmatch(r"v\d+\.\d+", ask.parts[0]) else ask.parts
        try:
            fields = wanted(ask.params.get("fields", "id,name"))
            return self._node(ask, parts, fields) if issued is None else self._own(ask, parts, fields, issued)
        except ValueError as error:
            return refuse(2500, f"Syntax error: {error}", 400)

    def _node(self, ask: Ask, parts: list[str], fields: tuple[Wanted, ...]) -> Answer:
        raise NotImplementedError

    def _own(self, ask: Ask, parts: list[str], fields: tuple[Wanted, ...], issued: Issued) -> Answer:
        """Return what an owner's token opens."""
        raise NotImplementedError

    def consent(self, ask: Ask) -> Issued | None:
        """Return the consent a question rests on, None for the team's own token and for one that has ended."""
        return self._consent(_token(ask))

    def _consent(self, token: str) -> Issued | None:
        """Return the consent behind a token, None for the team's own and for one that has ended."""
        return self.oauth.holder(token)

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer, or the refusal of a token that has ended since the answer was made."""
        token = _token(ask)
        return answer if token == TOKEN or self._consent(token) is not None else NO_TOKEN

    def limit(self, ask: Ask) -> int:
        """Return a limit that is never in the way; what is left of it shows in per cent."""
        return 1_000_000

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the usage headers; the last hundred requests count as one per cent each."""
        used = max(1, 100 - remaining)
        return (("x-app-usage", json.dumps({"call_count": used, "total_cputime": 1, "total_time": 1})),)

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the refusal of the use case's limit, a 400; the header tells the minutes until access returns."""
        headers = self._regain(fault) if fault.reset else ()
        return refuse(self.limit_code, f"(#{self.limit_code}) There have been too many calls.", headers=headers)

    def _regain(self, fault: Fault) -> Headers:
        entry = {"type": self.use_case, "call_count": 100, "total_cputime": 25, "total_time": 25}
        entry["estimated_time_to_regain_access"] = ceil(fault.seconds / 60)
        return (("x-business-use-case-usage", json.dumps({OWN_ID: [entry]})),)

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        return refuse(1, "An unknown error occurred", status)

    def first_page(self, ask: Ask) -> Ask:
        """Return the question without its cursor."""
        pairs = [(key, _no_cursor(value)) for key, value in ask.pairs if key != "after"]
        return replace(ask, query=urlencode(pairs))

    def has_cursor(self, ask: Ask) -> bool:
        """Return whether a later page is asked for."""
        return "after" in ask.params or ".after(" in ask.params.get("fields", "")

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the account asked for."""
        key = self._asked_for(ask).lower()
        account = self._world.find(self.name, key)
        return frozenset({key}) if account is None else account.names

    def _asked_for(self, ask: Ask) -> str:
        raise NotImplementedError

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only Meta knows."""
        kind = fault.kind
        if kind == "expires_late":
            kind = "expired" if self.has_cursor(ask) else ""
        if kind in TOKEN_FAULTS:
            subcode, words = TOKEN_FAULTS[kind]
            return refuse(190, f"Error validating access token: {words}", 400, subcode)
        if kind in LIMITS:
            code, status, words = LIMITS[kind]
            return refuse(code, f"(#{code}) {words}", status, headers=self._regain(fault) if fault.reset else ())
        if kind == "high_usage":
            entry = {"type": self.use_case, "call_count": 91, "total_cputime": 15, "total_time": 12}
            busy = json.dumps({OWN_ID: [{**entry, "estimated_time_to_regain_access": 0}]})
            good = self.answer(ask)
            return replace(good, headers=(*good.headers, ("x-business-use-case-usage", busy)))
        if kind == "no_field":
            there = self.lacking in ask.params.get("fields", "")
            words = f"(#100) Tried accessing nonexisting field ({self.lacking}) on node type ({self.node})"
            return refuse(100, words) if there else None
        return PLAIN.get(kind) or (MISSING if kind == "missing_object" else None)

    # --- shared parts ---------------------------------------------------------------------------------------------

    def posts(self, account: Account, since: float = 0.0) -> list[PostView]:
        """Return an account's posts, newest first, reposts left out."""
        line, now = account.timeline, self._moment()
        seen = [
            int(index) for index in line.visible(now)[::-1] if line.kind[index] != REPOST and line.at[index] >= since
        ]
        return [account.view(index, now, deep=False) for index in seen]


def _token(ask: Ask) -> str:
    scheme, _, given = ask.headers.get("authorization", "").partition(" ")
    return given if scheme.lower() in ("bearer", "oauth") else ask.params.get("access_token", "")


def _no_cursor(expression: str) -> str:
    return re.sub(r"\.after\([^)]*\)", "", expression)


class Instagram(Graph):
    """Answers our own professional account, and through it other ones by business discovery."""

    name = "instagram"
    keys: Mapping[str, str] = {"access_token": TOKEN, "user_id": OWN_ID}
    use_case = "instagram"
    limit_code = 80002
    lacking = "view_count"
    node = "IGMedia"
    dialect = DIALECTS["instagram"]

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only Instagram knows."""
        if fault.kind in INSIGHT_FAULTS:
            return INSIGHT_FAULTS[fault.kind] if ask.path.endswith("/insights") else None
        if fault.kind == "not_found":
            return _nobody(self._asked_for(ask))
        if fault.kind == "own_id_of_a_page":
            return refuse(100, "(#100) Tried accessing nonexisting field (business_discovery) on node type (Page)")
        return super().special(ask, fault)

    def _asked_for(self, ask: Ask) -> str:
        found = re.search(r"business_discovery\.username\(([^)]*)\)", ask.params.get("fields", ""))
        consent = self.consent(ask)
        return found[1] if found else consent.account.handle if consent is not None else ""

    def _node(self, ask: Ask, parts: list[str], fields: tuple[Wanted, ...]) -> Answer:
        if parts != [OWN_ID]:
            return MISSING
        discovery = next((one for one in fields if one.name == "business_discovery"), None)
        own: Json = {"id": OWN_ID, "username": "sandbox.team", "name": "Sandbox Team"}
        if discovery is None:
            return as_json(chosen(own, fields))
        name = discovery.modifiers.get("username", "")
        account = self._world.find("instagram", name)
        if account is None or account.handle != name.lower():  # a number is no name
            return _nobody(name)
        return as_json({"business_discovery": self._account(account, discovery.fields), **chosen(own, fields)})

    def _own(self, ask: Ask, parts: list[str], fields: tuple[Wanted, ...], issued: Issued) -> Answer:
        if parts[0] == "me":
            return listed(ask, parts, issued, lambda one: professional(one, issued))
        if parts[1:] == ["insights"]:
            return media_insights(ask, parts[0], issued, self._moment())
        account = next((one for one in issued.accounts if f"1784140{one.native_id}" == parts[0]), None)
        if account is None or parts[1:] not in ([], ["media"]):
            return MISSING
        if len(parts) == 1:
            return as_json(self._account(account, fields))
        return edge(ask, [chosen(medium(post), fields) for post in self.posts(account)])

    def _account(self, account: Account, fields: tuple[Wanted, ...]) -> Json:
        moment = self._moment()
        values: Json = {
            "id": f"1784140{account.native_id}",
            "username": account.handle,
            "name": account.name or None,
            "biography": account.role.bio or None,
            "website": profile_url(account.links[0]) if account.links else None,
            "followers_count": account.followers(moment),
            "follows_count": account.plan.following,
            "media_count": account.posts_total(moment),
            "profile_picture_url": f"https://cdn.example/{account.native_id}.jpg?oh=signed",
        }
        shown = chosen(values, fields)
        media = next((one for one in fields if one.name == "media"), None)
        return shown | ({"media": self._media(account, media)} if media is not None else {})

    def _media(self, account: Account, asked: Wanted) -> Json:
        size = min(int(asked.modifiers.get("limit", "25")), 100)
        start = place(asked.modifiers["after"]) if "after" in asked.modifiers else 0
        posts = self.posts(account)
        page: Json = {"data": [chosen(medium(post), asked.fields) for post in posts[start : start + size]]}
        cursors = {"before": cursor(start)} if start else {}
        if start + size < len(posts):
            cursors["after"] = cursor(start + size)
        return page | ({"paging": {"cursors": cursors}} if cursors else {})


def _nobody(name: str) -> Answer:
    """Return the one answer for unknown and for personal accounts."""
    words = f"The user with username: {name} cannot be found."
    return refuse(
        110,
        "Invalid user id",
        subcode=2207013,
        is_transient=False,
        error_user_title="Cannot find User",
        error_user_msg=words,
    )


class Facebook(Graph):
    """Answers Pages and their posts, to an app with Page Public Content Access that signs its calls."""

    name = "facebook"
    keys: Mapping[str, str] = {"access_token": TOKEN, "app_secret": APP_SECRET}
    use_case = "pages"
    limit_code = 80001
    lacking = "talking_about_count"
    node = "Page"
    dialect = DIALECTS["facebook"]

    def __init__(self, world: World, clock: MovableClock) -> None:
        super().__init__(world, clock)
        self._pages = PageTokens(self.oauth)

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only Facebook knows."""
        if fault.kind == "not_found":
            return _no_alias(self._asked_for(ask))
        own: dict[str, Answer | None] = {
            "person": refuse(803, f"(#803) Cannot query users by their username ({self._asked_for(ask)})", 404),
            "not_a_page": refuse(100, "(#100) Tried accessing nonexisting field (fan_count) on node type (Group)"),
            "no_views": NO_VIEWS if "insights" in ask.params.get("fields", "") else None,
            "merged": refuse(21, "(#21) Page ID 1 was migrated to page ID 2. Please update your API calls."),
        }
        return own[fault.kind] if fault.kind in own else super().special(ask, fault)

    def _asked_for(self, ask: Ask) -> str:
        return next((part for part in ask.parts if not re.fullmatch(r"v\d+\.\d+", part)), "")

    def _node(self, ask: Ask, parts: list[str], fields: tuple[Wanted, ...]) -> Answer:
        if parts == ["app"]:
            return as_json(chosen({"id": APP_ID, "name": "Sandbox App"}, fields))
        if "appsecret_proof" not in ask.params:
            return PLAIN["wants_proof"]
        key = parts[0]
        account = self._world.find("facebook", key if key.isdigit() else key.lower())
        if account is None:
            return MISSING if key.isdigit() else _no_alias(key)
        return self._about(account, ask, parts, fields)

    def _own(self, ask: Ask, parts: list[str], fields: tuple[Wanted, ...], issued: Issued) -> Answer:
        if parts[0] == "me":
            return listed(ask, parts, issued, lambda one: managed(one, self._pages.token(one, issued)))
        account = next((one for one in issued.accounts if parts[0] in (one.native_id, one.handle)), None)
        if account is None:
            return PLAIN["no_access"]
        views = any(one.name == "insights" for one in fields)
        if views and (self._pages.of(_token(ask)) is None or "read_insights" not in issued.scopes):
            return refuse(10, "(#10) This endpoint requires the 'read_insights' permission", 403)
        return self._about(account, ask, parts, fields, views)

    def _consent(self, token: str) -> Issued | None:
        found = self._pages.of(token)
        return super()._consent(token) if found is None else found

    def _about(
        self, account: Account, ask: Ask, parts: list[str], fields: tuple[Wanted, ...], views: bool = False
    ) -> Answer:
        if parts[1:] == ["posts"]:
            return self._edge(account, ask, fields, views)
        return as_json(chosen(self._page(account), fields)) if len(parts) == 1 else MISSING

    def _page(self, account: Account) -> Json:
        followers = account.followers(self._moment())
        return {
            "id": account.native_id,
            "name": account.name,
            "username": account.handle,
            "link": f"https://www.facebook.com/{account.handle}/",
            "about": account.role.bio or None,
            "website": profile_url(account.links[0]) if account.links else None,
            "fan_count": followers * 97 // 100,
            "followers_count": followers,
            "verification_status": "blue_verified" if followers > 1_000_000 else "not_verified",
            "category": "Creator",
            "talking_about_count": followers // 90,
        }

    def _edge(self, account: Account, ask: Ask, fields: tuple[Wanted, ...], views: bool) -> Answer:
        """Return a page of posts; the address of the next one carries the token, as Meta's does."""
        size = min(int(ask.params.get("limit", "25")), 100)
        start = place(ask.params["after"]) if "after" in ask.params else 0
        posts = self.posts(account, float(ask.params.get("since", "0")))
        shown = posts[start : start + size]
        if not shown:
            return as_json({"data": []})
        paging: Json = {"cursors": {"before": cursor(start), "after": cursor(start + len(shown))}}
        if start + size < len(posts):
            kept = [(key, value) for key, value in ask.pairs if key not in ("after", "access_token")]
            query = [("access_token", TOKEN), *kept, ("after", paging["cursors"]["after"])]
            paging["next"] = f"{self.origin}/facebook/{ask.path}?{urlencode(query)}"
        data = [chosen({**_post(post), **(post_views(post) if views else {})}, fields) for post in shown]
        return as_json({"data": data, "paging": paging})


def _no_alias(name: str) -> Answer:
    return refuse(803, f"(#803) Some of the aliases you requested do not exist: {name}", 404)


def _post(post: PostView) -> Json:
    page, own = post.account.native_id, number(post)
    summary = {"order": "chronological", "total_count": post.replies, "can_comment": True}
    return {
        "id": f"{page}_{own}",
        "created_time": moment(post.at),
        "permalink_url": f"https://www.facebook.com/{page}/posts/{own}/",
        "status_type": "added_photos",
        "message": post.text,
        "shares": {"count": post.reposts} if post.reposts else None,  # left out when there are none
        "comments": {"data": [], "summary": summary},
        "reactions": {"data": [], "summary": {"total_count": post.likes, "viewer_reaction": "NONE"}},
    }
