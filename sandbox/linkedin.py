"""LinkedIn's versioned REST, as far as Pages, their posts and statistics, and a member's own totals go.

A member signs in and sees the Pages of the same creator as their administrator.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote, urlencode

from sandbox.faults import Fault
from sandbox.network import OwnersNetwork
from sandbox.oauth_dialect import Dialect, Issued
from sandbox.timeline import QUOTE, REPLY, REPOST
from sandbox.wire import Answer, Ask, Json, as_html, as_json
from sandbox.world import Account, PostView, digest

VERSION = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])")
OLDEST = "202506"
SCOPES = (
    "r_organization_social",
    "rw_organization_admin",
    "r_basicprofile",
    "r_member_profileAnalytics",
    "r_member_postAnalytics",
)
_REACTIONS = (("LIKE", 5), ("PRAISE", 3), ("EMPATHY", 1), ("INTEREST", 1))  # how many tenths are of each kind


def _refuse(status: int, code: str, message: str, service: int | None = None) -> Answer:
    told = {"status": status, "code": code, "message": message}
    return as_json({**told, **({} if service is None else {"serviceErrorCode": service})}, status)


_TOKEN = _refuse(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)
_DENIED = _refuse(403, "ACCESS_DENIED", "Not enough permissions to access the resource", 100)
_VERSION = _refuse(426, "NONEXISTENT_VERSION", "Requested version is not active")
_LIMIT = _refuse(429, "TOO_MANY_REQUESTS", "Resource level throttle limit for calls to this resource is reached.", 101)
_NOWHERE = _refuse(404, "RESOURCE_NOT_FOUND", "No virtual resource found")
_PARAMETER = _refuse(400, "ILLEGAL_ARGUMENT", "The parameters of this request are not valid")

DIALECT = Dialect(
    network="linkedin",
    label="LinkedIn",
    scopes=SCOPES,
    client_id="77sandboxlinkedin",
    secret="sandbox-linkedin-secret",
    authorize="oauth/v2/authorization",
    token="oauth/v2/accessToken",
    lasts=timedelta(days=60),
    refresh_lasts=timedelta(days=365),
    refresh_ends="refresh_token_expires_in",
    tokens=lambda issued, told: {**told, "scope": ",".join(issued.scopes)},
)


class LinkedIn(OwnersNetwork):
    """Answers a member who signed in at `oauth`, about themselves and the Pages they administer."""

    name = "linkedin"
    dialect = DIALECT
    refused = _TOKEN

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        issued = self._holder(ask)
        if issued is None:
            return _TOKEN
        version = ask.headers.get("linkedin-version", "")
        if not VERSION.fullmatch(version) or version < OLDEST:
            return _VERSION
        if ask.headers.get("x-restli-protocol-version") != "2.0.0" or "List%28" in ask.query:
            return _PARAMETER
        return self._call(ask, issued)

    def _call(self, ask: Ask, issued: Issued) -> Answer:
        match ask.parts:
            case ["me"]:
                return self._me(issued)
            case ["organizationAcls"]:
                return self._acls(ask, issued)
            case ["organizations" | "organizationsLookup"]:
                return self._organizations(ask)
            case ["networkSizes", urn]:
                return self._size(ask, urn, issued)
            case ["posts"]:
                return self._posts(ask, issued)
            case ["socialMetadata"]:
                return self._social(ask, issued)
            case ["organizationalEntityShareStatistics"]:
                return self._statistics(ask, issued)
            case ["memberFollowersCount"]:
                return self._member_followers(issued)
            case ["memberCreatorPostAnalytics"]:
                return self._member_total(ask, issued)
        return _NOWHERE

    def cache_key(self, ask: Ask) -> str:
        """Return the question, in which version, and who asks."""
        headers = (ask.headers.get(name, "") for name in ("linkedin-version", "x-restli-protocol-version"))
        return f"{super().cache_key(ask)} {' '.join(headers)}"

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the accounts of whoever asks."""
        issued = self._holder(ask)
        return frozenset(name for one in (() if issued is None else self._all(issued)) for name in one.names)

    def limit(self, ask: Ask) -> int:
        """Return a limit that is never in the way; LinkedIn publishes none."""
        return 1_000_000

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the refusal of a spent day, which does not say when the next one begins."""
        return _LIMIT

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        if status == 500:
            return _refuse(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")
        return as_html("Something is wrong", status)

    def first_page(self, ask: Ask) -> Ask:
        """Return the question without its offset."""
        pairs = [(key, value) for key, value in ask.pairs if key != "start"]
        return replace(ask, query=urlencode(pairs, safe="(),:"))

    def has_cursor(self, ask: Ask) -> bool:
        """Return whether a later page is asked for."""
        return ask.params.get("start", "0") != "0"

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only LinkedIn knows."""
        kind, call = fault.kind, ask.parts[0]
        if kind == "expires_late":
            return _TOKEN if self.has_cursor(ask) or call == "socialMetadata" else None
        plain = {"token_ended": _TOKEN, "denied": _DENIED, "version_retired": _VERSION, "bad_request": _PARAMETER}
        plain["gone"] = _NOWHERE
        if kind in plain:
            return plain[kind]
        if kind in ("key_denied", "not_found"):
            return (
                self._without(ask, 403 if kind == "key_denied" else 404) if call.startswith("organizations") else None
            )
        if kind == "older_edge":
            return _PARAMETER if "COMPANY_FOLLOWED" in ask.query else None
        if kind == "no_totals":
            return _DENIED if call.startswith("member") else None
        if kind == "negative_likes":
            return self._negative(ask) if call in ("organizationalEntityShareStatistics", "socialMetadata") else None
        return _DENIED if call in ("organizations", "organizationsLookup", "organizationAcls") else None  # pages_denied

    def _without(self, ask: Ask, status: int) -> Answer:
        """Return an answer in which every Page that was asked for is refused by itself."""
        if "vanityName" in ask.params:
            return _DENIED if status == 403 else as_json(_elements([]))
        ids = _ids(ask, "ids")
        errors = {key: {"message": "Viewer may not see this", "status": status} for key in ids}
        return as_json({"results": {}, "statuses": dict.fromkeys(ids, status), "errors": errors})

    def _negative(self, ask: Ask) -> Answer:
        """Return statistics with a negative count of likes, and no reactions beside them."""
        if ask.parts[0] == "socialMetadata":
            return as_json({"results": {}, "statuses": {}, "errors": {}})
        found = [
            {**one, "totalShareStatistics": {**one["totalShareStatistics"], "likeCount": -3}}
            for one in self._share_statistics(ask)
        ]
        return as_json(_elements(found))

    # --- who and what ---------------------------------------------------------------------------------------------

    def _all(self, issued: Issued) -> list[Account]:
        """Return a member's own account and the Pages of the same creators."""
        slugs = dict.fromkeys(account.role.slug for account in issued.accounts)
        return [one for slug in slugs for one in self._world.accounts_of(slug) if one.network == "linkedin"]

    def _administered(self, issued: Issued) -> list[Account]:
        if "rw_organization_admin" not in issued.scopes:
            return []
        return [one for one in self._all(issued) if not one.handle.startswith("in/")]

    def _page(self, urn: str, issued: Issued) -> Account | None:
        return next((one for one in self._administered(issued) if page_urn(one) == urn), None)

    def _shown(self, account: Account) -> list[PostView]:
        """Return posts and reposts, those with the last change first."""
        line, now = account.timeline, self._moment()
        seen = (int(index) for index in line.visible(now)[::-1] if line.kind[index] != REPLY)
        return [account.view(index, now, deep=False) for index in seen]

    # --- the calls ------------------------------------------------------------------------------------------------

    def _me(self, issued: Issued) -> Answer:
        member = next((one for one in self._all(issued) if one.handle.startswith("in/")), None)
        if member is None or "r_basicprofile" not in issued.scopes:
            return _DENIED
        first, _, last = member.name.partition(" ")
        told = {"id": person_id(member), "vanityName": member.handle.removeprefix("in/")}
        names = {"localizedFirstName": first, "localizedLastName": last or None, "localizedHeadline": member.role.bio}
        return as_json({**told, **names})

    def _acls(self, ask: Ask, issued: Issued) -> Answer:
        if "rw_organization_admin" not in issued.scopes:
            return _DENIED
        told = {"role": "ADMINISTRATOR", "state": "APPROVED", "roleAssignee": "urn:li:person:sandbox"}
        pages = self._administered(issued)
        return as_json(_elements([{**told, "organization": page_urn(one)} for one in pages]))

    def _organizations(self, ask: Ask) -> Answer:
        """Return Pages by name or by number; every member may see their names."""
        if ask.params.get("q") == "vanityName":
            found = self._world.find("linkedin", f"company/{ask.params.get('vanityName', '')}")
            return as_json(_elements([] if found is None else [_organization(found)]))
        ids = _ids(ask, "ids")
        pages = {one.native_id: one for one in self._world.accounts("linkedin") if not one.handle.startswith("in/")}
        known = {key: _organization(pages[key]) for key in ids if key in pages}
        errors = {key: {"message": "Could not find organization", "status": 404} for key in ids if key not in pages}
        statuses = {key: 200 if key in pages else 404 for key in ids}
        return as_json({"results": known, "statuses": statuses, "errors": errors})

    def _size(self, ask: Ask, urn: str, issued: Issued) -> Answer:
        if ask.params.get("edgeType") not in ("COMPANY_FOLLOWED_BY_MEMBER", "CompanyFollowedByMember"):
            return _PARAMETER
        page = self._page(urn, issued)
        return _DENIED if page is None else as_json({"firstDegreeSize": page.followers(self._moment())})

    def _posts(self, ask: Ask, issued: Issued) -> Answer:
        page = self._page(ask.params.get("author", ""), issued)
        if page is None or "r_organization_social" not in issued.scopes:
            return _DENIED
        if ask.headers.get("x-restli-method") != "FINDER" or ask.params.get("q") != "author":
            return _PARAMETER
        posts = self._shown(page)
        start, size = int(ask.params.get("start", "0")), min(int(ask.params.get("count", "10")), 100)
        told = _elements([_post(one) for one in posts[start : start + size]])
        told["paging"] = {"start": start, "count": size, "links": [], "total": len(posts)}
        return as_json(told)

    def _known(self, ask: Ask, issued: Issued) -> dict[str, PostView]:
        return {post_urn(post): post for page in self._administered(issued) for post in self._shown(page)}

    def _social(self, ask: Ask, issued: Issued) -> Answer:
        if "r_organization_social" not in issued.scopes:
            return _DENIED
        known, ids = self._known(ask, issued), _ids(ask, "ids")
        results = {urn: _reacted(urn, known[urn]) for urn in ids if urn in known}
        errors = {urn: {"message": "Not found", "status": 404} for urn in ids if urn not in known}
        return as_json({"results": results, "statuses": dict.fromkeys(results, 200), "errors": errors})

    def _statistics(self, ask: Ask, issued: Issued) -> Answer:
        if self._page(ask.params.get("organizationalEntity", ""), issued) is None:
            return _DENIED
        return as_json(_elements(self._share_statistics(ask)))

    def _share_statistics(self, ask: Ask) -> list[Json]:
        issued = self._holder(ask)
        known = {} if issued is None else self._known(ask, issued)
        found = []
        for name, key in (("shares", "share"), ("ugcPosts", "ugcPost")):
            wanted = (urn for urn in _ids(ask, name) if urn in known)
            found += [{key: urn, "totalShareStatistics": _figures(known[urn])} for urn in wanted]
        return [{**one, "organizationalEntity": ask.params.get("organizationalEntity", "")} for one in found]

    def _member_followers(self, issued: Issued) -> Answer:
        member = next((one for one in self._all(issued) if one.handle.startswith("in/")), None)
        if member is None or "r_member_profileAnalytics" not in issued.scopes:
            return _DENIED
        return as_json(_elements([{"memberFollowersCount": member.followers(self._moment())}]))

    def _member_total(self, ask: Ask, issued: Issued) -> Answer:
        member = next((one for one in self._all(issued) if one.handle.startswith("in/")), None)
        if member is None or "r_member_postAnalytics" not in issued.scopes:
            return _DENIED
        posts = self._shown(member)
        of = {"IMPRESSION": _impressions, "REACTION": _likes, "COMMENT": _replies, "RESHARE": _reposts}
        count = of.get(ask.params.get("queryType", ""))
        if count is None or ask.params.get("aggregation") != "TOTAL":
            return _PARAMETER
        return as_json(_elements([{"count": sum(map(count, posts))}]))


# --- the shapes -------------------------------------------------------------------------------------------------------


def page_urn(account: Account) -> str:
    """Return the URN of a Page."""
    return f"urn:li:organization:{account.native_id}"


def person_id(account: Account) -> str:
    """Return the id of a member."""
    return "p" + digest(f"linkedin {account.native_id}").hex()[:9]


def post_urn(post: PostView) -> str:
    """Return the URN of a post: a share or, when it was written with media, a ugcPost."""
    number = int.from_bytes(digest(f"linkedin/{post.account.handle}/{post.index}")[:7], "big")
    return f"urn:li:{('share', 'ugcPost')[post.index % 2]}:{7_000_000_000_000_000_000 + number}"


def _ids(ask: Ask, name: str) -> list[str]:
    """Return a Rest.li list, read from the raw query: inside it is encoded, its brackets and commas are not."""
    found = re.search(rf"(?:^|&){name}=List\(([^)]*)\)", ask.query)
    return [unquote(one) for one in found[1].split(",") if one] if found else []


def _elements(found: Iterable[Json]) -> Json:
    elements = list(found)
    return {"paging": {"start": 0, "count": 10, "links": [], "total": len(elements)}, "elements": elements}


def _organization(account: Account) -> Json:
    vanity = account.handle.partition("/")[2]
    told = {"id": int(account.native_id), "vanityName": vanity, "localizedName": account.name}
    return {**told, "primaryOrganizationType": "NONE", "localizedWebsite": None, "locations": []}


def _post(post: PostView) -> Json:
    at = int(post.at * 1000)
    told: Json = {
        "id": post_urn(post),
        "author": page_urn(post.account),
        "createdAt": at,
        "publishedAt": at,
        "lastModifiedAt": at,
        "lifecycleState": "PUBLISHED",
        "visibility": "PUBLIC",
        "commentary": "" if post.kind == REPOST else post.text,
        "distribution": {"feedDistribution": "MAIN_FEED"},
    }
    parent = {"parent": "urn:li:share:6900000000000000001", "root": "urn:li:share:6900000000000000001"}
    return told | ({"reshareContext": parent} if post.kind in (REPOST, QUOTE) else {})


def _reacted(urn: str, post: PostView) -> Json:
    parts = [(kind, post.likes * tenths // 10) for kind, tenths in _REACTIONS]
    parts[0] = ("LIKE", post.likes - sum(number for _, number in parts[1:]))
    summaries = {kind: {"reactionType": kind, "count": number} for kind, number in parts if number}
    comments = {"count": post.replies, "topLevelCount": post.replies}
    return {"reactionSummaries": summaries, "commentsState": "OPEN", "commentSummary": comments, "entity": urn}


def _figures(post: PostView) -> Json:
    return {
        "impressionCount": _impressions(post),
        "uniqueImpressionsCount": _impressions(post) * 6 // 10,
        "likeCount": post.likes,
        "commentCount": post.replies,
        "shareCount": post.reposts,
        "clickCount": post.likes * 2,
        "engagement": 0.03,
    }


def _impressions(post: PostView) -> int:
    return 40 * (post.likes + post.replies)


def _likes(post: PostView) -> int:
    return post.likes


def _replies(post: PostView) -> int:
    return post.replies


def _reposts(post: PostView) -> int:
    return post.reposts
