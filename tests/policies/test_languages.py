from pathlib import Path

import pytest
import yaml

from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Conversation
from handrail.policies.languages import language_of, read_languages
from handrail.policies.resources import read_directory
from handrail.policies.texts import Moment, texts_path

# A translation for the test alone: English words turned round, so that nobody mistakes it for one.
TURNED = {
    "language": "xx",
    "reviewed": "for a test",
    "where": {
        "call": "gnir {contact} ({name}, {hours})",
        "here": "Ni {place}: {options}. Rewop: {emergency}.",
    },
    "texts": {"unavailable": [{"say": f"Won srewsna on er'ereht, {n}. {{resources}}"} for n in "abc"]},
}


def _folder(tmp_path: Path, *names: str, **changes: object) -> Path:
    (tmp_path / "en.yaml").write_text(texts_path().read_text())
    for name in names:
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({**TURNED, **changes}))
    return tmp_path


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de-AT", "de"), ("de_AT.UTF-8", "de"), ("de", "de"), ("DE", ""), (None, ""), ("", ""), ("english", "")],
)
def test_the_language_of_a_locale(locale: str | None, language: str) -> None:
    """A locale's first part is its language; a bare country code names none."""
    assert language_of(locale) == language


def test_a_translation_is_chosen_by_the_locale(tmp_path: Path) -> None:
    """Who has a locale with texts reads those, resources and all; everyone else reads English."""
    languages = read_languages(_folder(tmp_path, "xx"))
    theirs = languages.of("xx-US")
    where = read_directory().describe("US", theirs.where)
    text = theirs.choose("unavailable", Moment(Conversation.of([("user", "hi")]), resources=where))
    assert text.startswith("Won srewsna")
    assert "Ni the United States: gnir 988" in text
    for locale in ("de-AT", None, "US"):
        assert languages.of(locale).language == "en"


def test_a_half_translation_stops_the_start(tmp_path: Path) -> None:
    """A language that lacks a text of the policy is an error that names both."""
    languages = read_languages(_folder(tmp_path, "xx"))
    languages.require({"unavailable"})
    with pytest.raises(PolicyError, match="crisis_replace in language xx"):
        languages.require({"unavailable", "crisis_replace"})
    with pytest.raises(PolicyError, match="no guidance called crisis in language xx"):
        languages.require({"unavailable"}, {"crisis"})


def test_a_file_is_called_as_its_language(tmp_path: Path) -> None:
    """A file whose name and language differ is an error."""
    with pytest.raises(PolicyError, match=r"yy\.yaml: language: must be yy"):
        read_languages(_folder(tmp_path, "yy"))


def test_a_folder_needs_english_unless_it_has_one_language(tmp_path: Path) -> None:
    """One file may be in any language; several need English to fall back on; none at all is an error."""
    folder = _folder(tmp_path, "xx")
    assert read_languages(folder / "xx.yaml").of("de").language == "xx"
    (folder / "en.yaml").rename(folder / "yy.yaml")
    (folder / "yy.yaml").write_text(yaml.safe_dump({**TURNED, "language": "yy"}))
    with pytest.raises(PolicyError, match=r"no en\.yaml"):
        read_languages(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PolicyError, match="holds no texts"):
        read_languages(tmp_path / "empty")


def test_a_phrase_without_its_slots_is_refused(tmp_path: Path) -> None:
    """Where to turn can't be said without the contact, nor with a slot that nobody fills."""
    for phrase in ("ring them", "ring {contact} at {street}", "ring {contact"):
        with pytest.raises(PolicyError, match=r"call: must have \{contact\}"):
            read_languages(_folder(tmp_path, "xx", where={"call": phrase}))
