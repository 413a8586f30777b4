"""Pseudonym: names of users and sessions as they are kept, from which nobody can tell the name."""

import hashlib
import hmac
import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Keyed hashes (HMAC-SHA256): the same name always gives the same, and only the secret leads there."""

    secret: bytes

    def of(self, name: str) -> str:
        """The pseudonym of a name."""
        digest = hmac.new(self.secret, name.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"u_{digest.hexdigest()[:32]}"


def new_secret() -> str:
    """A secret for pseudonyms, as stores keep it."""
    return os.urandom(32).hex()
