"""Outside: validators of Guardrails AI that a policy asks, beside our own reading."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from handrail.classifiers.exchange import Exchange
from handrail.policies.condition import OutsideName, Part

# Whether a validator, by the policy's name for it, fails a reply. Raises whatever the validator does.
Ask = Callable[[str, Exchange], bool]


def nobody(name: str, exchange: Exchange) -> bool:
    """For a policy that names no validators. Raises LookupError."""
    raise LookupError(name)


class Outside(Part):
    """One validator, as a policy declares it under a name of its own.

    `use` is the name under which it is registered. `module` is imported first, for validators of the
    operator's own. One that takes longer than `seconds`, or raises, counts as passed, or as failed where
    `on_error` says so.
    """

    use: str = Field(min_length=1, description="registered name, such as guardrails/regex_match")
    arguments: Mapping[str, Any] = Field(default_factory=dict, description="what it is made with")
    module: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*$")] | None = Field(
        default=None, description="Python module that registers it, imported first"
    )
    seconds: float = Field(default=2.0, gt=0, le=60, description="longest time it may take")
    on_error: Literal["pass", "fail"] = Field(default="pass", description="what counts when it can't tell")


Outsides = Mapping[OutsideName, Outside]
