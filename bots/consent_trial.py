"""Tries the pages where creators connect their accounts, as `clout doctor` does: are they set, safe, and found?"""

from urllib.parse import urlsplit

import aiohttp

from bots.consent_pages import STYLE_PATH
from bots.slack_trial import Finding
from core.settings import Settings

SECONDS = 10  # for each address
_LIMIT = 65_536  # bytes looked at of an answer
_OURS = b"--on-button"  # a name near the top of our stylesheet: another server's answer has none
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # what a server listens on, not what it is asked at
_WANTED = "If creators are to connect their accounts by a link, set CLOUT_PUBLIC_URL, CLOUT_PORT and CLOUT_SECRET_KEYS."


async def try_pages(settings: Settings) -> list[Finding]:
    """Return how the pages of consent stand: by what is set, and by asking for their stylesheet as a browser does."""
    if settings.public_url is None:
        return [Finding(True, "creators have no page to connect their accounts on", _WANTED)]
    needed = {"CLOUT_PORT": settings.port, "CLOUT_SECRET_KEYS": settings.secret_keys}
    if missing := [name for name, value in needed.items() if value is None]:
        mend = f"Set {' and '.join(missing)} too: see `docs/settings.md`."
        return [Finding(False, "creators cannot connect their accounts yet", mend)]
    parts = urlsplit(settings.public_url)
    if parts.scheme != "https" and parts.hostname not in _HERE:
        mend = "Put a proxy with a certificate before Clout, and its https address into CLOUT_PUBLIC_URL."
        return [Finding(False, "the pages of consent are not under https, so what creators type could be read", mend)]
    return [await _asked(settings, settings.public_url.rstrip("/"))]


async def _asked(settings: Settings, public: str) -> Finding:
    host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    here = f"{f'[{host}]' if ':' in host else host}:{settings.port}"
    if await _obstacle(f"http://{here}{STYLE_PATH}", proxies=False):
        start = "`clout run` serves them; ask again while it runs, and their address is tried too."
        return Finding(True, f"the pages of consent under {public} are not served now", start)
    why = await _obstacle(f"{public}{STYLE_PATH}")
    if not why:
        return Finding(True, f"the pages of consent are reached under {public}")
    mend = f"Let the proxy of CLOUT_PUBLIC_URL pass requests on to {here}."
    other = f"Where a machine cannot reach its own public address, open {public}{STYLE_PATH} from another one instead."
    return Finding(False, f"the pages of consent are not reached under {public}: {why}", f"{mend} {other}")


async def _obstacle(address: str, *, proxies: bool = True) -> str:
    """Return why our stylesheet does not come from an address; empty when it does."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=proxies) as client, client.get(address) as answer:
            found = await answer.content.read(_LIMIT)
    except aiohttp.ClientSSLError:
        return "its certificate is not valid"
    except TimeoutError:
        return f"no answer within {SECONDS} s"
    except (aiohttp.ClientError, OSError):
        return "nothing answers there"
    return "" if answer.status == 200 and _OURS in found else f"something else answers there (status {answer.status})"
