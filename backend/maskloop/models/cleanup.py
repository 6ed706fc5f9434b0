"""Nothing of a refused network is kept."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from maskloop.core.objects import StoredObject
from maskloop.models.tables import ModelVersion


def forget_unused(session: Session, keys: Sequence[str]) -> list[str]:
    """Remove the records of objects that no model version names; return their keys for the caller to delete."""
    unused = [
        key
        for key in keys
        if not session.scalar(
            select(func.count())
            .select_from(ModelVersion)
            .where(ModelVersion.object_keys.cast(JSONB).contains([{"key": key}]))
        )
    ]
    session.execute(delete(StoredObject).where(StoredObject.key.in_(unused)))
    return unused
