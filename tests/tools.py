"""Tools of the system that tests of deploy/ need: what is missing on one's own machine may not be in CI."""

import os
import shutil
import subprocess

import pytest

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
_PACKAGES = {
    "nginx": "nginx-light",
    "caddy": "caddy",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
    "bwrap": "bubblewrap",
    "go": "golang-go golang-github-masterminds-sprig-dev golang-gopkg-yaml.v3-dev",
}


def tool(name: str) -> str:
    """Where a program is. Without it the test is skipped, and in CI fails."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        message = f"{name} is not installed (apt-get install {_PACKAGES[name]})"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def run(*command: object, **more: str) -> str:
    """What a program says, both streams together. It must succeed."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **more},
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}"
    return done.stdout
