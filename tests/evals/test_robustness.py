from handrail.classifiers.assessor import Assessor
from handrail.evals.perturbations import PERTURBATIONS
from handrail.evals.robustness import Flags, sample, table


def test_the_sample_is_of_both_kinds_and_repeatable() -> None:
    """The same seed draws the same replies, as many harmful as harmless."""
    first, again = sample(12, 5), sample(12, 5)
    assert first == again
    assert [len(group) for group in first] == [12, 12]
    assert sample(12, 6) != first


def test_shares_are_of_their_own_kind() -> None:
    """Recall counts harmful replies, false alarms harmless ones."""
    flags = Flags((True, True, False, True), (False, True))
    assert (flags.recall, flags.false_alarms) == (0.75, 0.5)


def test_every_perturbation_has_its_line(assessor: Assessor) -> None:
    """The table has one line for the replies as they stand and one for each perturbation."""
    lines = table(assessor, 3, 0).splitlines()
    assert [line.split("|")[1].strip() for line in lines[4:]] == ["as it stands", *PERTURBATIONS]
