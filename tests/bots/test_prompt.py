import asyncio
import io
import signal
import threading

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from bots import prompt
from bots.prompt import Words, at_a_prompt, from_a_pipe, kept_history, until_interrupted

CTRL_C, CTRL_D = "\x03", "\x04"


class Answers:
    def __init__(self, code=0):
        self.lines, self.code = [], code

    async def __call__(self, line):
        self.lines.append(line)
        return {"missing": 3, "broken": 4}.get(line, self.code)


async def nothing(line):
    return ()


async def typed(keys, answer, *, suggest=nothing, inbox=None, history=None):
    told = []
    with create_pipe_input() as keyboard:
        keyboard.send_text(keys)
        code = await at_a_prompt(
            answer,
            suggest,
            history or InMemoryHistory(),
            told.append,
            inbox=inbox,
            keyboard=keyboard,
            screen=DummyOutput(),
        )
    return code, "".join(told)


# --- at a prompt ------------------------------------------------------------------------------------------------------


async def test_lines_are_answered_until_control_d_and_the_last_code_is_returned():
    answer = Answers()
    code, told = await typed(f"help\r\rmissing\r{CTRL_D}", answer)
    assert (answer.lines, code) == (["help", "missing"], 3)
    assert told.startswith(prompt.WELCOME)


@pytest.mark.parametrize("word", ["exit", "quit", " QUIT "])
async def test_a_word_leaves_too(word):
    answer = Answers()
    assert (await typed(f"help\r{word}\rnever\r", answer))[0] == 0
    assert answer.lines == ["help"]


async def test_control_c_throws_a_half_typed_line_away():
    answer = Answers()
    await typed(f"half{CTRL_C}whole\r{CTRL_D}", answer)
    assert answer.lines == ["whole"]


async def test_the_inbox_is_named_only_when_something_waits_in_it():
    async def empty():
        return ""

    async def full():
        return "2 new in the inbox: type inbox."

    assert (await typed(CTRL_D, Answers(), inbox=empty))[1] == (await typed(CTRL_D, Answers()))[1]
    assert (await typed(CTRL_D, Answers(), inbox=full))[1].startswith("2 new in the inbox: type inbox.\n")


async def test_completion_replaces_the_last_word():
    asked = []

    async def suggest(line):
        asked.append(line)
        return ("@glowguru", "@glossy")

    async def offered(line):
        document = Document(line, len(line))
        found = Words(suggest).get_completions_async(document, CompleteEvent())
        return [f"{line[: len(line) + one.start_position]}{one.text}" async for one in found]

    assert await offered("history @glo") == ["history @glowguru", "history @glossy"]
    assert await offered("history ") == ["history @glowguru", "history @glossy"]
    assert await offered("") == ["@glowguru", "@glossy"]
    assert asked == ["history @glo", "history ", ""]


async def test_an_interrupt_cancels_the_command_and_not_the_program():
    before = signal.getsignal(signal.SIGINT)
    ended = []

    async def endless():
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return 0

    assert await asyncio.wait_for(until_interrupted(endless()), 10) == 130
    assert ended == [True]
    assert signal.getsignal(signal.SIGINT) is before


async def test_a_cancelled_program_is_not_mistaken_for_an_interrupt():
    async def endless():
        await asyncio.Event().wait()
        return 0

    task = asyncio.create_task(until_interrupted(endless()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# --- lines typed before -----------------------------------------------------------------------------------------------


async def test_lines_typed_before_are_kept_for_their_owner_only(tmp_path):
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    await typed(f"@glowguru\r{CTRL_D}", Answers(), history=kept_history(environment))
    path = tmp_path / "clout" / "history"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    again = [line async for line in kept_history(environment).load()]
    assert again == ["@glowguru"]


async def test_a_file_others_could_read_is_closed_to_them_and_a_long_one_shortened(tmp_path):
    path = tmp_path / "clout" / "history"
    path.parent.mkdir()
    path.write_text("".join(f"\n# 2026-11-22 09:00:00\n+@creator{number}\n" for number in range(9_000)))
    path.chmod(0o644)
    lines = [line async for line in kept_history({"XDG_STATE_HOME": str(tmp_path)}).load()]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size <= prompt.HISTORY_BYTES // 2
    assert (lines[0], lines[1]) == ("@creator8999", "@creator8998")


def test_without_a_place_for_it_history_lasts_as_long_as_the_chat(tmp_path):
    (tmp_path / "file").write_text("")
    assert isinstance(kept_history({"XDG_STATE_HOME": str(tmp_path / "file")}), InMemoryHistory)


# --- from a pipe ------------------------------------------------------------------------------------------------------


async def test_a_pipe_is_answered_line_by_line_and_ends_with_the_last_code():
    answer = Answers()
    code = await from_a_pipe(answer, io.StringIO("# a script\n\n@glow\n  broken \nmissing"))
    assert (answer.lines, code) == (["@glow", "broken", "missing"], 3)
    assert await from_a_pipe(Answers(), io.StringIO("")) == 0


async def test_lines_are_answered_before_the_next_one_is_there():
    answered = threading.Event()

    class Slow(io.StringIO):
        lines = iter(["first\n", "second\n", ""])
        waits = iter([False, True, False])

        def readline(self, size=-1):
            assert not next(self.waits) or answered.wait(10)
            return next(self.lines)

    seen = []

    async def answer(line):
        seen.append(line)
        answered.set()
        return 0

    await asyncio.wait_for(from_a_pipe(answer, Slow()), 20)
    assert seen == ["first", "second"]


async def test_an_endless_line_is_one_line_and_not_kept_whole():
    answer = Answers()
    await from_a_pipe(answer, io.StringIO("x" * 50_000 + "\n@next\n"))
    assert [len(line) for line in answer.lines] == [4_096, 5]


async def test_leaving_early_leaves_no_thread_behind():
    await from_a_pipe(Answers(), io.StringIO("exit\n" + "more\n" * 100))
    for thread in threading.enumerate():
        if thread.name == "lines":
            thread.join(10)
            assert not thread.is_alive()
