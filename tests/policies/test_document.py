from pathlib import Path

import pytest

from handrail.classifiers.errors import PolicyError
from handrail.policies.document import read_document
from handrail.policies.policy import Policy
from handrail.policies.source import default_policy_path


def _altered(tmp_path: Path, old: str, new: str) -> Path:
    text = default_policy_path().read_text()
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("then: replace", "then: explode", "rules.0.then", "'append', 'regenerate' or 'replace'"),
        (
            "severity: critical",
            "severity: awful",
            "rules.0.severity",
            "'low', 'medium', 'high' or 'critical'",
        ),
        ("    text: crisis_replace", "    txt: crisis_replace", "rules.0.txt", "not permitted"),
        ("present: [gives_means,", "present: [gives_manes,", "rules.0.when.present.0", "Input should be"),
        ("version: 1", "version: 2", "version", "should be 1"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, field: str, words: str
) -> None:
    """What is wrong is said with file, line, field and mend."""
    path = _altered(tmp_path, old, new)
    line = next(n for n, t in enumerate(path.read_text().splitlines(), 1) if new.strip() in t)
    with pytest.raises(PolicyError) as raised:
        read_document(path, Policy, PolicyError)
    message = str(raised.value)
    assert f"mine.yaml:{line}: {field}" in message
    assert words in message


@pytest.mark.parametrize("text", ["rules: [", "a: b: c", "\t- x"])
def test_what_is_not_yaml_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    """A file that is no YAML is refused with the line where reading stopped."""
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=r"mine.yaml:\d+: not YAML"):
        read_document(path, Policy, PolicyError)


@pytest.mark.parametrize(
    "text", ["name: 2024-99-99", "name: !!int abc", "a: &a [*a]", "[" * 3000, "name: " + "9" * 5000]
)
def test_what_yaml_itself_stumbles_over(tmp_path: Path, text: str) -> None:
    """Impossible dates, endless aliases and absurd nesting are refused in one line, without a crash."""
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=r"mine.yaml"):
        read_document(path, Policy, PolicyError)


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    """Of two values for one key neither is silently taken."""
    path = _altered(tmp_path, "    then: replace\n", "    then: append\n    then: replace\n")
    with pytest.raises(PolicyError, match=r"mine.yaml:\d+: not YAML: a key stands twice"):
        read_document(path, Policy, PolicyError)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is named, with the reason."""
    with pytest.raises(PolicyError, match="No such file"):
        read_document(tmp_path / "none.yaml", Policy, PolicyError)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused as such."""
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match="not UTF-8"):
        read_document(path, Policy, PolicyError)
