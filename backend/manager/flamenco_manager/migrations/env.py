"""How Alembic reaches the database: always over a connection that `migrating` hands in."""

from alembic import context

from flamenco_manager.models import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
