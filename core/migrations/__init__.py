"""How the database came to look as it does: numbered steps, only ever added to.

`REVISIONS` repeats the files of versions/ so that a start-up with nothing to do need not import Alembic.
"""

from pathlib import Path

from sqlalchemy import Connection

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
HEAD = REVISIONS[-1]


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    """Bring the database behind `connection` to `revision`, inside the transaction that is open on it."""
    from alembic import command  # 100 ms and more: only when there is something to do
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
