"""A real browser for tests: Chromium without a window, driven over its DevTools protocol by keys alone."""

import asyncio
import base64
import json
import shutil
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from websockets.asyncio.client import connect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-extensions --no-proxy-server --remote-debugging-port=0"
).split()
_KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowDown": (40, "")}
_PATIENCE_S = 30


class Page:
    """One tab; `errors` are what its console complained of."""

    def __init__(self, socket):
        self._socket = socket
        self._numbers = count(1)
        self._waiting = {}
        self._loaded = asyncio.Event()
        self._session = {}
        self.errors = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self):
        async for message in self._socket:
            told = json.loads(message)
            if told.get("id") in self._waiting:
                self._waiting.pop(told["id"]).set_result(told)
            elif told.get("method") == "Page.loadEventFired":
                self._loaded.set()
            elif told.get("method") == "Log.entryAdded":
                self.errors.append(told["params"]["entry"]["text"])

    async def attach(self):
        """Speak to the tab rather than to the browser."""
        targets = (await self.send("Target.getTargets"))["targetInfos"]
        tab = next(one["targetId"] for one in targets if one["type"] == "page")
        attached = await self.send("Target.attachToTarget", targetId=tab, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    async def send(self, method, **params):
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params, **self._session}))
        told = await asyncio.wait_for(answer, _PATIENCE_S)
        assert "error" not in told, told
        return told["result"]

    async def value(self, expression):
        return (await self.send("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get("value")

    async def goto(self, url):
        self._loaded.clear()
        await self.send("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), _PATIENCE_S)

    async def until(self, words):
        """Wait until the page's heading holds some words."""
        async with asyncio.timeout(_PATIENCE_S):
            while words not in (await self.value("document.querySelector('h1')?.innerText ?? ''") or ""):
                await asyncio.sleep(0.05)

    async def press(self, key):
        code, text = _KEYS[key]
        held = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        await self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **held)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **held)

    async def tab_to(self, name):
        """Press Tab until what has the focus is called so, as a screen reader says it; at most 60 times."""
        for _ in range(60):
            await self.press("Tab")
            if name in await self.focused():
                return
        raise AssertionError(f"no Tab leads to {name!r}")

    async def focused(self):
        return await self.value(
            "(e => e ? (e.labels?.[0]?.innerText || e.innerText || e.value || '') : '')(document.activeElement)"
        )

    async def heard(self):
        """Return what a screen reader is told: pairs of role and name."""
        nodes = (await self.send("Accessibility.getFullAXTree"))["nodes"]
        return [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]

    async def look(self, path, *, dark=False, width=1000):
        """Write a picture of the whole page."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.send("Emulation.setEmulatedMedia", features=scheme)
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        shot = await self.send("Page.captureScreenshot", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(shot["data"]))


@asynccontextmanager
async def chromium(folder, *flags):
    """Run a browser of its own in a folder, and yield its one tab."""
    running = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *_FLAGS,
        *flags,
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        address = await _endpoint(Path(folder) / "DevToolsActivePort")
        async with connect(address, max_size=None, proxy=None) as socket:
            page = Page(socket)
            await page.attach()
            for domain in ("Page", "Log", "Accessibility"):
                await page.send(f"{domain}.enable")
            try:
                yield page
            finally:
                page._reading.cancel()
                await asyncio.gather(page._reading, return_exceptions=True)
    finally:
        running.kill()
        await running.wait()


async def _endpoint(file):
    """Return where the browser listens, which it writes into its folder."""
    async with asyncio.timeout(_PATIENCE_S):
        while not file.exists() or file.read_text().count("\n") < 1:
            await asyncio.sleep(0.05)
    port, path = file.read_text().split("\n")[:2]
    return f"ws://127.0.0.1:{port}{path}"
