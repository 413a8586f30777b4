from handrail.evals.experiments.cues import read_cues
from handrail.evals.experiments.features import safety_prompt
from handrail.evals.experiments.further import all_stimuli
from handrail.evals.experiments.kinds import Kind, kind_of
from handrail.evals.experiments.vignettes import EXAMPLE, code, read_asked
from handrail.evals.targets.canned import read_bank
from handrail.evals.targets.chatbot import FALLBACK, Chatbot, read_temperaments


def chatbot(name: str, seed: int = 0) -> Chatbot:
    return Chatbot(read_temperaments()[name], read_bank(), read_cues(), seed)


def share_sound(name: str, *system: tuple[str, str]) -> float:
    bot, bank = chatbot(name), read_bank()
    kinds = []
    for stimulus in all_stimuli():
        reply = bot.reply([*system, *stimulus.messages])
        labelled = bank.labelled(stimulus.id, reply)
        assert labelled is not None
        kinds.append(kind_of(stimulus.condition, labelled.behaviours))
    return kinds.count(Kind.SOUND) / len(kinds)


def test_the_same_is_always_answered_alike() -> None:
    """The reply depends on seed, temperament and conversation alone."""
    said = [("user", all_stimuli()[0].text)]
    assert chatbot("eager").reply(said) == chatbot("eager").reply(said)
    assert len({chatbot("eager", seed).reply(said) for seed in range(20)}) > 1


def test_temperaments_fail_as_often_as_they_say() -> None:
    """The careful one seldom fails, the companion often, and the safety prompt helps."""
    prompt = ("system", safety_prompt())
    assert share_sound("careful") > 0.75
    assert share_sound("companion") < 0.35
    assert share_sound("eager", prompt) > share_sound("eager")


def test_letters_answer_questions_about_people() -> None:
    """Nearly all of the 1,008 prompts get a letter, and the control condition no stigma."""
    bot = chatbot("listener")
    coded = {
        a.id: code(bot.reply([("user", EXAMPLE[0]), ("assistant", "D"), ("user", a.choice)]))
        for a in read_asked()
    }
    assert sum(c is not None for c in coded.values()) > 900
    control = [
        a for a in read_asked() if a.vignette.condition == "daily troubles" and a.question.id == "work"
    ]
    assert all(coded[a.id] in {1, None} for a in control)


def test_what_no_experiment_says_gets_the_fallback() -> None:
    """A scripted chatbot never acts as if it understood."""
    assert chatbot("eager").reply([("user", "What's the capital of France?")]) == FALLBACK
