"""The tables of processes that work side by side: who is alive, and who holds what only one may do at a time.

The same rules as core/tables.py; a change here needs a new file in core/migrations/versions.
"""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Table, Text

from core.tables import metadata

# What one process at a time may do, such as posting on a platform; a lease that ran out is anybody's.
leases = Table(
    "leases",
    metadata,
    Column("name", String, nullable=False),
    Column("holder", String, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
    sqlite_with_rowid=False,
)

# One row a process that runs jobs; one silent for minutes is dead, and others take its jobs over.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("executor", String, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("fault", Text),  # its last fault in words, with the reference code of the log
    Column("fault_at", BigInteger),
    PrimaryKeyConstraint("executor"),
    sqlite_with_rowid=False,
)
