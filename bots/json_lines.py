"""JSON as the command line prints it: with nothing in it that steers a terminal."""

import json
import re

# C1 controls, directions, invisible marks and line separators; JSON itself escapes only what stands below a space
_STEERING = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def json_line(value: object) -> str:
    """Return a value as one line of JSON: readable letters as they are, characters nobody sees as escapes.

    Profile texts are strangers' words, and the output may be a screen; a parser gets exactly the same value.
    """
    return _harmless(json.dumps(value, ensure_ascii=False))


def json_document(value: object) -> str:
    """Return a value as JSON for people to read, over many lines, with the same care."""
    return _harmless(json.dumps(value, ensure_ascii=False, indent=2))


def _harmless(text: str) -> str:
    return _STEERING.sub(lambda found: json.dumps(found[0])[1:-1], text)
