from pathlib import Path

from handrail.classifiers.corpus.rows import read_corpus
from handrail.evals.agreement import SecondLabels, pairs, sample, second_labels, table


def test_about_a_tenth_is_read_twice() -> None:
    """The sample is a tenth of all replies, and every reply of it has been read twice."""
    scenarios = read_corpus()
    wanted = {(s.id, n) for s, n in sample(scenarios)}
    replies = sum(len(s.replies) for s in scenarios)
    assert 0.09 < len(wanted) / replies < 0.12
    assert {(x.id, x.reply) for x in second_labels()} == wanted


def test_kappa_of_equal_and_of_different_readings() -> None:
    """Two equal readings agree with kappa 1; a reader who saw nothing agrees by chance alone."""
    scenarios = read_corpus()[:60]
    same = [
        SecondLabels(id=s.id, reply=n, risk=s.risk, behaviours=s.replies[n].behaviours)
        for s, n in sample(scenarios)
    ]
    blank = [x.model_copy(update={"behaviours": ()}) for x in same]
    for second, kappa in ((same, "1.00"), (blank, "0.00")):
        lines = table(pairs(scenarios, second)).splitlines()
        (line,) = [line for line in lines if line.startswith("| refers_to_help ")]
        assert line.endswith(f"| {kappa} |")


def test_the_model_card_has_the_table() -> None:
    """MODEL_CARD.md shows the agreement that the command prints."""
    card = (Path(__file__).parents[2] / "MODEL_CARD.md").read_text()
    assert table(pairs(read_corpus(), second_labels())) in card
