"""Where: how a place to turn to is named in a language."""

from string import Formatter

from pydantic import BaseModel, ConfigDict, model_validator


class Where(BaseModel):
    """How a place to turn to is named: one phrase a kind of service, and the sentences around them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: str = "call {contact} ({name}, {hours})"
    text: str = "text {contact} ({name}, {hours})"
    chat: str = "chat at {contact} ({name}, {hours})"
    web: str = "see {contact} ({name}, {hours})"
    here: str = "In {place} you can {options}. If you are in danger right now, please call {emergency}."
    anywhere: str = (
        "Wherever you are, you can find people to talk to: {options}. "
        "If you are in danger right now, please call your local emergency number."
    )
    between: str = ", or "
    between_anywhere: str = "; or "

    @model_validator(mode="after")
    def _sound(self) -> "Where":
        for name in ("call", "text", "chat", "web"):
            _check_slots(name, getattr(self, name), {"contact", "name", "hours"}, {"contact"})
        _check_slots("here", self.here, {"place", "options", "emergency"}, {"options", "emergency"})
        _check_slots("anywhere", self.anywhere, {"options"}, {"options"})
        return self


def _check_slots(name: str, phrase: str, known: set[str], needed: set[str]) -> None:
    """Raise ValueError unless a phrase has the slots it needs in braces, and none that can't be filled."""
    try:
        found = {slot for _, slot, _, _ in Formatter().parse(phrase) if slot is not None}
    except ValueError:
        found = {""}
    if not needed <= found <= known:
        raise ValueError(f"{name}: must have {_braced(needed)}; only {_braced(known)} may stand in braces")


def _braced(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
