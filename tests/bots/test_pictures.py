import base64
import re
from datetime import UTC, datetime

import pytest

from bots.pictures import KEPT, Pictures, dark_screen, drawn_inline, inline
from core.card import Card, line
from core.models import ChartPoint, ChartSeries, ChartSpec

PNG = b"\x89PNG" + bytes(range(256)) * 40


def card(kind="history", name="@Glow/../guru", chart=True):
    point = ChartPoint(at=datetime(2026, 11, 22, tzinfo=UTC), score=50, low=48, high=52)
    spec = ChartSpec(series=(ChartSeries(name=name, points=(point,)),), title="t", alt="a")
    return Card(kind=kind, title=line("t"), blocks=(), chart=spec if chart else None)


class Drawing:
    def __init__(self):
        self.dark = []

    async def __call__(self, spec, dark):
        self.dark.append(dark)
        return PNG + len(self.dark).to_bytes(2, "big")


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({}, None),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-256color"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "tmux-256color"}, None),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/t"}, None),
        ({"TERM_PROGRAM": "iTerm.app", "TERM": "dumb"}, None),
    ],
)
def test_the_environment_tells_what_a_terminal_can_draw(environment, protocol):
    assert inline(environment) == protocol


def test_paper_is_dark_unless_the_terminal_says_otherwise():
    assert dark_screen({})
    assert dark_screen({"COLORFGBG": "15;0"})
    assert not dark_screen({"COLORFGBG": "0;15"})
    assert dark_screen({"COLORFGBG": "nonsense"})


def test_kitty_gets_the_whole_picture_in_small_sequences():
    drawn = drawn_inline(PNG, "kitty", 80)
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", drawn)
    assert base64.b64decode("".join(data for _, data in parts)) == PNG
    assert parts[0][0] == "a=T,f=100,q=2,c=80,m=1"
    assert [keys for keys, _ in parts[1:]] == ["m=1"] * (len(parts) - 2) + ["m=0"]
    assert all(len(data) <= 4096 and len(data) % 4 == 0 for _, data in parts)


def test_iterm_gets_the_whole_picture_in_one():
    drawn = drawn_inline(PNG, "iterm", 80)
    match = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+);width=80;preserveAspectRatio=1:(.*)\x07\n", drawn)
    assert int(match[1]) == len(PNG)
    assert base64.b64decode(match[2]) == PNG


async def test_a_capable_screen_shows_the_picture_on_its_own_paper(tmp_path):
    draw = Drawing()
    pictures = Pictures(draw, environment={"TERM": "xterm-kitty"}, screen=True, folder=tmp_path)
    assert (await pictures.of(card(), 200)).startswith("\x1b_Ga=T,f=100,q=2,c=90,")
    assert draw.dark == [True]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("environment", [{}, {"TERM": "xterm-kitty"}])
async def test_elsewhere_it_is_a_file_for_its_owner_only(tmp_path, environment):
    folder = tmp_path / "deep" / "pictures"
    pictures = Pictures(Drawing(), environment=environment, screen=False, folder=folder)
    words = await pictures.of(card(), 100)
    (path,) = folder.iterdir()
    assert words == f"Picture: {path}\n"
    assert re.fullmatch(r"history-glow-guru-[0-9a-f]{8}\.png", path.name)
    assert path.read_bytes().startswith(PNG)
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_hostile_name_stays_in_the_folder(tmp_path):
    pictures = Pictures(Drawing(), environment={}, folder=tmp_path)
    for name in ("../../etc/passwd", "🔥", "", "a" * 500, "\x00\n"):
        await pictures.of(card(name=name), 100)
    assert len(list(tmp_path.iterdir())) == 5
    assert max(len(path.name) for path in tmp_path.iterdir()) <= 80


async def test_only_cards_about_their_picture_show_one(tmp_path):
    draw = Drawing()
    pictures = Pictures(draw, environment={}, folder=tmp_path)
    assert await pictures.of(card("score"), 100) == ""
    assert await pictures.of(card(chart=False), 100) == ""
    assert draw.dark == []
    assert (await pictures.of(card("compare"), 100)).startswith("Picture: ")


async def test_old_pictures_are_removed(tmp_path):
    pictures = Pictures(Drawing(), environment={}, folder=tmp_path)
    for number in range(KEPT + 3):
        await pictures.of(card(name=f"@n{number}"), 100)
    assert len(list(tmp_path.glob("*.png"))) == KEPT


async def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    pictures = Pictures(Drawing(), environment={}, folder=tmp_path / "file")
    assert re.fullmatch(r"Picture: not saved, .* cannot be written \(.+\)\.\n", await pictures.of(card(), 100))
