"""Run migrations on the connection that the caller gives (`maskloop migrate`, tests)."""

from alembic import context

from maskloop.tables import metadata


def include_object(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """Leave the partitions of label_tile out of comparisons: they are not in the metadata."""
    return not (kind == "table" and name is not None and name.startswith("label_tile_"))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    include_object=include_object,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
