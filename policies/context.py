"""Context: what is known of a request apart from the words in it."""

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import ConfigDict, Field

from handrail.policies.resources import Directory
from handrail.policies.session import SessionState

Token = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._+-]{0,63}$")]
Hour = Annotated[int, Field(ge=0, le=23)]


@dataclass(frozen=True, slots=True)
class Context:
    """Where, when and for whom a reply is judged; None is "not known", and matches no condition.

    `country` is an ISO 3166 code of the directory, `locale` what the person's place and language were given
    as ("en-GB"), `route` the path that was asked, `persona` and `age_band` short tokens that the app gives,
    in lower case, `hour` the person's local hour (0 to 23), `failed` the policy's names of the
    validators of others that the reply failed.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    country: str | None = None
    locale: str | None = None
    route: str | None = None
    persona: Token | None = None
    age_band: Token | None = None
    hour: Hour | None = None
    session: SessionState | None = None
    failed: frozenset[str] | None = None

    def located(self, directory: Directory) -> "Context":
        """The same, in the country of its locale where none is given."""
        return self if self.country else replace(self, country=directory.country_of(self.locale))


# Of an exchange from a file, an example or a study nothing more may be known.
NOWHERE = Context()
