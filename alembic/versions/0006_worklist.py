"""Work items."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_item",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("project_id", sa.UUID(), nullable=False),
        sa.Column("image_id", sa.UUID(), nullable=False),
        sa.Column("stage", sa.String(), server_default="annotate", nullable=False),
        sa.Column("state", sa.String(), server_default="todo", nullable=False),
        sa.Column("priority", sa.Float(precision=53), server_default="0.5", nullable=False),
        sa.Column("reason", sa.String(), server_default="in order of arrival", nullable=False),
        sa.Column("assignee_id", sa.UUID(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["user_account.id"], name=op.f("fk_work_item_assignee_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["image.id"], name=op.f("fk_work_item_image_id_image"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_work_item_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_item")),
        sa.UniqueConstraint("image_id", "stage", name=op.f("uq_work_item_image_id_stage")),
    )
    op.create_index("ix_work_item_assignee", "work_item", ["assignee_id", "state"], unique=False)
    op.create_index("ix_work_item_queue", "work_item", ["project_id", "state", "priority", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("work_item")
