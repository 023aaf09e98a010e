"""JSON for machines that may scroll past on a person's screen."""

import json
import unicodedata

import pytest

from bots.json_lines import json_line

HOSTILE = "a\u202eb\u2066c\x9bd\x1b[31me\u200bf\ufeffg\u2028h\u00adi\U000e0041j\x7fk"


def test_nothing_in_it_steers_a_terminal_and_the_value_is_the_same():
    shown = json_line({"bio": HOSTILE, HOSTILE: [HOSTILE]})
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
    assert json.loads(shown) == {"bio": HOSTILE, HOSTILE: [HOSTILE]}


@pytest.mark.parametrize("word", ["Köln", "東京", "Ωmega", "naïve 🎈", 'a "quoted" \\ word'])
def test_letters_stay_readable(word):
    assert json_line(word) == json.dumps(word, ensure_ascii=False)


def test_half_a_character_does_not_break_the_output():
    assert json_line("\ud83d").encode() == b'"\\ud83d"'


def test_every_format_character_of_unicode_is_covered():
    control = [chr(n) for n in range(0x3000) if unicodedata.category(chr(n)) in ("Cc", "Cf", "Zl", "Zp")]
    seen = {c for c in control if c in json_line(c)}
    # what stays are the signs that Arabic and Syriac put before numbers and verses: they turn nothing around
    assert seen <= {*map(chr, range(0x600, 0x606)), "\u06dd", "\u070f", "\u0890", "\u0891", "\u08e2"}
