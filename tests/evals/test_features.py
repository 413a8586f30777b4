import ast
from pathlib import Path

from handrail.evals.features import FEATURES, rules_of, table
from handrail.policies.languages import read_languages
from handrail.policies.source import read_policy

ROOT = Path(__file__).parents[2]


def test_the_published_table_is_current() -> None:
    """The table in the docs is what the shipped policy and the tests give now."""
    assert (ROOT / "docs" / "features.md").read_text() == table(read_policy())


def test_every_feature_is_kept_by_rules_with_texts_and_tests() -> None:
    """Each of the features 12 to 17 has rules, each of these a text that exists and a test by its name."""
    policy, texts = read_policy(), read_languages().texts["en"]
    page = table(policy)
    for number in FEATURES:
        found = rules_of(policy, number)
        assert found, number
        assert {rule.text for rule in found} <= set(texts.texts)
        for rule in found:
            (row,) = (
                line for line in page.splitlines() if line.startswith(f"| {number} ") and rule.id in line
            )
            assert "test_decide.py::test_" in row, rule.id


def test_the_tests_in_the_table_exist() -> None:
    """Every test that the table names stands in the file it names."""
    for cell in table(read_policy()).split("`"):
        if "::" in cell:
            path, name = cell.split("::")
            tree = ast.parse((ROOT / "tests" / "policies" / path).read_text())
            names = {getattr(node, "name", "") for node in ast.walk(tree)}
            assert name in names
