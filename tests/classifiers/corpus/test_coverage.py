from pathlib import Path

from handrail.classifiers.corpus.coverage import coverage_table
from handrail.classifiers.corpus.rows import read_corpus
from handrail.classifiers.labels import BEHAVIOURS, HARMS, RISKS, RiskLevel

SCENARIOS = read_corpus()
DOCS = Path(__file__).parents[3] / "docs"


def test_every_cell_of_the_taxonomy_is_there() -> None:
    """Each risk at each level has at least 40 scenarios, each behaviour and harm at least 100 replies."""
    for risk in RISKS:
        for level in RiskLevel:
            assert sum(s.risk.get(risk) == level for s in SCENARIOS) >= 40, (risk, level)
    replies = [r for s in SCENARIOS for r in s.replies]
    for behaviour in BEHAVIOURS:
        assert sum(behaviour in r.behaviours for r in replies) >= 100, behaviour
    for harm in HARMS:
        assert sum(harm in r.harms for r in replies) >= 100, harm


def test_harmless_contexts_are_plenty() -> None:
    """At least 30 in 100 scenarios have no risk at all, and many are twins of risky ones."""
    assert sum(not s.risk for s in SCENARIOS) / len(SCENARIOS) >= 0.3
    assert sum(s.twin_of is not None for s in SCENARIOS) >= 200


def test_replies_to_one_scenario_differ_in_what_they_do() -> None:
    """Nearly every risky scenario has replies of different behaviours, so that the reply must be read."""
    risky = [s for s in SCENARIOS if s.risk]
    differing = [s for s in risky if len({r.behaviours for r in s.replies}) > 1]
    assert len(differing) / len(risky) > 0.98


def test_the_docs_show_the_table() -> None:
    """docs/coverage.md shows the table as the command prints it."""
    assert coverage_table(SCENARIOS) in (DOCS / "coverage.md").read_text()
