"""Language: the texts of every language there are, and which of them a person reads.

English is always there. A person whose locale names a language that has no texts reads English.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handrail.classifiers.errors import PolicyError
from handrail.policies.texts import Texts, read_texts, texts_path

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Languages:
    """Texts by language code. `fallback` is what a person reads whose language is not there."""

    texts: Mapping[str, Texts]
    fallback: str = FALLBACK

    def of(self, locale: str | None) -> Texts:
        """The texts for a locale, such as de-AT."""
        return self.texts.get(language_of(locale), self.texts[self.fallback])

    def require(self, names: set[str], guidance: set[str] | None = None) -> None:
        """Raise PolicyError when a language lacks a text, or a guidance, that a policy names.

        Half a translation would answer a person in two languages.
        """
        for texts in self.texts.values():
            _require("texts", names, set(texts.texts), texts.language)
            _require("guidance", guidance or set(), set(texts.guidance), texts.language)


def language_of(locale: str | None) -> str:
    """The language that a locale names ("de-AT", "de_AT.UTF-8", "de"); empty where it names none."""
    first = (locale or "").split(".")[0].replace("_", "-").split("-")[0]
    # A bare capital code is a country: "DE" says nothing about the language.
    return first.lower() if len(first) == 2 and not first.isupper() else ""


def read_languages(path: Path | None = None) -> Languages:
    """Read the texts of a folder (one file a language), or of one file; by default ours.

    Raises PolicyError naming file, line, field and mend.
    """
    path = path or texts_path().parent
    files = texts_files(path)
    found = [(file, read_texts(file)) for file in files]
    if not found:
        raise PolicyError(f"{path} holds no texts: put one file a language there, such as {FALLBACK}.yaml")
    for file, texts in found:
        if len(found) > 1 and file.stem != texts.language:
            raise PolicyError(f"{file.name}: language: must be {file.stem}, as the file is called")
    known = {texts.language: texts for _, texts in found}
    if len(known) > 1 and FALLBACK not in known:
        raise PolicyError(f"{path} has no {FALLBACK}.yaml, for people whose language is not there")
    return Languages(known, FALLBACK if FALLBACK in known else next(iter(known)))


def texts_files(path: Path | None = None) -> list[Path]:
    """The files that the texts of a folder, or of one file, are read from."""
    path = path or texts_path().parent
    return sorted(path.glob("*.yaml")) if path.is_dir() else [path]


def _require(kind: str, wanted: set[str], known: set[str], language: str) -> None:
    missing = ", ".join(sorted(wanted - known))
    if missing:
        raise PolicyError(
            f"no {kind} called {missing} in language {language}; known are {', '.join(sorted(known))}"
        )
