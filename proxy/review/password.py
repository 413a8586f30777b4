"""Password: kept as Argon2id alone (RFC 9106), with the library's parameters; never logged or shown again."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from handrail.classifiers.errors import SettingsError

LEAST, MOST = 12, 256
_HASHER = PasswordHasher()
# Each hashing takes 64 MiB: a flood of sign-ins must not take all memory.
_AT_ONCE = 2


def hashed(password: str) -> str:
    """The hash to keep. Raises SettingsError for a password that is too short or too long."""
    if not LEAST <= len(password) <= MOST:
        raise SettingsError(f"password: must have {LEAST} to {MOST} characters; a few random words are good")
    return _HASHER.hash(password)


class Checker:
    """Compares passwords with hashes, a few at a time, off the event loop."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_AT_ONCE)
        # Compared with where there is no account, so that the time taken does not tell which exist.
        self._decoy = _HASHER.hash("nobody has this password")

    async def fits(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one kept; takes as long where none is."""
        async with self._room:
            same = await asyncio.to_thread(_same, kept or self._decoy, password[:MOST])
        return same and kept is not None and len(password) <= MOST


def _same(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
