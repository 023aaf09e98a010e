"""`clout chat`: lines typed at a prompt, or read from a pipe, each answered by one card.

At a prompt Ctrl-C cancels the command that is running and Ctrl-D leaves; a pipe is read line by line to its end.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output

PROMPT = "clout> "
WELCOME = "Type `help` for the commands. Tab completes, Ctrl-C cancels, Ctrl-D leaves."
INTERRUPTED = 130  # as shells say it
HISTORY_BYTES = 200_000  # of lines typed before; the older half goes when there are more
_LINE_BYTES = 4_096  # no command is that long; the rest of an endless line is not kept
_LEAVING = frozenset({"exit", "quit", "bye"})

Answer = Callable[[str], Coroutine[object, object, int]]
"""Answers one line and returns its exit code."""

Inbox = Callable[[], Awaitable[str]]
"""Returns a line about what came while nobody was here, empty when nothing did."""

Suggest = Callable[[str], Awaitable[tuple[str, ...]]]
"""Returns words that could end an unfinished line."""


async def converse(lines: AsyncGenerator[str, None], answer: Answer) -> int:
    """Answer line after line and return the code of the last; empty lines and those that begin with # are skipped."""
    code = 0
    async with aclosing(lines):
        async for line in lines:
            words = line.strip()
            if words.casefold() in _LEAVING:
                break
            if words and not words.startswith("#"):
                code = await answer(words)
    return code


# --- at a prompt ------------------------------------------------------------------------------------------------------


async def at_a_prompt(
    answer: Answer,
    suggest: Suggest,
    history: History,
    tell: Callable[[str], None],
    *,
    inbox: Inbox | None = None,
    keyboard: Input | None = None,
    screen: Output | None = None,
) -> int:
    """Prompt until Ctrl-D and return the code of the last command; `keyboard` and `screen` default to the terminal.

    `tell` writes what is no card, beginning with the inbox where something waits in it.
    """
    session: PromptSession[str] = PromptSession(
        history=history, completer=Words(suggest), complete_while_typing=True, input=keyboard, output=screen
    )

    async def cancellable(line: str) -> int:
        code = await until_interrupted(answer(line))
        tell("Cancelled.\n\n" if code == INTERRUPTED else "\n")
        return code

    waiting = await inbox() if inbox is not None else ""
    tell(f"{waiting}\n{WELCOME}\n\n" if waiting else f"{WELCOME}\n\n")
    return await converse(_typed(session), cancellable)


async def _typed(session: PromptSession[str]) -> AsyncGenerator[str, None]:
    while True:
        try:
            line = await session.prompt_async(PROMPT)
        except KeyboardInterrupt:  # Ctrl-C on a half-typed line throws the line away
            continue
        except EOFError:
            return
        yield line


async def until_interrupted(work: Coroutine[object, object, int]) -> int:
    """Return what the work returns, or 130 when Ctrl-C cancels it; the program itself goes on."""
    task = asyncio.ensure_future(work)
    with _interrupting(task):
        try:
            return await task
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if here is not None and here.cancelling():
                raise
            return INTERRUPTED


@contextmanager
def _interrupting(task: "asyncio.Future[int]") -> Iterator[None]:
    """Let SIGINT cancel a task; where signals cannot be handled in the loop (Windows) Ctrl-C ends the program."""
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    except (NotImplementedError, RuntimeError, ValueError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


class Words(Completer):
    """Completes commands, their arguments and known handles."""

    def __init__(self, suggest: Suggest) -> None:
        self._suggest = suggest

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Return nothing: known handles come from the database, which is asked asynchronously."""
        return iter(())

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Yield words for the last one of the line."""
        line = document.text_before_cursor
        begun = line.split()[-1] if line and not line[-1].isspace() else ""
        for word in await self._suggest(line):
            yield Completion(word, start_position=-len(begun))


def kept_history(environment: Mapping[str, str]) -> History:
    """Return the lines typed before, kept in the user's state folder for their eyes only; in memory if it cannot be."""
    base = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    path = Path(base) / "clout" / "history"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
        _shorten(path)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


def _shorten(path: Path) -> None:
    held = path.read_bytes()
    if len(held) > HISTORY_BYTES:
        start = held.find(b"\n# ", len(held) - HISTORY_BYTES // 2)  # entries begin with their time
        path.write_bytes(held[start:] if start >= 0 else b"")


# --- from a pipe ------------------------------------------------------------------------------------------------------


async def from_a_pipe(answer: Answer, stdin: TextIO | None = None) -> int:
    """Answer the lines of a stream, `stdin` unless given, to its end; return the code of the last command."""
    return await converse(_piped(stdin or sys.stdin), answer)


async def _piped(stdin: TextIO) -> AsyncGenerator[str, None]:
    """Yield lines that a thread of its own reads, one at a time, so that a silent pipe blocks nobody."""
    loop = asyncio.get_running_loop()
    handed: asyncio.Queue[str | None] = asyncio.Queue()
    wanted, left = threading.Semaphore(1), threading.Event()

    def hand(line: str | None) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(handed.put_nowait, line)

    def read() -> None:
        for line in _lines(stdin):
            wanted.acquire()
            if left.is_set():
                return
            hand(line)
        hand(None)

    # a daemon: nothing can wake a thread that waits for a line, and leaving must not wait for it
    threading.Thread(target=read, name="lines", daemon=True).start()
    try:
        while (line := await handed.get()) is not None:
            yield line
            wanted.release()
    finally:
        left.set()
        wanted.release()


def _lines(stdin: TextIO) -> Iterator[str]:
    """Yield lines, of an endless one only the beginning."""
    going_on = False
    while part := stdin.readline(_LINE_BYTES):
        if not going_on:
            yield part
        going_on = not part.endswith("\n")
