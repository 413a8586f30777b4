import pytest

from handrail.classifiers.corpus.rows import read_corpus

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]


def test_what_is_held_out_is_never_trained_on() -> None:
    """No reply of a test set is among the training sequences, whatever was held out."""
    from handrail.classifiers.training.designs import without_held
    from handrail.evals.compare import held_out_sets

    scenarios = read_corpus()
    kept = [without_held(s) for s in scenarios if s.split == "train"]
    trained = {(s.id, r.text) for s in kept if s is not None for r in s.replies}
    for pairs in held_out_sets(scenarios).values():
        assert pairs
        assert not trained & {(s.id, r.text) for s, r in pairs}


def test_every_design_is_measured() -> None:
    """A small run trains every design and gives each its line for each test set that has replies."""
    from handrail.classifiers.training.designs import ARMS, Workbench
    from handrail.classifiers.training.fit import FitSettings
    from handrail.evals.compare import compare

    bench = Workbench(read_corpus()[:90], FitSettings(epochs=1), 0)
    lines = compare(bench, lambda line: None)
    names = {line.split("|")[1].strip() for line in lines}
    assert len(names) == len(ARMS) + 2
