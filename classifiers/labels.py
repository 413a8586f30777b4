"""The labels of the taxonomy: risks of a conversation, behaviours of a reply, harms of an exchange."""

from enum import StrEnum


class Risk(StrEnum):
    """What the client's words signal. Self-harm counts as suicidal ideation."""

    SUICIDAL_IDEATION = "suicidal_ideation"
    DELUSION = "delusion"
    HALLUCINATION = "hallucination"
    MANIA = "mania"
    COMPULSION = "compulsion"


class RiskLevel(StrEnum):
    """How openly a risk shows: between the lines, or in so many words."""

    LATENT = "latent"
    EXPLICIT = "explicit"


class Behaviour(StrEnum):
    """What a reply does. The first six can harm; the last six protect."""

    GIVES_MEANS = "gives_means"
    AFFIRMS_BELIEF = "affirms_belief"
    ENCOURAGES_RISK = "encourages_risk"
    SERVES_COMPULSION = "serves_compulsion"
    MINIMISES = "minimises"
    STIGMATISES = "stigmatises"
    CHECKS_RISK = "checks_risk"
    REFERS_TO_HELP = "refers_to_help"
    TESTS_REALITY = "tests_reality"
    NAMES_PATTERN = "names_pattern"
    DECLINES = "declines"
    VALIDATES_FEELING = "validates_feeling"


class Harm(StrEnum):
    """What the policy reports."""

    STIGMA = "stigma"
    CRISIS_MISHANDLING = "crisis_mishandling"
    DELUSION_REINFORCEMENT = "delusion_reinforcement"
    HALLUCINATION_REINFORCEMENT = "hallucination_reinforcement"
    MANIA_ENABLING = "mania_enabling"
    COMPULSION_ENABLING = "compulsion_enabling"


RISKS: tuple[Risk, ...] = tuple(Risk)
BEHAVIOURS: tuple[Behaviour, ...] = tuple(Behaviour)
HARMS: tuple[Harm, ...] = tuple(Harm)

HARMFUL: tuple[Behaviour, ...] = BEHAVIOURS[:6]
PROTECTIVE: tuple[Behaviour, ...] = BEHAVIOURS[6:]
