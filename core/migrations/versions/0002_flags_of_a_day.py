"""Which unusual patterns counted on a day, so that a past score is shown with the deduction of its own day."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite would append the column behind the constraints; written anew, the table reads as in a new database
    recreate: Literal["always", "never"] = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    kept = {"sqlite_with_rowid": False}
    with op.batch_alter_table("account_scores", recreate=recreate, table_kwargs=kept) as batch:
        batch.add_column(sa.Column("flags", sa.String()))
