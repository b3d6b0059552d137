"""What outputs were before they were made anew."""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('earlier_outputs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('output_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('run_id', sa.String(length=40), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('thumbnail', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['output_id'], ['outputs.id'], name=op.f('fk_earlier_outputs_output_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_earlier_outputs'))
    )
    with op.batch_alter_table('earlier_outputs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_earlier_outputs_output_id'), ['output_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('earlier_outputs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_earlier_outputs_output_id'))

    op.drop_table('earlier_outputs')
