"""The card of the README's pictures: an invented creator, scored by the model in force."""

from core.card import Card
from core.cards_score import Percentile, score_card
from core.models import Reading
from core.weights import CURRENT
from tests.core.readings_by_hand import MANIFESTS, NOW, glowguru


def card() -> Card:
    """Return the score card that the project's own sketches show."""
    percentile = Percentile(above=92, of=140)
    return score_card(_in_force(glowguru()), NOW, zone="UTC", percentile=percentile, manifests=MANIFESTS)


def _in_force(known: Reading) -> Reading:
    """Return the reading as the present model tells it: tests by hand name one that never was."""
    model = {"model_version": CURRENT.model_version}
    history = tuple(point.model_copy(update=model) for point in known.history)
    return known.model_copy(update={"score": known.score.model_copy(update=model), "history": history})
