"""The pages of the pretend sign-ins: plain HTML that works by keyboard, with a screen reader and without scripts."""

from collections.abc import Iterable
from html import escape

from sandbox.wire import Answer

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 36rem; padding: 0 1rem }
fieldset { border: 1px solid; border-radius: .5rem; margin: 0 0 1rem; padding: .5rem 1rem }
label { display: block; padding: .25rem 0 }
button { border: 1px solid; border-radius: .5rem; font: inherit; margin-right: .5rem; padding: .5rem 1.25rem }
:focus-visible { outline: 3px solid; outline-offset: 2px }
.problem { border: 2px solid; border-radius: .5rem; padding: .5rem 1rem }
"""


def _page(title: str, body: str, status: int) -> Answer:
    text = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    headers = (("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store"))
    return Answer(status, text.encode("utf-8", "replace"), headers)


def problem_page(label: str, sentence: str, status: int = 400) -> Answer:
    """Return a page for somebody who cannot be sent back: the app is unknown, or its address is wrong."""
    return _page(f"{label} (pretend): problem", f"<h1>{escape(label)} (pretend)</h1><p>{escape(sentence)}</p>", status)


def consent_page(
    label: str, accounts: Iterable[tuple[str, str]], scopes: Iterable[str], *, many: bool, wrong: str = ""
) -> Answer:
    """Return the page where an owner chooses an account, given as handle and name, and ticks what Clout may read."""
    kind = "checkbox" if many else "radio"
    chosen = "\n".join(_choice(kind, "account", handle, f"@{handle} — {name}") for handle, name in accounts)
    ticked = "\n".join(_choice("checkbox", "scope", scope, scope, checked=True) for scope in scopes)
    alert = f'<p class="problem" role="alert">{escape(wrong)}</p>' if wrong else ""
    body = (
        f"<h1>Let Clout read your {escape(label)} account?</h1>"
        f"<p>This stands for {escape(label)}'s own page. Nobody here is real.</p>{alert}"
        f'<form method="post"><fieldset><legend>Your account</legend>{chosen}</fieldset>'
        f"<fieldset><legend>Clout may use</legend>{ticked}</fieldset>"
        '<p><button type="submit" name="decision" value="allow">Allow</button>'
        '<button type="submit" name="decision" value="deny">Deny</button></p></form>'
    )
    return _page(f"Let Clout read your {label} account?", body, 400 if wrong else 200)


def _choice(kind: str, name: str, value: str, text: str, *, checked: bool = False) -> str:
    mark = " checked" if checked else ""
    return f'<label><input type="{kind}" name="{name}" value="{escape(value)}"{mark}> {escape(text)}</label>'
