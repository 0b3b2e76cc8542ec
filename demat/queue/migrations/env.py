"""Run the revisions on the connection that ``demat.queue.migrate`` hands over."""

from alembic import context

from demat.queue.model import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite cannot alter a table in place
)
with context.begin_transaction():
    context.run_migrations()
