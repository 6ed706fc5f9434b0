"""Up to when the old tiles of a segmentation were thinned."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("segmentation", sa.Column("thinned_before", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("segmentation", "thinned_before")
