import pytest

from handrail.classifiers.errors import SettingsError
from handrail.evals.targets.target import TargetKind, parse_targets


def test_targets_are_known_by_their_names() -> None:
    """Scripted and recorded chatbots, models of Inspect's and URLs; what is scripted is labelled so."""
    assert all(t.name.startswith("scripted:") and t.labelled for t in parse_targets("scripted"))
    assert [t.name for t in parse_targets("scripted:eager")] == ["scripted:eager"]
    (model,) = parse_targets("openai/gpt-4o")
    assert (model.kind, model.name, model.labelled) == (TargetKind.INSPECT, "openai/gpt-4o", False)
    (url,) = parse_targets("http://127.0.0.1:11434/v1/", "ollama", "llama3")
    assert (url.url, url.dialect, url.name) == (
        "http://127.0.0.1:11434",
        "ollama",
        "llama3@http://127.0.0.1:11434",
    )


@pytest.mark.parametrize(
    ("given", "mend"),
    [
        ("scripted:nobody", "known chatbots"),
        ("gpt", "such as openai/gpt-4o"),
        ("http://x", "--model"),
        ("recorded:/nowhere", "no such file"),
    ],
)
def test_a_wrong_target_is_refused_with_the_mend(given: str, mend: str) -> None:
    """The message says what to write instead."""
    with pytest.raises(SettingsError, match=mend):
        parse_targets(given)
