"""An owner who follows a link of a team's, and what the two networks of the consents' tests are told."""

from dataclasses import dataclass

from sqlalchemy import text

from core.connectors.owners import Owned
from core.errors import SourceError
from core.tables import metadata
from tests.core.consent_toy import TEAM, Net

PUBLIC = "https://clout.example/app"


@dataclass
class Owner(Net):
    """The same networks, and an owner who may do something else than expected."""

    scopes: tuple[str, ...] = ("profile", "posts")
    owned: tuple[Owned, ...] = (Owned(native_id="77", handle="glow"),)
    revoke_error: SourceError | None = None

    async def exchange(self, *given):
        return (await super().exchange(*given)).model_copy(update={"scopes": self.scopes})

    async def accounts(self, *_):
        return self.owned

    async def revoke(self, *given):
        if self.revoke_error is not None:
            raise self.revoke_error
        await super().revoke(*given)


async def asked(app, **more):
    consent = await app.consents.begin(TEAM, "@glow", "closed", "U1", team_name="Acme", **more)
    return consent, consent.address.rpartition("/")[2]


async def signing_in(app, link):
    begun = await app.consents.start(link)
    return begun, {"state": begun.state, "browser": begun.browser}


async def connected(app):
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    outcome = await app.consents.finish("closed", **held, code="good-code")
    assert outcome.kind == "connected", outcome
    return outcome, link


async def everything(app):
    """Every word in every table."""

    def words(conn):
        read = (text(f'SELECT * FROM "{table}"') for table in metadata.tables)
        return " ".join(str(tuple(row)) for statement in read for row in conn.execute(statement))

    return await app.store.database.read(words)


async def nothing_stored(app, net, *, revoked=1):
    assert await app.credentials.owner_tokens(TEAM, "closed") == ()
    assert f"77 @{TEAM}" not in await everything(app)
    assert len(net.revoked) == revoked
