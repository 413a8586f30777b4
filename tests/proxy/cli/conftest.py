"""The command line as people meet it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

_COMMAND = [sys.executable, "-c", "from handrail.proxy.cli import main; main()"]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HANDRAIL_")}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `handrail` with arguments in an empty folder; give what it said."""

    def start(*arguments: str, text: str | None = None, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*_COMMAND, *arguments],
            input=text,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**_environment(), **more},
            timeout=120,
            check=False,
        )

    return start


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start `handrail` in the background; whatever still runs is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*_COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**_environment(), "PYTHONUNBUFFERED": "1"},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
