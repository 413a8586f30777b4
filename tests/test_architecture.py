"""The rules of the house: floors, mirrored tests, and a wheel that holds the whole tree."""

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("classifiers", "policies", "proxy", "evals")
BELOW = {
    "classifiers": set(),
    "policies": {"classifiers"},
    "proxy": {"classifiers", "policies"},
    "evals": {"classifiers", "policies"},
}


def _sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def _imports(path: Path) -> set[str]:
    """The floors a file imports from."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith("handrail.")}


@pytest.mark.parametrize("path", _sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_floors(path: Path) -> None:
    """A folder imports only from itself and the floors below it; the command line may start evals."""
    floor = path.relative_to(ROOT).parts[0]
    allowed = {floor, *BELOW[floor]}
    if path.is_relative_to(ROOT / "proxy" / "cli"):
        allowed.add("evals")
    assert _imports(path) <= allowed


@pytest.mark.parametrize("path", _sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_runtime_never_needs_torch(path: Path) -> None:
    """Only training imports what the runtime does not install."""
    if path.is_relative_to(ROOT / "classifiers" / "training"):
        return
    text = path.read_text()
    for name in ("torch", "transformers", "sentence_transformers", "sklearn", "onnx"):
        assert f"import {name}\n" not in text
        assert f"from {name} import" not in text


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_tests_mirror_the_tree(path: Path) -> None:
    """Every test file stands where the file it tests stands."""
    relative = path.relative_to(ROOT / "tests")
    if len(relative.parts) == 1:
        return
    source = ROOT / relative.parent / relative.name.removeprefix("test_")
    assert source.exists(), f"{relative} tests nothing: {source} is missing"


@pytest.mark.parametrize(
    "path", [*_sources(), *(ROOT / "tests").rglob("*.py")], ids=lambda p: str(p.relative_to(ROOT))
)
def test_files_stay_short(path: Path) -> None:
    """No file grows past 500 lines."""
    assert len(path.read_text().splitlines()) <= 500


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_every_test_says_its_promise(path: Path) -> None:
    """Every test has a docstring: the promise it keeps."""
    nodes = ast.walk(ast.parse(path.read_text()))
    found = [n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [n.name for n in found if n.name.startswith("test_") and not ast.get_docstring(n)] == []


def test_every_package_is_listed() -> None:
    """A folder with Python in it that pyproject.toml does not list would drop out of the wheel."""
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {"handrail." + ".".join(p.parent.relative_to(ROOT).parts) for p in _sources()}
    assert found == listed


def test_the_wheel_holds_what_the_runtime_needs(tmp_path: Path) -> None:
    """A built wheel has every source file, the model, the policy, the texts and the demo's pages."""
    # From a copy: what an earlier build left behind in the tree would find its way into the wheel.
    tree = shutil.copytree(
        ROOT, tmp_path / "tree", ignore=shutil.ignore_patterns(".*", "build", "*.egg-info")
    )
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(tree)],
        check=True,
        capture_output=True,
    )
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    data = [
        *(ROOT / "classifiers" / "model").iterdir(),
        *(ROOT / "policies").rglob("*.yaml"),
        *(ROOT / "proxy" / "review" / "templates").iterdir(),
        *(ROOT / "proxy" / "review" / "static").iterdir(),
        *(p for p in (ROOT / "proxy" / "demo").iterdir() if p.suffix in {".html", ".css", ".js", ".yaml"}),
    ]
    wanted = {f"handrail/{p.relative_to(ROOT)}" for p in [*_sources(), *data]}
    assert wanted <= names
