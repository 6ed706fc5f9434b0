"""Which renumbering the numbers of a segmentation follow."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("segmentation", sa.Column("numbering", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("segmentation", "numbering")
