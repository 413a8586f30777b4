"""Guard: handrail itself, started as anybody starts it, in front of a target."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from handrail.evals.experiments.arm import Arm
from handrail.evals.targets.process import serving


@contextmanager
def guarding(upstream: str, arm: Arm, folder: Path, generic: str | None, extra: Path | None) -> Iterator[str]:
    """`handrail serve` in front of a URL; give its own URL.

    Its settings, journal and log lie in `folder`. `extra` is an operator's file of settings to start from,
    such as one that names a policy; `generic` a JSON mapping for a home-made backend.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "settings.yaml"
    settings.write_text(yaml.safe_dump(_settings(upstream, arm, folder, generic, extra)), encoding="utf-8")
    # Only the file decides: what the environment says of some other handrail must not reach this one.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")}
    arguments = ["handrail.proxy.cli", "serve", "--settings", str(settings)]
    with serving(arguments, environment, folder / "log.txt", b"handrail guards") as url:
        yield url


def _settings(
    upstream: str, arm: Arm, folder: Path, generic: str | None, extra: Path | None
) -> dict[str, object]:
    given = yaml.safe_load(extra.read_text(encoding="utf-8")) if extra else {}
    settings: dict[str, object] = {
        **given,
        "upstream_url": upstream,
        "host": "127.0.0.1",
        "port": 0,
        "journal_path": str(folder / "journal.db"),
        "log_level": "warning",
    }
    if arm == Arm.SHADOW:
        settings["mode"] = "shadow"
    if generic:
        settings["generic"] = yaml.safe_load(generic)
    return settings
