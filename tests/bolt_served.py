"""A Bolt app on a loopback port, as Slack reaches apps over HTTP."""

from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def served(bolt):
    """Yield the address that events are posted to."""
    runner = web.AppRunner(bolt.web_app(path="/slack/events"), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/slack/events"
    finally:
        await runner.cleanup()
