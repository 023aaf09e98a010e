"""Is this payload one that Discord would take, and one that Clout wants to send? Every request is judged here.

A finding that Discord refuses is hard; a house rule is Clout's own, and such a message is taken but noted.
"""

from dataclasses import dataclass

from sandbox.discord_people import Json

Finding = tuple[str, str]
"""A JSON pointer, and what is wrong there."""


@dataclass(frozen=True)
class Violation:
    """One thing wrong with one request: where it was sent, the JSON pointer, why. `house`: Discord would take it."""

    where: str
    path: str
    reason: str
    house: bool = False

    def __str__(self) -> str:
        return f"{self.where} {self.path or '/'}: {self.reason}"


def form_errors(findings: list[Finding]) -> Json:
    """Return findings nested by path, as Discord writes them in `errors`."""
    errors: Json = {}
    for path, reason in findings:
        place = errors
        for step in filter(None, path.split("/")):
            place = place.setdefault(step, {})
        place.setdefault("_errors", []).append({"code": "INVALID", "message": reason})
    return errors
