"""The Idempotency-Key header: a repeated request gets the first answer."""

from typing import Annotated
from uuid import UUID

from fastapi import Header

IdempotencyKey = Annotated[UUID, Header(alias="Idempotency-Key", description="a UUID; same key, same answer")]
OptionalIdempotencyKey = Annotated[UUID | None, Header(alias="Idempotency-Key")]
