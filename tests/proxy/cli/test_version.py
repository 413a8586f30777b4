import subprocess
from collections.abc import Callable

from handrail.classifiers.assessor import Assessor


def test_versions(run: Callable[..., "subprocess.CompletedProcess[str]"], assessor: Assessor) -> None:
    """`handrail version` names the versions of program, model and policy."""
    done = run("version")
    assert done.returncode == 0
    assert f"model {assessor.version}" in done.stdout
