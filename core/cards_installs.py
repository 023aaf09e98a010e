"""What a person is told when an installation is too old for what was asked: which permission, and how to add it."""

from core.card import Card, Fact, Lines, Notes, line, outside, text

_SCOPE = 80  # characters of a permission's name


def reinstall_card(scope: str, ref: str, address: str = "") -> Card:
    """Return the card for the asker alone; `address` is where Clout is installed again, empty where it is by hand."""
    lacks = line("Clout was installed here without a permission that this needs: ", outside(scope, _SCOPE, "code"), ".")
    if address:
        mend = line(
            "Whoever looks after Slack apps here can ", text("add Clout again", url=address), "; nothing is lost."
        )
    else:
        mend = line(
            "Whoever runs Clout can add it under OAuth & Permissions of the app and press Reinstall; nothing is lost."
        )
    return Card(
        kind="error",
        tone="error",
        title=line("A permission is missing"),
        blocks=(Lines(facts=(Fact(line=lacks), Fact(line=mend))), Notes(lines=(line("ref ", text(ref, "code")),))),
        private=True,
        error="MissingPermission",
        reference=ref,
    )
