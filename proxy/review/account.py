"""Account: a person who may sign in to the review pages, and what their role lets them do. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from handrail.classifiers.errors import SettingsError

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
# Names on the trail that are nobody's.
_TAKEN = frozenset({"system", "unknown", "nobody", "me"})


class Role(StrEnum):
    """What somebody is there for.

    A reviewer reads and judges; a lead also hands out and takes back cases, and sees agreement and trail; an
    auditor sees everything and changes nothing.
    """

    REVIEWER = "reviewer"
    LEAD = "lead"
    AUDITOR = "auditor"


class May(StrEnum):
    """What a page needs of who asks."""

    SEE = "see"
    JUDGE = "judge"
    ASSIGN = "assign"
    OVERSEE = "oversee"


_ALLOWED: dict[Role, frozenset[May]] = {
    Role.REVIEWER: frozenset({May.SEE, May.JUDGE}),
    Role.LEAD: frozenset(May),
    Role.AUDITOR: frozenset({May.SEE, May.OVERSEE}),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A name, a role, and the hash of a password; None where a trusted proxy alone signs them in.

    `changed` is when password or role last changed, in seconds since 1970: sign-ins from before are over.
    """

    name: str
    role: Role
    password: str | None
    changed: float

    def may(self, what: May) -> bool:
        """Whether the role allows this."""
        return what in _ALLOWED[self.role]


def account_name(name: str) -> str:
    """A name as accounts have it: in small letters. Raises SettingsError for one that can't be."""
    plain = name.strip().lower()
    if not _NAME.fullmatch(plain) or plain in _TAKEN:
        raise SettingsError(
            "an account's name must be 1 to 64 letters, digits and . _ @ + -, a letter or digit first"
        )
    return plain
