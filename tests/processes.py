"""Proxies as processes of their own, each with its settings, to be killed and started again."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

_COMMAND = [sys.executable, "-c", "from handrail.proxy.cli import main; main()"]
_PATIENCE = 60.0


@dataclass
class Proxy:
    """A `handrail serve` in a folder of its own; `before` is a command that starts it, such as prlimit."""

    folder: Path
    settings: dict[str, Any]
    before: list[str] = field(default_factory=list)
    url: str = ""
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it; it answers at `url` when this returns."""
        self.folder.mkdir(exist_ok=True)
        settings = {"port": 0, "log_level": "error", **self.settings}
        (self.folder / "settings.yaml").write_text(yaml.safe_dump(settings))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HANDRAIL_")}
        with (self.folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [*self.before, *_COMMAND, "serve", "--settings", "settings.yaml"],
                cwd=self.folder,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _PATIENCE
        while not (found := re.search(r"handrail guards \S+ at (\S+)\n", self.log)):
            assert self._process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.02)
        self.url = found[1]

    @property
    def log(self) -> str:
        """What it has said since it was started."""
        return (self.folder / "log").read_text()

    def kill(self) -> None:
        """Kill it as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
