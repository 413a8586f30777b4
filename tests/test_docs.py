"""The docs can't drift: names in them are looked up in the code, and the other way round."""

import re
from pathlib import Path

import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.labels import BEHAVIOURS, HARMS, RISKS
from handrail.policies.condition import When
from handrail.policies.examples import run_examples
from handrail.policies.load import load_decider
from handrail.policies.source import read_policy
from handrail.proxy.cli import cli
from handrail.proxy.metrics import Metrics
from handrail.proxy.settings import Settings

ROOT = Path(__file__).parent.parent
OPERATORS = (ROOT / "docs" / "operators.md").read_text()
GUIDE = (ROOT / "docs" / "policy.md").read_text()
TAXONOMY = (ROOT / "docs" / "taxonomy.md").read_text()
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "deploy").glob("*.md")]


def _section(text: str, title: str) -> str:
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def _first_cells(section: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def test_every_setting_is_documented() -> None:
    """The table of settings names each one, with its default and the code's own words."""
    section = _section(OPERATORS, "Settings")
    assert _first_cells(section) == list(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        row = next(line for line in section.splitlines() if line.startswith(f"| `{name}`"))
        if field.default is not None and not field.is_required():
            assert f"`{field.default}`" in row
        words = str(field.description).split(";")[0].split(",")[0].rstrip(".")
        assert words in row


def test_every_metric_is_documented() -> None:
    """The table of metrics names each one that exists, and no other."""
    families = {family.name for family in Metrics().registry.collect()}
    documented = {name.removesuffix("_total") for name in _first_cells(_section(OPERATORS, "Metrics"))}
    assert documented == families


def test_every_endpoint_is_documented() -> None:
    """The paths that handrail itself answers are in the table of endpoints."""
    section = _section(OPERATORS, "Endpoints")
    source = (ROOT / "proxy" / "app.py").read_text()
    for path in re.findall(r'add_get\("([^"]+)"', source):
        assert f"| `{path}` |" in section


def test_every_label_is_documented() -> None:
    """The taxonomy's tables name the labels of the code, in order."""
    assert _first_cells(_section(TAXONOMY, "Risks")) == list(RISKS)
    assert _first_cells(_section(TAXONOMY, "Behaviours")) == list(BEHAVIOURS)
    assert _first_cells(_section(TAXONOMY, "Harms")) == list(HARMS)


def test_every_command_is_in_the_readme() -> None:
    """The README names each command of the command line."""
    readme = (ROOT / "README.md").read_text()
    for name in cli.commands:
        assert f"handrail {name}" in readme


@pytest.mark.parametrize("path", DOCS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link and picture in the docs exists."""
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL), ids=lambda t: t[:40])
def test_the_policies_of_the_guide_do_what_they_say(text: str, tmp_path: Path, assessor: Assessor) -> None:
    """Every policy in the guide is a whole one, and the real model judges its examples as written."""
    path = tmp_path / "guide.yaml"
    path.write_text(text)
    decider = load_decider(assessor.manifest.levels, path)
    named = {rule.id for rule in decider.policy.rules} - {rule.id for rule in read_policy().rules}
    wrong = [o for o in run_examples(decider, assessor) if o.rule in named and not o.passed]
    assert wrong == []


def test_the_guide_knows_every_condition() -> None:
    """The guide's table names each condition of the language."""
    section = _section(GUIDE, "Conditions")
    for name, field in When.model_fields.items():
        assert name == "threshold" or f"`{field.alias or name}:" in section, name
