"""A wire to a PostgreSQL server that can be cut: what is sent then goes nowhere, and nobody is told."""

import asyncio
import shutil
import tempfile
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SOCKET = ".s.PGSQL.5432"


class Wire:
    """Carries what goes to the socket in `folder` on to the server's, from a thread of its own."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self.folder = Path(tempfile.mkdtemp(prefix="clout-wire-"))  # short: the path of a socket has 107 bytes at most
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._whole = asyncio.Event()
        self._whole.set()
        self._ends: set[StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cut(self) -> None:
        """Let nothing through from now on, in either direction."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self) -> None:
        """Let new connections through; the old ones are gone, as a server's that heard nothing for long."""
        self._do(self._mend())

    async def _listen(self) -> None:
        self._listener = await asyncio.start_unix_server(self._connected, self.folder / SOCKET)

    async def _mend(self) -> None:
        self._hang_up()
        self._whole.set()

    def _hang_up(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _end(self) -> None:
        self._listener.close()
        self._hang_up()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._ends.add(writer)
        await self._whole.wait()
        far_reader, far_writer = await asyncio.open_unix_connection(self._server / SOCKET)
        self._ends.add(far_writer)
        for source, target in ((reader, far_writer), (far_reader, writer)):
            task = self._loop.create_task(self._carry(source, target))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, source: StreamReader, target: StreamWriter) -> None:
        try:
            while piece := await source.read(65_536):
                await self._whole.wait()
                target.write(piece)
        except OSError:
            pass  # one end hung up
        finally:
            target.close()
