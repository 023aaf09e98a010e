"""GitHub's REST API, as far as users, repositories and public events go."""

from dataclasses import replace
from math import ceil, floor
from urllib.parse import urlencode

from sandbox.clock import iso
from sandbox.faults import Fault
from sandbox.network import PlainNetwork
from sandbox.plan import Repo
from sandbox.timeline import DAY
from sandbox.wire import Answer, Ask, Headers, Json, as_json
from sandbox.world import Account, digest, profile_url

TOKEN = "sandbox-token"
DOCS = "https://docs.example/rest"
EVENT_DAYS, EVENT_MAX = 30, 300


def _refuse(message: str, status: int, headers: Headers = ()) -> Answer:
    return as_json({"message": message, "documentation_url": DOCS, "status": str(status)}, status, headers)


class GitHub(PlainNetwork):
    """Answers users, repositories, events and the rate limit; ETags turn a repeated question into 304."""

    name = "github"
    cursor = "page"

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        if not ask.headers.get("user-agent"):
            return _refuse("Request forbidden by administrative rules.", 403)
        if not _token_fits(ask):
            return _refuse("Bad credentials", 401)
        match ask.parts:
            case ["rate_limit"]:
                return self._rate_limit(ask)
            case ["users" | "user" as form, key]:
                account = self._found(form, key)
                return _refuse("Not Found", 404) if account is None else self._tagged(self._user(account))
            case ["users" | "user" as form, key, "repos"]:
                account = self._found(form, key)
                return _refuse("Not Found", 404) if account is None else self._repos(account, ask)
            case ["users", key, "events", "public"]:
                account = self._found("users", key)
                return _refuse("Not Found", 404) if account is None else self._events(account, ask)
        return _refuse("Not Found", 404)

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return 304 without a body when the caller already has this answer."""
        wanted = ask.headers.get("if-none-match")
        if not wanted or answer.status != 200:
            return answer
        tag = dict(answer.headers).get("etag")
        known = {text.strip() for text in wanted.split(",")}
        return Answer(304, b"", (("etag", str(tag)),)) if tag in known or "*" in known else answer

    def cache_key(self, ask: Ask) -> str:
        """Return path, query and who asks."""
        return f"{super().cache_key(ask)} {bool(ask.headers.get('user-agent'))}"

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the account asked for."""
        if len(ask.parts) < 2:
            return frozenset()
        account = self._world.find("github", ask.parts[1])
        return frozenset({ask.parts[1].lower()}) | (frozenset() if account is None else account.names)

    def limit(self, ask: Ask) -> int:
        """Return 5,000 an hour with a token and 60 without."""
        return 5000 if ask.headers.get("authorization") else 60

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the rate-limit headers."""
        return (
            ("x-ratelimit-limit", str(limit)),
            ("x-ratelimit-remaining", str(remaining)),
            ("x-ratelimit-reset", str(reset)),
            ("x-ratelimit-used", str(limit - remaining)),
            ("x-ratelimit-resource", "core"),
        )

    def limited(self, fault: Fault, ask: Ask, reset: int, status: int = 429) -> Answer:
        """Return the primary limit's refusal; without a reset only the zero is told, as old servers did."""
        meter = self.meter(0, self.limit(ask), reset) if fault.reset else (("x-ratelimit-remaining", "0"),)
        return _refuse("API rate limit exceeded for 203.0.113.7.", status, meter)

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        return as_json({"message": "Server Error"}, status)

    def has_cursor(self, ask: Ask) -> bool:
        """Return whether a later page is asked for."""
        return ask.params.get("page", "1") != "1"

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only GitHub knows."""
        if fault.kind == "primary":
            return self.limited(fault, ask, int(self._clock.now().timestamp()) + fault.seconds, 403)
        if fault.kind == "secondary":
            wait: Headers = (("retry-after", str(fault.seconds)),) if fault.reset else ()
            return _refuse("You have exceeded a secondary rate limit.", 403, wait)
        plain = {
            "unauthorized": ("Bad credentials", 401),
            "not_found": ("Not Found", 404),
            "no_user_agent": ("Request forbidden by administrative rules.", 403),
            "validation": ("Validation Failed", 422),
            "legal": ("Repository access blocked", 451),
        }
        return _refuse(*plain[fault.kind])

    # --- the calls ------------------------------------------------------------------------------------------------

    def _found(self, form: str, key: str) -> Account | None:
        """Return the account of a login, or of an id where the path says `user`."""
        account = self._world.find("github", key)
        if account is None or (form == "user") != (key == account.native_id):
            return None
        return account

    def _tagged(self, value: object, headers: Headers = ()) -> Answer:
        answer = as_json(value, headers=headers)
        tag = f'W/"{digest(answer.body.decode()).hex()}"'
        return replace(answer, headers=(*answer.headers, ("etag", tag), ("cache-control", "public, max-age=60")))

    def _rate_limit(self, ask: Ask) -> Answer:
        limit = self.limit(ask)
        core = {"limit": limit, "used": 0, "remaining": limit, "reset": (self._clock.minute() // 60 + 1) * 3600}
        return as_json({"resources": {"core": core, "search": {**core, "limit": 10, "remaining": 10}}, "rate": core})

    def _repos(self, account: Account, ask: Ask) -> Answer:
        moment = self._moment()
        repos = [self._repo(account, repo, moment) for repo in self._open_repos(account, moment)]
        order = {"pushed": "pushed_at", "created": "created_at", "updated": "updated_at"}
        key = order.get(ask.params.get("sort", ""), "full_name")
        falling = ask.params.get("direction", "asc" if key == "full_name" else "desc") == "desc"
        repos.sort(key=lambda repo: repo[key], reverse=falling)
        return self._paged(repos, ask)

    def _events(self, account: Account, ask: Ask) -> Answer:
        moment = self._moment() - 300  # the real feed is late as well
        since = moment - EVENT_DAYS * DAY
        events = [
            _event(account, repo, pushed)
            for repo in self._open_repos(account, moment)
            for pushed in self._pushes(repo, since, moment)
        ]
        events.sort(key=lambda event: str(event["created_at"]), reverse=True)
        return self._paged(events[:EVENT_MAX], ask)

    def _paged(self, items: list[Json], ask: Ask) -> Answer:
        size, page = ask.size("per_page", 100, 30), ask.size("page", 10_000, 1)
        last = max(1, ceil(len(items) / size))
        links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        shown = [name for name in links if (page < last) == (name in ("next", "last")) or 1 < page < last]
        text = ", ".join(f'<{self._page_url(ask, links[name])}>; rel="{name}"' for name in shown) if last > 1 else ""
        return self._tagged(items[(page - 1) * size : page * size], (("link", text),) if text else ())

    def _page_url(self, ask: Ask, page: int) -> str:
        query = [(key, value) for key, value in ask.pairs if key != "page"]
        return f"{self.origin}/github/{ask.path}?{urlencode([*query, ('page', page)])}"

    # --- the shapes -----------------------------------------------------------------------------------------------

    def _user(self, account: Account) -> Json:
        moment = self._moment()
        others = [other for other in account.links if other.network != "x"]
        handle = next((other.handle for other in account.links if other.network == "x"), None)
        return {
            **self._owner(account),
            "name": account.name or None,
            "company": None,
            "blog": profile_url(others[0]) if others else "",
            "location": None,
            "email": None,
            "hireable": None,
            "bio": account.role.bio or None,
            "twitter_username": handle,
            "public_repos": len(self._open_repos(account, moment)),
            "public_gists": 0,
            "followers": account.followers(moment),
            "following": account.plan.following,
            "created_at": iso(account.opened().timestamp() - 900 * DAY),
            "updated_at": iso(moment - moment % DAY),
        }

    def _owner(self, account: Account) -> Json:
        login = account.handle
        return {
            "login": login,
            "id": int(account.native_id),
            "node_id": "U_" + digest(login).hex()[:12],
            "avatar_url": f"https://avatars.example/u/{account.native_id}?v=4",
            "gravatar_id": "",
            "url": f"{self.origin}/github/users/{login}",
            "html_url": f"https://github.com/{login}",
            "type": "Organization" if "organization" in account.quirks else "User",
            "site_admin": False,
        }

    def _open_repos(self, account: Account, moment: float) -> list[Repo]:
        return [repo for repo in account.plan.repos if self._opened(repo) <= moment]

    def _opened(self, repo: Repo) -> float:
        return self._world.anchor_day - repo.opened * DAY

    def _pushes(self, repo: Repo, since: float, until: float) -> list[float]:
        """Return when the repository was pushed to: regularly, once at `pushed` days before the anchor."""
        anchor = self._world.anchor_day - repo.pushed * DAY
        period = max(3.0, 2 * repo.pushed) * DAY
        first, last = ceil((since - anchor) / period), floor((until - anchor) / period)
        return [max(self._opened(repo), anchor + step * period) for step in range(first, last + 1)]

    def _stars(self, repo: Repo, moment: float) -> int:
        weeks = (moment - self._world.anchor_day) / (7 * DAY)
        return max(0, floor(repo.stars + repo.gain * weeks))

    def _repo(self, account: Account, repo: Repo, moment: float) -> Json:
        stars, opened = self._stars(repo, moment), self._opened(repo)
        pushes = self._pushes(repo, moment - max(3.0, 2 * repo.pushed) * DAY, moment)
        pushed = max(opened, pushes[-1]) if pushes else opened
        number = int.from_bytes(digest(f"{account.handle}/{repo.name}")[:4], "big")
        return {
            "id": number,
            "node_id": f"R_{number:x}",
            "name": repo.name,
            "full_name": f"{account.handle}/{repo.name}",
            "private": False,
            "owner": self._owner(account),
            "html_url": f"https://github.com/{account.handle}/{repo.name}",
            "description": f"Something about {account.role.topic}.",
            "fork": repo.fork,
            "url": f"{self.origin}/github/repos/{account.handle}/{repo.name}",
            "created_at": iso(opened),
            "updated_at": iso(pushed),
            "pushed_at": iso(pushed),
            "size": 120 + number % 9000,
            "stargazers_count": stars,
            "watchers_count": stars,
            "language": repo.language,
            "forks_count": stars // 12,
            "archived": False,
            "disabled": False,
            "open_issues_count": stars // 60,
            "topics": [],
            "visibility": "public",
            "forks": stars // 12,
            "open_issues": stars // 60,
            "watchers": stars,
            "default_branch": "main",
        }


def _token_fits(ask: Ask) -> bool:
    given = ask.headers.get("authorization")
    return given is None or given.partition(" ")[2] == TOKEN


def _event(account: Account, repo: Repo, pushed: float) -> Json:
    number = int(pushed) * 1000 + len(repo.name)
    kind = "PullRequestEvent" if number % 3 == 0 else "PushEvent"
    return {
        "id": str(number),
        "type": kind,
        "actor": {"id": int(account.native_id), "login": account.handle, "display_login": account.handle},
        "repo": {"id": number % 10**8, "name": f"{account.handle}/{repo.name}"},
        "payload": {"action": "opened"} if kind == "PullRequestEvent" else {"size": 1, "ref": "refs/heads/main"},
        "public": True,
        "created_at": iso(pushed),
    }
