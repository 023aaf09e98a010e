"""The table of consents: which owner was asked to connect which account, and how each can take it back.

Links and states stand here as their SHA-256 in hex alone, so that nobody who reads the database can follow one.
"""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Table, UniqueConstraint

from core.tables import metadata

# One row a link that was given out. It lives as long as the consent it led to, or a week after the link ran out.
consents = Table(
    "consents",
    metadata,
    Column("link", String, nullable=False),
    Column("team", String, nullable=False),
    Column("team_name", String, nullable=False),  # as the platform called it when the link was asked for
    Column("network", String, nullable=False),
    Column("creator", String, nullable=False),  # whose account it is, as the team calls them
    Column("handle", String, nullable=False),  # the only account that the link can connect
    Column("asked_by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("state", String),  # of the newest sign-in
    Column("browser", String),  # of whoever began it
    Column("redirect_uri", String),  # where the network sends them back to
    Column("begun_at", BigInteger),
    Column("taken_at", BigInteger),  # when its answer came: every state is good once
    Column("native_id", String),  # the account, from the moment something may be stored of it
    Column("withdrawal", String),  # the link that takes it all back
    Column("done_at", BigInteger),
    PrimaryKeyConstraint("link"),
    UniqueConstraint("state"),
    UniqueConstraint("withdrawal"),
)
