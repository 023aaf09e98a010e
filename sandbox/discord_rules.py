"""Is this payload one that Discord would take, and one that Clout wants to send? Every request is judged here.

A finding that Discord refuses is hard; a house rule is Clout's own, and such a message is taken but noted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.checks import Check, Finding, anything, finite, flag, items, shape, string, whole
from sandbox.discord_components import address, check_components, doubles, inner, modal, pictures
from sandbox.discord_people import V2, Json

CONTENT_MOST = 2000
EMBED_TEXT_MOST = 6000
FILES_MOST = 10
NONCE_MOST = 25
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


@dataclass
class Verdict:
    """What is wrong with a payload; `empty`: there is nothing to show in it (error 50006)."""

    hard: list[Finding] = field(default_factory=list)
    house: list[Finding] = field(default_factory=list)
    empty: bool = False


@dataclass(frozen=True)
class Setting:
    """What a message is judged against: what it held before an edit, its flags then, the names of its files now.

    `files` are the numbers and names that came with the request, `kept` the ids and names already there. `digest`:
    a post to a guild's channel, which has to carry a nonce.
    """

    before: Json = field(default_factory=dict)
    flags: int = 0
    files: tuple[tuple[int, str], ...] = ()
    kept: tuple[tuple[int, str], ...] = ()
    digest: bool = False


def form_errors(findings: Iterable[Finding]) -> Json:
    """Return findings nested by path, as Discord writes them in `errors`."""
    errors: Json = {}
    for path, reason in findings:
        place = errors
        for step in filter(None, path.split("/")):
            place = place.setdefault(step, {})
        place.setdefault("_errors", []).append({"code": "INVALID", "message": reason})
    return errors


# --- embeds -----------------------------------------------------------------------------------------------------------

_picture = shape({"url": address(2048, "http", "https", "attachment"), **dict.fromkeys(
    ("proxy_url", "height", "width", "placeholder", "placeholder_version", "flags", "content_type"), anything
)}, "url")  # fmt: skip
_link = address(2048, "http", "https")
_embed = shape(
    {
        "title": string(256),
        "description": string(4096),
        "url": _link,
        "timestamp": string(40),
        "color": whole(0, 0xFFFFFF),
        "flags": anything,
        "footer": shape({"text": string(2048, 1), "icon_url": anything, "proxy_icon_url": anything}, "text"),
        "image": _picture,
        "thumbnail": _picture,
        "author": shape(
            {"name": string(256, 1), "url": _link, "icon_url": anything, "proxy_icon_url": anything}, "name"
        ),
        "fields": items(shape({"name": string(256, 1), "value": string(1024, 1), "inline": flag}, "name value"), 0, 25),
    }
)
_embeds = items(_embed, 0, 10)


def embed_text(embed: Any) -> int:
    """Return how many characters of an embed count towards the sum: title, description, fields, footer, author."""
    if not isinstance(embed, dict):
        return 0
    parts = [embed.get("title"), embed.get("description")]
    parts += [(embed.get(name) or {}).get(what) for name, what in (("footer", "text"), ("author", "name"))]
    parts += [one.get(name) for one in embed.get("fields") or [] for name in ("name", "value")]
    return sum(len(str(one)) for one in parts if one)


# --- messages ---------------------------------------------------------------------------------------------------------

_mentions = shape(
    {
        "parse": items(string(20)),
        "users": items(anything, 0, 100),
        "roles": items(anything, 0, 100),
        "replied_user": flag,
    }
)
_attachments = items(
    shape(
        {
            "id": anything,
            "filename": string(1024, 1),
            "description": string(1024),
            **dict.fromkeys(
                "title is_spoiler size url proxy_url content_type height width spoiler ephemeral flags duration_secs "
                "waveform placeholder placeholder_version".split(),
                anything,
            ),
        },
        "id",
    ),
    0,
    FILES_MOST,
)


def _nonce(value: Any, at: str, found: list[Finding]) -> None:
    if len(str(value)) > NONCE_MOST:
        found.append((at, f"must be at most {NONCE_MOST} characters"))


FIELDS: dict[str, Check] = {
    "content": string(CONTENT_MOST),
    "embeds": _embeds,
    "allowed_mentions": _mentions,
    "attachments": _attachments,
    "flags": whole(0, 2**31 - 1),
    "tts": flag,
    "nonce": _nonce,
    "enforce_nonce": flag,
    **dict.fromkeys(("components", "poll", "sticker_ids", "message_reference", "thread_name"), anything),
}


def judge_message(payload: Json, setting: Setting, at: str = "") -> Verdict:
    """Judge a message, new or as an edit."""
    verdict = Verdict()
    shape(FIELDS)(payload, at, verdict.hard)
    whole_one = {**setting.before, **payload}
    alone = bool((setting.flags | _number(payload.get("flags"))) & V2)
    if payload.get("components") is not None:
        verdict.hard += check_components(payload["components"], f"{at}/components", alone=alone)
    verdict.hard += _excluded(whole_one, at) if alone else []
    total = sum(map(embed_text, whole_one.get("embeds") or []))
    if total > EMBED_TEXT_MOST:
        verdict.hard.append((f"{at}/embeds", f"embeds have at most {EMBED_TEXT_MOST} characters in all, not {total}"))
    _files(payload, setting, at, verdict)
    _mention_rules(payload.get("allowed_mentions"), f"{at}/allowed_mentions", verdict)
    if setting.digest and not (payload.get("nonce") and payload.get("enforce_nonce")):
        verdict.house.append((f"{at}/nonce", "a post to a guild's channel carries a nonce and enforce_nonce"))
    verdict.empty = not (
        any(whole_one.get(name) for name in ("content", "embeds", "components", "poll", "sticker_ids"))
        or setting.files
        or setting.kept
    )
    return verdict


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _excluded(whole_one: Json, at: str) -> list[Finding]:
    """Return what stands beside the flag for components alone and may not."""
    excluded = ("content", "embeds", "poll", "sticker_ids")
    return [
        (f"{at}/{name}", "is not allowed beside the flag for components alone")
        for name in excluded
        if whole_one.get(name)
    ]


def _files(payload: Json, setting: Setting, at: str, verdict: Verdict) -> None:
    if len(setting.files) + len(setting.kept) > FILES_MOST:
        verdict.hard.append((f"{at}/attachments", f"at most {FILES_MOST} files are allowed"))
    listed = [one for one in payload.get("attachments") or [] if isinstance(one, dict)]
    sent = {str(number): name for number, name in setting.files}
    known = set(sent) | {str(number) for number, _ in setting.kept}
    for place, one in enumerate(listed):
        if str(one.get("id")) not in known:
            verdict.hard.append((f"{at}/attachments/{place}/id", f"there is no file {one.get('id')}"))
    about = {str(one.get("id")): one for one in listed}
    for number, name in sent.items():
        if name.lower().endswith(PICTURES) and not about.get(number, {}).get("description"):
            verdict.house.append((f"{at}/attachments", f"the picture {name} carries no description"))
    names = {about.get(number, {}).get("filename") or name for number, name in sent.items()}
    names |= {name for number, name in setting.kept if payload.get("attachments") is None or str(number) in about}
    _shown_files(payload, names, at, verdict)


def _shown_files(payload: Json, names: set[str], at: str, verdict: Verdict) -> None:
    for path, one in pictures(payload.get("components"), f"{at}/components"):
        if not one.get("description"):
            verdict.house.append((path, "a picture carries a description"))
        _attached((one.get("media") or {}).get("url"), f"{path}/media/url", names, verdict.hard)
    for path, one in inner(payload.get("components"), f"{at}/components"):
        if one.get("type") == 13:
            _attached((one.get("file") or {}).get("url"), f"{path}/file/url", names, verdict.hard)
    for place, embed in enumerate(payload.get("embeds") or []):
        for name in ("image", "thumbnail"):
            url = (embed.get(name) or {}).get("url") if isinstance(embed, dict) else None
            _attached(url, f"{at}/embeds/{place}/{name}/url", names, verdict.house)


def _attached(url: Any, at: str, names: set[str], found: list[Finding]) -> None:
    if isinstance(url, str) and url.startswith("attachment://") and url.removeprefix("attachment://") not in names:
        found.append((at, f"no file of this name is attached: {url}"))


def _mention_rules(said: Any, at: str, verdict: Verdict) -> None:
    """Discord refuses a kind that is parsed and listed at once; the house wants nobody called but one listed role."""
    if not isinstance(said, dict):
        verdict.house.append((at, "has to be there, with an empty parse"))
        return
    parse = said.get("parse")
    for name in ("users", "roles"):
        if name in (parse or []) and said.get(name):
            verdict.hard.append((at, f"parse and a list of {name} exclude each other"))
    if parse != []:
        verdict.house.append((f"{at}/parse", "has to be empty"))
    if said.get("users"):
        verdict.house.append((f"{at}/users", "nobody is called by name"))
    if len(said.get("roles") or []) > 1:
        verdict.house.append((f"{at}/roles", "at most one role is called"))
    if said.get("replied_user"):
        verdict.house.append((f"{at}/replied_user", "whom a message answers is not called"))


# --- other answers ----------------------------------------------------------------------------------------------------


def _value(value: Any, at: str, found: list[Finding]) -> None:
    (string(100, 1) if isinstance(value, str) else finite)(value, at, found)


_choice = shape({"name": string(100, 1), "value": _value, "name_localizations": anything}, "name value")


def judge_choices(said: Any, at: str = "") -> list[Finding]:
    """Return what Discord refuses in the suggestions of an autocomplete."""
    found: list[Finding] = []
    shape({"choices": items(_choice, 0, 25)}, "choices")(said, at, found)
    return found


def judge_modal(said: Any, at: str = "") -> list[Finding]:
    """Return what Discord refuses in a modal."""
    found: list[Finding] = []
    modal(said, at, found)
    return found + doubles(said.get("components") if isinstance(said, dict) else None, f"{at}/components")
