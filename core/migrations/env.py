"""What Alembic runs for every command; the caller hands over an open connection."""

from alembic import context

from core.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column: batch mode copies the table
)
with context.begin_transaction():
    context.run_migrations()
