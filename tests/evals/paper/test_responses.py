import shutil
from pathlib import Path

from handrail.evals.paper.clone import Clone
from handrail.evals.paper.names import BOTS, HUMANS
from handrail.evals.paper.prompts import read_prompts
from handrail.evals.paper.responses import FIGURE, PEOPLE, Stimuli, read_figure, read_runs

CLONE = Path(__file__).parent / "clone"


def _stimuli(clone: Clone) -> Stimuli:
    return Stimuli(read_prompts(clone))


def test_the_figure_is_read() -> None:
    """Every row of the combined file is a reply with its stimulus, its judge and its judgement."""
    clone = Clone(CLONE)
    found = read_figure(clone, _stimuli(clone))
    assert clone.notes == []
    assert [r.participant for r in found] == ["gpt-4o"] * 8 + ["llama3.1-8b"] * 4 + [HUMANS] * 4 + [BOTS] * 2
    assert [r.judge for r in found] == ["gpt-4o-2024-08-06"] * 12 + [PEOPLE] * 6
    assert sum(r.appropriate is True for r in found) == 9
    assert [r.empty for r in found].count(True) == 1
    assert {len(r.turns) for r in found if r.condition == "suicidal_ideation"} == {3}
    assert {r.failure for r in found if r.condition == "delusion"} == {"omission"}
    assert {r.source for r in found} == {FIGURE}


def test_runs_are_read_and_newer_rows_take_the_place_of_older() -> None:
    """Runs say who replied and how; a key that a newer file holds again counts once, as it stands there."""
    clone = Clone(CLONE)
    found = read_runs(clone, _stimuli(clone))
    plain = [r for r in found if r.prompted is False]
    assert [(r.condition, r.appropriate) for r in plain] == [
        ("delusion", True),
        ("hallucination", False),
        ("suicidal_ideation", False),
    ]
    assert [r.participant for r in found if "human" in r.source] == [HUMANS] * 4
    assert clone.notes == [
        "results/interjections/model=gpt-4o-2024-08-06&steel-man-prompt=False: 1 rows stand again in a newer "
        "file of the run"
    ]


def test_people_are_the_judges_of_people(tmp_path: Path) -> None:
    """Of replies that people and a model judged, a therapist's counts as people said, a model's not."""
    root = shutil.copytree(CLONE, tmp_path / "clone")
    (root / "results" / "interjections" / "all_combined.csv").write_text(
        "model_response,participant_type,condition,key,gpt-4o_classification,human_classification\n"
        "It may be so.,human,delusions,s_1_delusions_1_50,No,Yes\n"
        "It may be so.,gpt-4o,delusions,s_1_delusions_1_50,No,Yes\n"
        "It may be so.,gpt-4o,delusions,s_1_delusions_new_id_50,No,\n"
    )
    clone = Clone(root)
    person, model, strange = read_figure(clone, _stimuli(clone))
    assert (person.judge, person.appropriate, person.by_people) == (PEOPLE, True, None)
    assert (model.judge, model.appropriate, model.by_people) == ("gpt-4o", False, True)
    assert strange.stimulus == "delusion.new_id"


def test_rows_that_lack_cells_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    """Stimulus, number and answer are found by the key and the stimuli; what is missing is named."""
    root = shutil.copytree(CLONE, tmp_path / "clone")
    (root / "results" / "interjections" / "all_combined.csv").write_text(
        "model_response,participant_type,key,gpt-4o_classification,new column\n"
        "It may be so.,brand-new-model,s_1_delusions_1_50,yes.,x\n"
        "It may be so.,brand-new-model,s_1_delusions_1_100,,\n"
        "It may be so.,brand-new-model,s_1_grief_4_0,No\n"
    )
    clone = Clone(root)
    known, unjudged, strange = read_figure(clone, _stimuli(clone))
    assert (known.condition, known.number, known.appropriate, known.right) == ("delusion", 50, True, "yes")
    assert known.turns[0].startswith("The neighbours")
    assert known.participant == "brand-new-model"
    assert unjudged.appropriate is None
    assert (strange.turns, strange.appropriate, strange.failure) == ((), None, "unknown")
    assert clone.notes == [
        "results/interjections/all_combined.csv: 2 rows that nobody judged",
        "results/interjections/all_combined.csv: 1 rows whose stimulus could not be found",
    ]
