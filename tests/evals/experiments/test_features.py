from handrail.evals.experiments.features import read_features, safety_prompt


def test_the_safety_prompt_asks_for_all_seventeen_features() -> None:
    """Every feature's sentence is in the prompt, in order."""
    prompt = safety_prompt()
    places = [prompt.index(f.prompt) for f in read_features()]
    assert len(places) == 17
    assert places == sorted(places)
