"""What a network's connector says of itself and is asked with: names, addresses, credentials, budgets, the target.

Nothing here fetches: `Manifest` is what every other room knows of a network.
"""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from core.models import Access, Action, Model, Moment


class UrlForm(Model):
    """One shape of a profile URL.

    `hosts` are exact lower-case host names (www., m. and mobile. in front of them are understood); a leading `*.` also
    matches any sub-domain, a lone `*` any host, and no host at all a path typed by itself (`u/name`). `path` is a
    regular expression that must match the whole path without its trailing slash and names the group `handle`, or
    `native_id`; where it holds `\\?` it is matched against path and query.
    """

    hosts: tuple[str, ...]
    path: str


class HandleRule(Model):
    """How one network writes handles.

    `pattern` must match the whole handle after normalisation (leading @ removed, lower-cased where `lowercase`).
    `reserved` are words that match the pattern but never are accounts. `hint` says in plain words what is allowed.
    `bare_suffix` is appended to a name without a dot (Bluesky: `.bsky.social`). `native_pattern` matches native ids
    that people may type in place of a handle (a DID, a channel id). `shape` is what a handle is there: a `name`, an
    `address` (name@server) or a `url`.
    """

    shape: Literal["name", "address", "url"] = "name"
    pattern: str
    hint: str
    example: str
    lowercase: bool = True
    reserved: frozenset[str] = frozenset()
    bare_suffix: str = ""
    native_pattern: str | None = None
    urls: tuple[UrlForm, ...] = ()
    unresolvable: tuple[UrlForm, ...] = ()  # short links and the like: recognised, answered with the hint


class Credential(Model):
    """One secret or setting that a network needs before it can be read: `CLOUT_<NETWORK>__<NAME>`.

    `asked` says that `clout connect` asks for it; what is no key or id stays a setting of the environment.
    """

    name: str
    help: str
    required: bool = True
    asked: bool = True


Unit = Literal["requests", "units", "usd"]
"""What a network counts or charges: requests, its own units, US dollars."""

Window = Literal["minute", "ten_minutes", "quarter_hour", "hour", "rolling_day", "utc_day", "pacific_day", "month"]
"""How long an allowance lasts.

`utc_day` and `pacific_day` end at midnight in UTC and in Los Angeles, `month` with the calendar month in UTC. The
others begin with the first request after the last one ended, unless the server's reset header tells otherwise.
"""


class BudgetRule(Model):
    """One allowance of a network: `amount` of `unit` in each `window`, for each key.

    `setting` names the operator's own figure, `CLOUT_<NETWORK>__<SETTING>`; without a `default` there is no limit but
    the one the server tells, or, where `required`, the network is off until the setting is there. `per_lookup` is what
    is set aside before an account is asked for; a lookup that needs more asks for more before it spends it.
    """

    unit: Unit
    window: Window
    setting: str
    default: float | None = Field(None, gt=0)
    required: bool = False
    per_lookup: float = Field(1, ge=0)
    help: str = ""

    @property
    def key(self) -> str:
        """What tells a network's allowances apart."""
        return f"{self.unit}:{self.window}"


class BudgetState(Model):
    """How much of an allowance is spent; `limit` and `left` are None where there is no limit.

    `resets_at` is None while nothing is spent of a window that begins with the first request.
    """

    rule: BudgetRule
    spent: float
    limit: float | None = None
    left: float | None = None
    resets_at: Moment | None = None


class Verified(Model):
    """What a network said of a credential when it was tried: whose it is, when it ends, what it allows."""

    whose: str = ""
    expires_at: Moment | None = None
    scopes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Manifest(Model):
    """Everything the rest of the house may know about a network without calling it.

    `hosts` are the only hosts its connector may call. `absent_is_zero` lists the counts whose absence means 0 there.
    `counts_are` is `lifetime` where counts are running totals of a thing rather than reactions to one post.
    `reset_headers` name the reset-header dialects of core/connectors/http.py. `retention` bounds how long raw counts
    may be kept without being fetched again. `rereads`, where every post read is paid for, is how far behind the last
    read the next one begins: what is older stays as it is stored.
    """

    name: str
    label: str
    hosts: tuple[str, ...]
    base_url: str
    handles: HandleRule
    access: Access = "public"
    free: bool = True
    enabled_by_default: bool = True
    credentials: tuple[Credential, ...] = ()
    budgets: tuple[BudgetRule, ...] = ()
    setup_url: str | None = None
    counts: frozenset[Action] = frozenset()
    absent_is_zero: frozenset[Action] = frozenset()
    counts_are: Literal["per_post", "lifetime"] = "per_post"
    combine: Literal["sum", "separate"] = "sum"
    supplies_kind: bool = False
    follow_hosts: bool = False
    allow_http: bool = False
    reset_headers: tuple[str, ...] = ()
    fresh_for: timedelta = timedelta(hours=6)  # polite to the slowest free API
    retention: timedelta | None = None
    rereads: timedelta | None = None
    limits: str = ""
    cost: str = ""
    attribution: str = ""
    reads: str = ""
    cannot_see: str = ""
    off_wording: str = ""


class Target(Model):
    """Whom a connector is asked for: by native id when known, else by handle."""

    handle: str
    native_id: str | None = None


class NetworkAvailability(Model):
    """Whether a network can be read here; `reason` says what is missing or limits the reading, else is empty.

    One that is not `implemented` cannot be read by this version, whatever is set. `budgets` say what is spent of its
    allowances; `expires_at` is when the stored key ends.
    """

    manifest: Manifest
    ready: bool
    reason: str = ""
    implemented: bool = True
    budgets: tuple[BudgetState, ...] = ()
    expires_at: Moment | None = None
