"""The label store and proposals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "segmentation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("no", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("image_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("reader_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("submitted_seq", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_segmentation_image_id_image")),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["user_account.id"], name=op.f("fk_segmentation_reader_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segmentation")),
        sa.UniqueConstraint(
            "image_id",
            "purpose",
            "reader_id",
            name=op.f("uq_segmentation_image_id_purpose_reader_id"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.UniqueConstraint("no", name=op.f("uq_segmentation_no")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "revision",
        sa.Column("segmentation_no", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.UUID(), nullable=False),
        sa.Column("body_digest", postgresql.BYTEA(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=True),
        sa.Column("model_version_id", sa.UUID(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("tool", sa.String(), nullable=True),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("depth", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("active_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("positions", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("segments", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("stats", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_revision_author_id_user_account")),
        sa.ForeignKeyConstraint(
            ["segmentation_no"], ["segmentation.no"], name=op.f("fk_revision_segmentation_no_segmentation")
        ),
        sa.PrimaryKeyConstraint("segmentation_no", "seq", name=op.f("pk_revision")),
        sa.UniqueConstraint("segmentation_no", "key", name=op.f("uq_revision_segmentation_no_key")),
        sa.UniqueConstraint("segmentation_no", "undoes", name=op.f("uq_revision_segmentation_no_undoes")),
    )
    op.create_table(
        "label_tile",
        sa.Column("segmentation_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pos", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("patch", postgresql.BYTEA(), nullable=True),
        sa.Column("bytes", postgresql.BYTEA(), nullable=True),
        sa.PrimaryKeyConstraint("segmentation_no", "pos", "seq", name=op.f("pk_label_tile")),
        postgresql_partition_by="HASH (segmentation_no)",
    )
    op.create_table(
        "label_head",
        sa.Column("segmentation_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pos", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("segmentation_no", "pos", name=op.f("pk_label_head")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "segment",
        sa.Column("segmentation_no", sa.BigInteger(), nullable=False),
        sa.Column("first_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label_id", sa.UUID(), nullable=False),
        sa.Column("layer", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("colour", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("deleted_seq", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_segment_label_id_label")),
        sa.ForeignKeyConstraint(
            ["segmentation_no"], ["segmentation.no"], name=op.f("fk_segment_segmentation_no_segmentation")
        ),
        sa.PrimaryKeyConstraint("segmentation_no", "first_number", "last_number", name=op.f("pk_segment")),
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("segmentation_id", sa.UUID(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("model_version_id", sa.UUID(), nullable=True),
        sa.Column("segmenter", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("model_hash", sa.String(), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), server_default="ready", nullable=False),
        sa.Column("at_seq", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("segments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stats", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("accepted_seq", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_proposal_created_by_user_account")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_proposal_job_id_job")),
        sa.ForeignKeyConstraint(
            ["model_version_id"], ["model_version.id"], name=op.f("fk_proposal_model_version_id_model_version")
        ),
        sa.ForeignKeyConstraint(
            ["segmentation_id"], ["segmentation.id"], name=op.f("fk_proposal_segmentation_id_segmentation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_segmentation_id"), "proposal", ["segmentation_id"], unique=False)
    op.create_table(
        "proposal_tile",
        sa.Column("proposal_id", sa.UUID(), nullable=False),
        sa.Column("pos", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bytes", postgresql.BYTEA(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name=op.f("fk_proposal_tile_proposal_id_proposal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("proposal_id", "pos", name=op.f("pk_proposal_tile")),
    )

    for part in range(16):
        op.execute(
            f"CREATE TABLE label_tile_{part} PARTITION OF label_tile FOR VALUES WITH (MODULUS 16, REMAINDER {part})"
        )
        op.execute(f"ALTER TABLE label_tile_{part} ALTER bytes SET STORAGE EXTERNAL, ALTER patch SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("proposal_tile")
    op.drop_table("proposal")
    op.drop_table("segment")
    op.drop_table("label_head")
    op.drop_table("label_tile")
    op.drop_table("revision")
    op.drop_table("segmentation")
