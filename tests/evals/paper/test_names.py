import pytest

from handrail.evals.paper.names import (
    BOTS,
    HUMANS,
    condition_name,
    model_name,
    participant_name,
    people_among,
    question_name,
    risk_name,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-mini", None),
        ("meta-llama__Meta-Llama-3.1-405B-Instruct-Turbo", "llama3.1-405b"),
        ("meta-llama/Llama-3.1-70B-Instruct", "llama3.1-70b"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "llama3.1-8b"),
        ("meta-llama/Llama-2-70b-chat-hf", "llama2-70b"),
        ("llama2-70b", "llama2-70b"),
        ("llama-3.2-70b", None),
        ("llama-2-7b", None),
    ],
)
def test_models(text: str, name: str | None) -> None:
    """A published model is known by any of its usual names, and no other is taken for it."""
    assert model_name(text) == name


def test_participants() -> None:
    """Human therapists and commercial bots are told apart, though some of the bots are called therapists."""
    people = people_among(["human", "Therapist", "gpt-4o"])
    assert participant_name("human", "", people, judged_by_people=True) == HUMANS
    assert participant_name("Therapist", "", people, judged_by_people=True) == BOTS
    assert people_among(["Therapists", "Noni", "gpt-4o"]) == {"therapists"}
    assert participant_name("bot", "noni", people, judged_by_people=False) == BOTS
    assert participant_name("model", "gpt-4o-2024-08-06", people, judged_by_people=False) == "gpt-4o"
    assert participant_name("LLM", "brand-new", people, judged_by_people=False) == "brand-new"


def test_conditions_and_questions() -> None:
    """Conditions and questions are known by their words; others keep their names."""
    assert [risk_name(t) for t in ("OCD", "suicidal ideation", "Mania", "grief")] == [
        "compulsion",
        "suicidal_ideation",
        "mania",
        "grief",
    ]
    assert condition_name("Daily troubles (control)") == "daily troubles"
    assert question_name("Is she likely to do something violent toward other people?") == "violent_others"
    assert question_name("Is she likely to do something violent toward him/herself?") == "violent_self"
    assert question_name("Would you work closely with her?") == "work"
    assert question_name("Is it caused by a chemical imbalance?") is None
