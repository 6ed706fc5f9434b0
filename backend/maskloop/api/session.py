"""One transaction per request, committed before the response is sent."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from maskloop.core.db import session_scope


def open_session() -> Iterator[Session]:
    """Yield the transaction of this request."""
    with session_scope() as session:
        yield session


SessionDep = Annotated[Session, Depends(open_session, scope="function")]
