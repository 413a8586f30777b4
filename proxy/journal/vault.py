"""Vault: what people said, sealed with AES-256-GCM before any store sees it.

A sealed text is bound to the id of its record and the name of its field: moved elsewhere, it does not open.
Keys have names, so that several can be at hand while one takes another's place: the first of them seals,
all of them open. Without a key texts are kept as they are.
"""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handrail.classifiers.errors import SealedError, SettingsError

_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
_KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals with the key of one name, opens with any it has; without a key (None) seals nothing."""

    current: str | None = None
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def renews(self, key: str | None) -> bool:
        """Whether what was sealed with the key of this name (None: it was not) can be sealed with ours."""
        return self.current is not None and key != self.current and (key is None or key in self.keys)

    def seal(self, record: str, name: str, text: str) -> str:
        """A text of a record's field as it is to be kept."""
        if self.current is None:
            return text
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, text.encode(), _bound(record, name))
        return base64.b64encode(nonce + sealed).decode()

    def open(self, key: str | None, record: str, name: str, text: str) -> str:
        """The text that was sealed with the key of this name (None: it was not). Raises SealedError."""
        if key is None:
            return text
        if key not in self.keys:
            raise SealedError(f"{record} is sealed with key {key!r}, which is not at hand")
        try:
            sealed = base64.b64decode(text, validate=True)
            opened = AESGCM(self.keys[key]).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(record, name)
            )
        except (InvalidTag, ValueError) as error:
            raise SealedError(f"{record}: its {name} was altered, or its key {key!r} is wrong") from error
        return opened.decode()


def read_vault(keys: str | None, path: Path | None) -> Vault:
    """The vault of the settings `journal_key` and `journal_key_path`. Raises SettingsError.

    Keys stand one a line, or parted by commas, as NAME:BASE64 of 32 bytes; the first one seals.
    """
    if path is not None:
        if keys is not None:
            raise SettingsError("journal_key: give the key itself or journal_key_path, not both")
        keys = _read_file(path)
    named = [_read_key(line.strip()) for line in re.split(r"[,\n]", keys or "") if line.strip()]
    if keys is not None and not named:
        raise SettingsError("journal_key: holds no key; make one with `handrail journal new-key`")
    if len(dict(named)) < len(named):
        raise SettingsError("journal_key: two keys have the same name")
    return Vault(named[0][0] if named else None, dict(named))


def new_key(name: str) -> str:
    """A fresh key of this name, as settings take it. Raises SettingsError for a name that is none."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"a key's name must be letters, digits and . _ -, at most 40: {name!r} is not")
    return f"{name}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}"


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"journal_key_path: {path} can't be read as keys, one NAME:BASE64 a line"
        ) from error


def _read_key(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.rpartition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES or (name and not _NAME.fullmatch(name)):
        # The line itself is a secret and is not shown.
        raise SettingsError(
            "journal_key: each key must be NAME:BASE64 of 32 bytes, as `handrail journal new-key`"
        )
    return name or hashlib.sha256(key).hexdigest()[:8], key


def _bound(record: str, name: str) -> bytes:
    return f"handrail\n{record}\n{name}".encode()
