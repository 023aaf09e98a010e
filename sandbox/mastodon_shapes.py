"""How a Mastodon server writes accounts and statuses; the difficult one writes some things its own way."""

import html

from sandbox.clock import iso
from sandbox.timeline import QUOTE, REPLY, REPOST, THREAD
from sandbox.wire import Json
from sandbox.world import Account, PostView, profile_url

GOOD, ODD, SHUT = "toot.example", "odd.example", "shut.example"
SUSPENDED: Json = {
    "suspended": True,
    "display_name": "",
    "note": "",
    "fields": [],
    "followers_count": 0,
    "following_count": 0,
    "statuses_count": 0,
    "last_status_at": None,
}
"""What the page of a suspended account says instead."""


def user_of(account: Account) -> str:
    """Return the name without its server."""
    return account.handle.partition("@")[0]


def home_of(account: Account) -> str:
    """Return the server an account lives on."""
    return account.handle.partition("@")[2]


def status_id(post: PostView, host: str) -> str:
    """Return a post's id on `host`: a snowflake, or on the difficult server no number at all."""
    return f"9xQ{int(post.at):x}-{post.index:x}" if host == ODD else str(snowflake(post.at, post.index))


def _account_id(account: Account, host: str) -> str:
    """Return an account's id on `host`, which gives strangers from elsewhere an id of its own."""
    local = home_of(account) == host or account.native_id.isdigit() or host == ODD
    return account.native_id if local else str(int.from_bytes(account.native_id.encode()[:7], "big"))


def snowflake(at: float, index: int) -> int:
    """Return the number that stands for a post's place in time."""
    return int(at * 1000) << 16 | index & 0xFFFF


class Sight:
    """What one server shows at one moment (epoch seconds)."""

    def __init__(self, host: str, moment: float) -> None:
        self._host = host
        self._moment = moment

    def account(self, account: Account, *, top: bool = False) -> Json:
        """Return an account; `top` adds what only the account's own page says."""
        moment, home, odd = self._moment, home_of(account), self._host == ODD
        local = home == self._host and not odd  # the difficult server writes its domain even for its own people
        user = user_of(account)
        seen = account.timeline.visible(moment)
        last = None if odd or not len(seen) else iso(float(account.timeline.at[seen[-1]]))[:10]
        opened = account.opened().timestamp()
        shown: Json = {
            "id": _account_id(account, self._host),
            "username": user,
            "acct": user if local else f"{user}@{home}",
            "display_name": account.name,
            "locked": "locked" in account.quirks,
            "bot": False,
            "discoverable": "noindex" not in account.quirks,
            "group": False,
            "created_at": iso(opened) if odd else iso(opened)[:10] + "T00:00:00.000Z",
            "note": _note(account),
            "url": f"https://{home}/@{user}",
            "uri": f"https://{home}/users/{user}",
            "avatar": f"https://files.{home}/avatars/{account.native_id}.png",
            "avatar_static": f"https://files.{home}/avatars/{account.native_id}.png",
            "header": f"https://{home}/headers/missing.png",
            "header_static": f"https://{home}/headers/missing.png",
            "followers_count": account.followers(moment),
            "following_count": account.plan.following,
            "statuses_count": account.posts_total(moment, with_reposts=True),
            "last_status_at": last,
            "emojis": [],
            "fields": _fields(account),
        }
        if not odd:
            hidden = "noindex" in account.quirks
            shown |= {"noindex": hidden, "indexable": not hidden, "roles": []}
        return shown | self._own_page(account) if top else shown

    def _own_page(self, account: Account) -> Json:
        if "suspended" in account.quirks:
            return SUSPENDED
        for quirk in account.quirks:
            if quirk.startswith("moved:"):
                other = account.world.find("mastodon", quirk.removeprefix("moved:"))
                return {} if other is None else {"moved": self.account(other)}
        return {}

    def status(self, post: PostView, *, deep: bool = True) -> Json:
        """Return a post; `deep` with the one it points to."""
        odd, boost = self._host == ODD, post.kind == REPOST
        home, key = home_of(post.account), status_id(post, self._host)
        shown: Json = {
            "id": key,
            "created_at": iso(post.at, "seconds" if odd else "milliseconds"),
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "unlisted" if post.index % 9 == 4 else "public",
            "language": "en",
            "uri": f"https://{home}/users/{user_of(post.account)}/statuses/{key}",
            "url": f"https://{home}/@{user_of(post.account)}/{key}",
            "replies_count": 0 if boost else post.replies,
            "reblogs_count": 0 if boost else post.reposts,
            "favourites_count": 0 if boost else post.likes,
            "edited_at": None,
            "content": "" if boost else f"<p>{html.escape(post.text)}</p>",
            "reblog": None,
            "account": self.account(post.account),
            "media_attachments": [],
            "mentions": [],
            "tags": [],
            "emojis": [],
            "card": None,
            "poll": None,
        }
        if not odd:
            shown["quotes_count"] = 0 if boost else post.quotes
        return shown | self._pointing(post) if deep and post.target is not None else shown

    def _pointing(self, post: PostView) -> Json:
        """Return the keys of a status that points to another one."""
        target = post.target
        assert target is not None, "asked for posts that point somewhere only"
        if post.kind in (REPLY, THREAD):
            return {
                "in_reply_to_id": status_id(target, self._host),
                "in_reply_to_account_id": _account_id(target.account, self._host),
            }
        if post.kind == REPOST:
            return {"reblog": self.status(target, deep=False)}
        if post.kind == QUOTE and self._host != ODD:
            return {"quote": {"state": "accepted", "quoted_status": self.status(target, deep=False)}}
        return {}


def _note(account: Account) -> str:
    text = account.role.bio if account.plan.bio is None else account.plan.bio
    if "hostile" in account.quirks:
        return f"<p>{text}</p>"  # not escaped: a hostile server would not do so either
    return f"<p>{html.escape(text)}</p>" if text else ""


def _fields(account: Account) -> list[Json]:
    """Return the creator's other accounts as profile fields; those on a domain of their own are verified."""
    own_domain = any(other.network == "bluesky" and other.handle.endswith(".example") for other in account.links)
    since = iso(account.opened().timestamp() + 86_400, "milliseconds").replace("Z", "+00:00")
    return [
        {
            "name": other.network.title(),
            "value": f'<a href="{profile_url(other)}" rel="me nofollow noopener">{profile_url(other)}</a>',
            "verified_at": since if own_domain else None,
        }
        for other in account.links[:4]
    ]
