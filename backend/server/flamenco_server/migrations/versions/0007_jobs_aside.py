"""Paused and failed jobs are summed up as they change."""

from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

STATES = ('paused', 'failed')


def upgrade() -> None:
    for state in STATES:
        op.execute(
            f"INSERT INTO totals (name, value) SELECT '{state} jobs', count(*) FROM jobs "
            f"WHERE state = '{state}' AND NOT archived"
        )


def downgrade() -> None:
    for state in STATES:
        op.execute(f"DELETE FROM totals WHERE name = '{state} jobs'")
