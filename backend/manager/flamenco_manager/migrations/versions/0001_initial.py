"""Everything as it is at first."""

import sqlalchemy as sa
from alembic import op


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
OPEN = sa.text("status = 'processing'")


def upgrade() -> None:
    op.create_table(
        'workers',
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('id', sa.String(64), nullable=False),
        sa.Column('identity', sa.String(200), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('abilities', sa.Text(), nullable=False),
        sa.Column('token_hash', sa.String(64), nullable=False),
        sa.Column('previous_hash', sa.String(64), nullable=False),
        sa.Column('state', sa.String(20), nullable=False),
        sa.Column('enabled', sa.Boolean(), nullable=False),
        sa.Column('wish_state', sa.String(20), nullable=False),
        sa.Column('wish_when', sa.String(20), nullable=False),
        sa.Column('done_state', sa.String(20), nullable=False),
        sa.Column('tags', sa.Text(), nullable=False),
        sa.Column('schedule', sa.Text(), nullable=False),
        sa.Column('session', sa.Integer(), nullable=False),
        sa.Column('unreported', sa.Boolean(), nullable=False),
        sa.Column('registered_at', sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint('number', name='pk_workers'),
        sa.UniqueConstraint('id', name='uq_workers_id'),
        sa.UniqueConstraint('identity', name='uq_workers_identity'),
        sqlite_autoincrement=True,
    )
    op.create_table(
        'facts',
        sa.Column('name', sa.String(40), nullable=False),
        sa.Column('value', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('name', name='pk_facts'),
    )
    op.create_table(
        'runs',
        sa.Column('id', sa.String(64), nullable=False),
        sa.Column('worker_id', sa.String(64), nullable=False),
        sa.Column('task_id', BIG, nullable=False),
        sa.Column('job_id', BIG, nullable=False),
        sa.Column('document', sa.Text(), nullable=False),
        sa.Column('status', sa.String(20), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('seq', sa.BigInteger(), nullable=False),
        sa.Column('log_size', sa.BigInteger(), nullable=False),
        sa.Column('starts', sa.Integer(), nullable=False),
        sa.Column('session', sa.Integer(), nullable=False),
        sa.Column('claimed_at', sa.Double(), nullable=False),
        sa.Column('finished_at', sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint('id', name='pk_runs'),
    )
    op.create_index('ix_runs_open', 'runs', ['worker_id'], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index('ix_runs_finished_at', 'runs', ['finished_at'])
    op.create_table(
        'leases',
        sa.Column('id', sa.String(64), nullable=False),
        sa.Column('workers', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('id', name='pk_leases'),
    )
    op.create_table(
        'outbox',
        sa.Column('number', BIG, nullable=False),
        sa.Column('run_id', sa.String(64), nullable=False),
        sa.Column('body', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('number', name='pk_outbox'),
        sqlite_autoincrement=True,
    )
    op.create_index('ix_outbox_run_id', 'outbox', ['run_id'])
    op.create_table(
        'pins',
        sa.Column('sha256', sa.String(64), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('sha256', name='pk_pins'),
    )


def downgrade() -> None:
    for table in ('pins', 'outbox', 'leases', 'runs', 'facts', 'workers'):
        op.drop_table(table)
