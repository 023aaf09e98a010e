"""What can go wrong between us and a server, before any network's own meaning is read into it.

core/connectors/base.py turns these into the `SourceError`s that people see.
"""


class HttpError(Exception):
    """Base of every fault of the HTTP client; its message holds neither a query string nor a secret.

    `again` says whether a second attempt may help.
    """

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class Refused(HttpError):
    """We will not go there: address guard, host not allowed, user-info, scheme or port. Never retried."""


class TimedOut(HttpError):
    """The request's own limit or the lookup's deadline has passed."""


class ConnectFailed(HttpError):
    """No such name, refused, reset, certificate error, or an answer that breaks the protocol (cut off, mis-packed)."""


class TooLarge(HttpError):
    """The answer is larger than we are willing to hold, counted after unpacking."""


class TooManyRedirects(HttpError):
    """The server sends us on and on."""
