"""The tables of allowances and keys: what is spent of each network's budgets, and the credentials that were connected.

Amounts are whole millionths of their unit, so that cents add up exactly; what is secret arrives here encrypted.
"""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Table, Text

from core.tables import metadata

spend = Table(
    "spend",
    metadata,
    Column("network", String, nullable=False),
    Column("team", String, nullable=False),  # whose key it is; empty for the installation's own
    Column("unit", String, nullable=False),  # `usd:utc_day`, as a BudgetRule's key; `*` holds the network's own refusal
    Column("window_start", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),  # millionths
    Column("told_limit", BigInteger),  # millionths, where the server's answers tell
    Column("resets_at", BigInteger),  # where the server tells; else the window's own end
    PrimaryKeyConstraint("network", "team", "unit", "window_start"),
    sqlite_with_rowid=False,
)

credentials = Table(
    "credentials",
    metadata,
    Column("team", String, nullable=False),  # empty for the whole installation
    Column("network", String, nullable=False),
    Column("native_id", String, nullable=False),  # the account whose owner connected it; empty for a key of the team's
    Column("kind", String, nullable=False),  # `app` or `owner`
    Column("sealed", Text, nullable=False),  # what it holds, encrypted
    Column("expires_at", BigInteger),
    Column("scopes", Text, nullable=False),
    Column("connected_by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("team", "network", "native_id", "kind"),
)
