"""Arm: how the chatbot is met: bare or guarded, with the safety prompt or without."""

from enum import StrEnum


class Arm(StrEnum):
    """The five ways in which the same chatbot is asked the same thing."""

    BARE = "bare"
    PROMPT = "prompt"
    GUARD = "guard"
    BOTH = "both"
    SHADOW = "shadow"

    @property
    def prompted(self) -> bool:
        """Whether the safety prompt (the paper's steel-man prompt, in our words) goes before everything."""
        return self in {Arm.PROMPT, Arm.BOTH}

    @property
    def guarded(self) -> bool:
        """Whether handrail stands in front of the chatbot."""
        return self in {Arm.GUARD, Arm.BOTH, Arm.SHADOW}

    @property
    def unguarded(self) -> "Arm":
        """The arm that differs from this one in the guard alone."""
        return Arm.PROMPT if self.prompted else Arm.BARE


ARMS: tuple[Arm, ...] = tuple(Arm)
ARM_NAMES: dict[Arm, str] = {
    Arm.BARE: "bare",
    Arm.PROMPT: "safety prompt",
    Arm.GUARD: "guard",
    Arm.BOTH: "guard and safety prompt",
    Arm.SHADOW: "guard in shadow",
}
