import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import combinations

import pytest
from PIL import Image

from core.chart import draw
from core.models import ChartPoint, ChartSeries, ChartSpec
from core.sheet import DARK, LIGHT, Page

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTILE = "@$\\frac{1}{0}$ 🔥\n\u202eevil\u202c שלום مرحبا 日本語 \x1b[31m\x00" + "x" * 300


def series(name="@glowguru", days=range(0, 90), score=50.0, state="ok", width=4.0):
    points = tuple(
        ChartPoint(
            at=NOON - timedelta(days=day),
            score=score,
            low=max(1, score - width),
            high=min(100, score + width),
            state=state,
        )
        for day in days
    )
    return ChartSeries(name=name, points=points)


def spec(*lines, title="Influence score", alt="Score 48 to 62, highest 63."):
    return ChartSpec(series=lines, title=title, alt=alt)


def picture(*lines, dark=False, **words):
    return Image.open(BytesIO(draw(spec(*lines, **words), dark=dark))).convert("RGB")


def rgb(colour):
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def where(image, colour, right=900):
    """The pixels of exactly this colour in the plot, labels left out."""
    pixels = image.load()
    return [(x, y) for x in range(right) for y in range(130, 560) if pixels[x, y] == rgb(colour)]


def test_a_picture_is_a_png_that_carries_its_text_alternative():
    data = draw(spec(series(), alt="Score 48 to 62 ▲."))
    image = Image.open(BytesIO(data))
    assert (image.format, image.size) == ("PNG", (1200, 640))
    assert image.info == {"Description": "Score 48 to 62 ▲."}
    assert len(data) < 300_000


def test_the_same_spec_is_the_same_picture():
    assert draw(spec(series())) == draw(spec(series()))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "lines",
    [
        (),
        (series(days=()),),
        (series(days=(0,)),),
        (series(days=(3, 0), state="provisional"),),
        (series(days=range(400)),),
        (series(score=1),),
        (series(score=100),),
        (series(score=float("nan")),),
        (series(days=(0, 0, 0)),),
        tuple(series(f"@n{n}", score=50 + n / 10) for n in range(6)),
        tuple(series(f"@n{n}", score=n * 5 + 1) for n in range(15)),
        (series(HOSTILE), series("", score=30), series("🔥👨‍👩‍👧", score=70)),
    ],
    ids="none empty one two year lowest highest nan sameday six fifteen hostile".split(),
)
def test_anything_can_be_drawn_without_a_warning(lines, dark):
    image = picture(*lines, dark=dark, title=f"Influence of {HOSTILE}", alt=HOSTILE)
    assert image.getpixel((2, 2)) == rgb((DARK if dark else LIGHT).paper)


def test_a_higher_score_stands_higher_and_a_later_one_further_right():
    image = picture(series(score=40), series("@b", score=60))
    low, high = where(image, LIGHT.lines[0]), where(image, LIGHT.lines[1])
    assert min(y for _, y in low) > max(y for _, y in high)
    assert min(x for x, _ in low) < 200 < 700 < max(x for x, _ in low)


def test_nothing_is_drawn_where_nothing_was_read():
    days = [*range(0, 20), *range(60, 80)]
    image = picture(series(days=days))
    paper = rgb(LIGHT.paper)
    grid = rgb(LIGHT.grid)
    middle = {image.getpixel((x, y)) for x in range(500, 560) for y in range(150, 540)}
    assert middle <= {paper} | {shade for shade in middle if min(shade) >= min(grid)}
    assert where(image, LIGHT.lines[0])


def test_what_is_not_firm_is_hollow():
    firm, loose = (picture(series(days=(0,), state=state)) for state in ("ok", "provisional"))
    dots = where(firm, LIGHT.lines[0])
    middle = sum(x for x, _ in dots) // len(dots), sum(y for _, y in dots) // len(dots)
    assert firm.getpixel(middle) == rgb(LIGHT.lines[0])
    assert loose.getpixel(middle) == rgb(LIGHT.paper)


def test_mathematics_in_a_name_stays_text_and_long_names_are_cut():
    page = Page(LIGHT)
    assert page.width("$x^2$", 26) > page.width("x2", 26) * 1.5
    assert page.width(page.fitting("@" + "w" * 39, 340, 26), 26) <= 340
    assert page.fitting("@w", 340, 26) == "@w"


def _luminance(colour):
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    """WCAG 2.2, relative luminance."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_can_be_read_on_its_paper(theme):
    for colour in (*theme.lines, theme.ink, theme.quiet):
        assert contrast(colour, theme.paper) >= 4.5, colour


def _deuteranope(colour):
    """Viénot, Brettel and Mollon 1999: red and green fall together."""
    red, green, blue = ((c / 255) ** 2.2 for c in rgb(colour))
    seen = (0.29275 * red + 0.70725 * green, 0.29275 * red + 0.70725 * green, -0.02234 * red + 0.02234 * green + blue)
    return tuple(max(0.0, c) ** (1 / 2.2) * 255 for c in seen)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_colour_blind_eyes_tell_the_first_lines_apart(theme):
    for one, other in combinations(theme.lines[:3], 2):
        distance = sum((a - b) ** 2 for a, b in zip(_deuteranope(one), _deuteranope(other), strict=True)) ** 0.5
        assert distance > 40, (one, other)


def test_pyplot_stays_out():
    draw(spec(series()))
    assert "matplotlib.pyplot" not in sys.modules
