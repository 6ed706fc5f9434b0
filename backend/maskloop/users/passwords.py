"""Passwords: argon2id hashes, and a check that takes equally long whether or not the user exists."""

from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from maskloop.core.errors import Invalid
from maskloop.core.settings import get_settings

SHORTEST, LONGEST = 10, 1000


def hash_password(password: str) -> str:
    """Return what is stored. Raises Invalid when the password is too short or absurdly long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"A password has {SHORTEST} to {LONGEST} characters.", code="bad-password")
    return _hasher(get_settings().password_memory_kib).hash(password)


def check_password(stored: str | None, password: str) -> tuple[bool, str | None]:
    """Return whether `password` is right, and a new hash where the stored one has old parameters.

    Without a stored hash (no such user, no password) the same work is done on a decoy, and the answer is no.
    """
    memory_kib = get_settings().password_memory_kib
    if len(password) > LONGEST:
        return False, None
    right, renewed = _hasher(memory_kib).verify_and_update(password, stored or _decoy(memory_kib))
    return (right, renewed) if stored else (False, None)


@cache
def _hasher(memory_kib: int) -> PasswordHash:
    return PasswordHash((Argon2Hasher(time_cost=3, memory_cost=memory_kib, parallelism=4),))


@cache
def _decoy(memory_kib: int) -> str:
    return _hasher(memory_kib).hash("nobody has this password")
