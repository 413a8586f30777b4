from typing import Any

from handrail.policies.validators.progress import Progress, forget_progress, progress_of


def test_a_sentence_is_due_once_something_follows_it() -> None:
    """The end of what has come is not yet the end of a sentence."""
    assert not Progress("It costs 3.").due
    assert Progress("It costs 3. Or").due
    assert not Progress("It costs 3. Or", judged=14).due


def test_streams_are_told_apart_by_their_metadata() -> None:
    """Each stream and each validator has its own progress, until it is forgotten."""
    one: dict[str, Any] = {}
    first, second = object(), object()
    progress_of(one, first).text = "x"
    assert progress_of(one, first).text == "x"
    assert progress_of(one, second).text == progress_of({}, first).text == ""
    forget_progress(one, first)
    assert progress_of(one, first).text == ""
