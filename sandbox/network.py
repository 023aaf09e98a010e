"""What most networks of the pretend internet have in common; each one writes down where it differs."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from sandbox.asgi import Pairs
from sandbox.clock import MovableClock
from sandbox.oauth import OAuthServer
from sandbox.oauth_dialect import Dialect, Issued
from sandbox.wire import Answer, Ask, Headers, as_html, as_json
from sandbox.world import Account, PostView, World, digest


class PlainNetwork:
    """A network that answers everybody alike and tells no limits.

    `cursor` is the query's parameter that asks for a later page, empty where nothing has pages.
    """

    name = ""
    origin = ""
    cursor = ""

    def __init__(self, world: World, clock: MovableClock) -> None:
        self._world = world
        self._clock = clock

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer as it is."""
        return answer

    def cache_key(self, ask: Ask) -> str:
        """Return the question and who asks."""
        return f"{ask.method} {ask.path}?{ask.query} {ask.headers.get('authorization', '')}"

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return nothing: no header tells what is left."""
        return ()

    def first_page(self, ask: Ask) -> Ask:
        """Return the question without its cursor."""
        if not self.cursor:
            return ask
        return replace(ask, query=urlencode([(key, value) for key, value in ask.pairs if key != self.cursor]))

    def has_cursor(self, ask: Ask) -> bool:
        """Return whether a later page is asked for."""
        return self.cursor in ask.params

    def _moment(self) -> float:
        """Return the present minute in epoch seconds."""
        return self._clock.minute() * 60.0

    def _shown_posts(self, account: Account) -> list[PostView]:
        """Return every post there is, newest first."""
        moment = self._moment()
        return [account.view(int(index), moment) for index in account.timeline.visible(moment)[::-1]]


class AppNetwork(PlainNetwork):
    """A network that answers the tokens of an app itself; `sign_in` gives them out (RFC 6749, section 4.4)."""

    sign_in_path = ""
    token_length = 30
    token_told: Mapping[str, object] = {}  # what stands beside a token

    def __init__(self, world: World, clock: MovableClock) -> None:
        super().__init__(world, clock)
        self._tokens: set[str] = set()
        self.signed_in = 0
        """How many tokens were given out."""
        self.given: set[str] = set()
        """Every token that was ever given out."""

    def end_tokens(self) -> None:
        """Refuse every token given out until now."""
        self._tokens.clear()

    def sign_in(self, method: str, path: str, query: Pairs, form: Pairs, headers: Mapping[str, str]) -> Answer:
        """Answer the token endpoint, and nothing beside it."""
        if (method, path) != ("POST", self.sign_in_path):
            return as_html("Not Found", 404)
        if (refusal := self._refusal(dict(form), headers)) is not None:
            return refusal
        self.signed_in += 1
        token = digest(f"{self.name} token {self.signed_in}").hex()[: self.token_length]
        self._tokens.add(token)
        self.given.add(token)
        return as_json({"access_token": token, **self.token_told})

    def _refusal(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        """Return why an app gets no token, None where it gets one."""
        raise NotImplementedError

    def _admits(self, ask: Ask) -> bool:
        return ask.bearer in self._tokens


class OwnersNetwork(PlainNetwork):
    """A network that answers owners about their own accounts; `oauth` is where they let Clout in."""

    dialect: Dialect
    refused: Answer  # what a token that is unknown or has ended gets

    def __init__(self, world: World, clock: MovableClock) -> None:
        super().__init__(world, clock)
        self.oauth = OAuthServer(self.dialect, world, clock)

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer to one whose token has not ended since it was made, else the refusal."""
        return answer if self._holder(ask) is not None else self.refused

    def _holder(self, ask: Ask) -> Issued | None:
        return self.oauth.holder(ask.bearer)
