"""Which channels are named to whom: a private one's name stays with who manages Clout, and with who asks in it."""

from collections.abc import Mapping

from core.cards_delivery import PRIVATE_PLACE
from core.messenger import Messenger, Place, Platform


async def discreet(place: Place, team: str, here: Place | None, messengers: Mapping[Platform, Messenger]) -> Place:
    """Return a place as somebody reads it who does not manage Clout and asks `here`.

    The platform is asked each time: a channel may have become private since something was set up in it.
    """
    if here is not None and (here.platform, here.channel) == (place.platform, place.channel):
        return place
    messenger = messengers.get(place.platform)
    if messenger is not None and not await messenger.private(team, place):
        return place
    return place.model_copy(update={"shown": PRIVATE_PLACE})
