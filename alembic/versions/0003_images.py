"""Uploads, dicom levels, images."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("project_id", sa.UUID(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("allow_identified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_upload_created_by_user_account")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_upload_job_id_job")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_upload_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_project_id"), "upload", ["project_id"], unique=False)
    op.create_table(
        "upload_file",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("upload_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("state", sa.String(), server_default="receiving", nullable=False),
        sa.Column("source", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_upload_file_upload_id_upload"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_file")),
    )
    op.create_index(op.f("ix_upload_file_upload_id"), "upload_file", ["upload_id"], unique=False)
    op.create_table(
        "upload_item",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("upload_id", sa.UUID(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("files", sa.Integer(), server_default="1", nullable=False),
        sa.Column("members", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=True),
        sa.Column("image_ids", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_upload_item_upload_id_upload"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_item")),
    )
    op.create_index("ix_upload_item_page", "upload_item", ["upload_id", "id"], unique=False)
    op.create_table(
        "study",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("project_id", sa.UUID(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("patient_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_study_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint("project_id", "uid", name=op.f("uq_study_project_id_uid")),
    )
    op.create_index(op.f("ix_study_patient_key"), "study", ["patient_key"], unique=False)
    op.create_table(
        "series",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("project_id", sa.UUID(), nullable=False),
        sa.Column("study_id", sa.UUID(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("dicom_json", postgresql.BYTEA(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_series_project_id_project")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_series_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("project_id", "uid", name=op.f("uq_series_project_id_uid")),
    )
    op.create_index(op.f("ix_series_study_id"), "series", ["study_id"], unique=False)
    op.create_table(
        "dicom_instance",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("project_id", sa.UUID(), nullable=False),
        sa.Column("series_id", sa.UUID(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("sop_class", sa.String(), nullable=False),
        sa.Column("transfer_syntax", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("object_offset", sa.BigInteger(), nullable=False),
        sa.Column("object_length", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_key"], ["stored_object.key"], name=op.f("fk_dicom_instance_object_key_stored_object")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_dicom_instance_project_id_project")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_dicom_instance_series_id_series")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dicom_instance")),
        sa.UniqueConstraint("project_id", "uid", name=op.f("uq_dicom_instance_project_id_uid")),
    )
    op.create_index(op.f("ix_dicom_instance_series_id"), "dicom_instance", ["series_id"], unique=False)
    op.create_table(
        "image",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("project_id", sa.UUID(), nullable=False),
        sa.Column("series_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("shape", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("dtype", sa.String(), nullable=False),
        sa.Column("affine", postgresql.ARRAY(sa.Float(precision=53)), nullable=True),
        sa.Column("spacing", postgresql.ARRAY(sa.Float(precision=53)), nullable=True),
        sa.Column("spacing_source", sa.String(), nullable=True),
        sa.Column("frame_of_reference", sa.String(), nullable=True),
        sa.Column("rescale", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("display", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("partial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("notes", postgresql.ARRAY(sa.TEXT()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("source", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("voxel_digest", postgresql.BYTEA(), nullable=False),
        sa.Column("pixel_key", sa.String(), nullable=False),
        sa.Column("pixel_layout", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("original_key", sa.String(), nullable=True),
        sa.Column("thumbnail", postgresql.BYTEA(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["original_key"], ["stored_object.key"], name=op.f("fk_image_original_key_stored_object")
        ),
        sa.ForeignKeyConstraint(["pixel_key"], ["stored_object.key"], name=op.f("fk_image_pixel_key_stored_object")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_image_project_id_project")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_image_series_id_series")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_image_project_id_name")),
    )
    op.create_index("ix_image_page", "image", ["project_id", "id"], unique=False)
    op.create_index(op.f("ix_image_series_id"), "image", ["series_id"], unique=False)
    op.create_index("ix_image_voxel_digest", "image", ["project_id", "voxel_digest"], unique=False)
    op.create_table(
        "image_frame",
        sa.Column("image_id", sa.UUID(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.UUID(), nullable=False),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("position", postgresql.ARRAY(sa.Float(precision=53)), nullable=True),
        sa.ForeignKeyConstraint(
            ["image_id"], ["image.id"], name=op.f("fk_image_frame_image_id_image"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["dicom_instance.id"], name=op.f("fk_image_frame_instance_id_dicom_instance")
        ),
        sa.PrimaryKeyConstraint("image_id", "k", name=op.f("pk_image_frame")),
    )
    op.create_index(op.f("ix_image_frame_instance_id"), "image_frame", ["instance_id"], unique=False)


def downgrade() -> None:
    op.drop_table("image_frame")
    op.drop_table("image")
    op.drop_table("dicom_instance")
    op.drop_table("series")
    op.drop_table("study")
    op.drop_table("upload_item")
    op.drop_table("upload_file")
    op.drop_table("upload")
