"""Sums of what the farm did and what it holds."""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('totals',
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_totals'))
    )
    op.create_table('work_slots',
    sa.Column('start', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('manager_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('workers', sa.Integer(), nullable=False),
    sa.Column('busy_seconds', sa.Double(), nullable=False),
    sa.Column('completed', sa.Integer(), nullable=False),
    sa.Column('failed', sa.Integer(), nullable=False),
    sa.Column('lost', sa.Integer(), nullable=False),
    sa.Column('frames', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('start', 'manager_id', name=op.f('pk_work_slots'))
    )
    op.create_table('worker_hours',
    sa.Column('worker_id', sa.String(length=64), nullable=False),
    sa.Column('start', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('busy_seconds', sa.Double(), nullable=False),
    sa.Column('completed', sa.Integer(), nullable=False),
    sa.Column('failed', sa.Integer(), nullable=False),
    sa.Column('lost', sa.Integer(), nullable=False),
    sa.Column('frames', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('worker_id', 'start', name=op.f('pk_worker_hours'))
    )
    with op.batch_alter_table('worker_hours', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_worker_hours_start'), ['start'], unique=False)

    op.execute("INSERT INTO totals (name, value) SELECT 'files', count(*) FROM files WHERE NOT condemned")
    op.execute(
        "INSERT INTO totals (name, value) SELECT 'bytes of files', coalesce(sum(size), 0) FROM files WHERE NOT condemned"
    )


def downgrade() -> None:
    with op.batch_alter_table('worker_hours', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_worker_hours_start'))

    op.drop_table('worker_hours')
    op.drop_table('work_slots')
    op.drop_table('totals')
