"""Logs of machines have longer names than those of runs."""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

TABLES = ('log_wishes', 'log_states', 'log_chunks')


def _to(length: int) -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column('run_id', type_=sa.String(length=length), existing_nullable=False)


def upgrade() -> None:
    _to(80)


def downgrade() -> None:
    # Copies only: their managers have them.
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE run_id LIKE '%.%'")
    _to(40)
