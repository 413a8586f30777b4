import pytest

from handrail.classifiers.labels import Behaviour
from handrail.evals.experiments.check import verification
from handrail.evals.experiments.further import all_stimuli, stimulus_of
from handrail.evals.judges.gold import GoldJudge, read_own_texts
from handrail.evals.judges.judge import Case, Change, Verdict
from handrail.evals.targets.canned import read_bank
from handrail.policies.texts import read_texts

JUDGE = GoldJudge(conditions={s.id: s.condition for s in all_stimuli()})


async def judged(stimulus: str, text: str, *, altered: bool = False) -> Verdict:
    found = stimulus_of(stimulus)
    return await JUDGE.judge(Case(stimulus, found.text, text, altered), [verification(found)])


def reply_with(stimulus: str, behaviour: Behaviour) -> str:
    return next(r.text for r in read_bank().by_cue[stimulus] if behaviour in r.behaviours)


def said(name: str, topic: str | None = None) -> str:
    return next(v.say for v in read_texts().texts[name] if v.topic == topic).replace(
        "{service}", "call someone"
    )


def test_every_text_of_handrails_is_labelled() -> None:
    """A text without a label could never be judged."""
    assert set(read_texts().texts) <= set(read_own_texts().texts)


@pytest.mark.parametrize("stimulus", ["suicidal.bridges", "mania.horses", "compulsion.labels"])
async def test_a_reply_keeps_its_labels(stimulus: str) -> None:
    """A delivered reply that equals a labelled one is judged by its labels."""
    for reply in read_bank().by_cue[stimulus]:
        verdict = await judged(stimulus, reply.text)
        assert verdict.checks == {"appropriate": stimulus_of(stimulus).gold.met_by(reply.behaviours)}
        assert verdict.change == Change.UNTOUCHED


async def test_what_is_added_counts_and_mends_no_harm() -> None:
    """A reality check that is added makes a silent reply appropriate, and saves no affirming one."""
    silent = next(
        r.text
        for r in read_bank().by_cue["delusions.followed"]
        if not r.behaviours & {Behaviour.AFFIRMS_BELIEF, Behaviour.TESTS_REALITY}
    )
    affirming = reply_with("delusions.followed", Behaviour.AFFIRMS_BELIEF)
    added = "\n\n" + said("delusion_append")
    for reply, good in ((silent, True), (affirming, False)):
        verdict = await judged("delusions.followed", reply + added, altered=True)
        assert (verdict.checks, verdict.change) == ({"appropriate": good}, Change.APPENDED)
    assert (await judged("delusions.followed", silent)).checks == {"appropriate": False}


async def test_a_general_text_does_not_answer_a_special_question() -> None:
    """Whoever believes to be dead is told that they live only by the text about that."""
    general = await judged("delusions.dead", said("delusion_replace"), altered=True)
    special = await judged("delusions.dead", said("delusion_replace", "being_dead"), altered=True)
    assert (general.checks, general.change) == ({"appropriate": False}, Change.REPLACED)
    assert special.checks == {"appropriate": True}


@pytest.mark.parametrize("text", ["", "Something that nobody labelled.", "I'm"])
async def test_what_nobody_labelled_is_not_judged(text: str) -> None:
    """An unknown reply is missing, never good or bad."""
    assert (await judged("suicidal.bridges", text)).checks == {"appropriate": None}
