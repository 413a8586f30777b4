"""What deploy/ names is there in the code, and its files are what those who read them expect."""

import contextlib
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from handrail.proxy.cli import cli
from handrail.proxy.settings import Settings, load_settings

from .tools import run, tool

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
NAMED = [pytest.param(path, id=str(path.relative_to(DEPLOY))) for path in FILES]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
EXAMPLE = (DEPLOY / "settings.example.yaml").read_text()


def _checked(name: str, *words: object) -> None:
    """Run a checker that `pip install .[dev]` brings."""
    program = BIN / name
    command = [str(program)] if program.exists() else [sys.executable, "-m", name.replace("-", "_")]
    run(*command, *words)


def _asked(*words: str) -> subprocess.CompletedProcess[str]:
    """What the command line says."""
    command = [sys.executable, "-c", "from handrail.proxy.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", NAMED)
def test_every_variable_is_a_setting(path: Path) -> None:
    """A HANDRAIL_ variable that is no setting would stop the start: none is named."""
    for name in re.findall(r"\bHANDRAIL_([A-Z][A-Z_]*[A-Z])\b", path.read_text()):
        assert name.lower() in Settings.model_fields, name


@pytest.mark.parametrize("path", NAMED)
def test_every_path_is_there(path: Path) -> None:
    """Files of the repository that are named in deploy/ exist."""
    for name in re.findall(r"\b(?:deploy|docs|proxy|policies|tests)/[\w./-]*\w", path.read_text()):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("path", NAMED)
def test_every_command_is_one_of_ours(path: Path) -> None:
    """Commands that deploy/ tells operators to type are on the command line."""
    text = path.read_text()
    typed = re.findall(r"(?:`|bin/|exec [\w-]+ |^ +)handrail ([a-z-]+(?: [a-z][a-z-]+)?)", text, re.MULTILINE)
    for words in typed:
        first, *more = words.split()
        assert first in cli.commands, words
        group = cli.commands[first]
        assert not more or not hasattr(group, "commands") or more[0] in group.commands, words


def test_the_example_of_settings_is_sound(tmp_path: Path) -> None:
    """Filled in, also with what it leaves commented out, the example holds settings that serving takes."""
    filled = re.sub(r"^# (upstream_key|alert_\w+):", r"\1:", EXAMPLE, flags=re.MULTILINE)
    assert filled.count("CHANGE-ME") == EXAMPLE.count("CHANGE-ME") > 4
    key = _asked("journal", "new-key", "2026-11").stdout.strip()
    path = tmp_path / "settings.yaml"
    path.write_text(filled.replace("journal_key: CHANGE-ME", f"journal_key: {key}"))
    settings = load_settings(path, {})
    assert settings.alert_secret is not None
    assert str(settings.trusted_proxies[0]) == COMPOSE["networks"]["edge"]["ipam"]["config"][0]["subnet"]


def test_the_image_names_what_serving_has() -> None:
    """Port, volume, address and probe of the image are those of the settings and endpoints."""
    text = (DEPLOY / "Dockerfile").read_text()
    port = Settings.model_fields["port"].default
    assert f"HANDRAIL_PORT={port}" in text
    assert f"EXPOSE {port}" in text
    assert "/readyz" in text
    volume = re.findall(r"^VOLUME (\S+)$", text, re.MULTILINE)[0]
    for name, field in Settings.model_fields.items():
        if name in {"journal_path", "spool_path"}:
            assert f"HANDRAIL_{name.upper()}={volume}/{field.default}" in text
    assert re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE) != ["0"]


def test_the_image_lints() -> None:
    """hadolint finds nothing in the Dockerfile."""
    _checked("hadolint", DEPLOY / "Dockerfile")


def test_yaml_lints() -> None:
    """yamllint finds nothing in what is YAML."""
    rules = "{extends: default, rules: {line-length: {max: 130}, document-start: disable, braces: disable}}"
    paths = [p for p in FILES if p.suffix in {".yaml", ".yml"} and "templates" not in p.parts]
    _checked("yamllint", "--strict", "-d", rules, *paths)


def test_compose_keeps_to_its_schema() -> None:
    """compose.yaml is as the Compose Specification has it."""
    _checked("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


def test_compose_is_whole() -> None:
    """Every network, volume, secret, config and service that a service names is declared; files exist."""
    for name, service in COMPOSE["services"].items():
        assert service["networks"], name
        for kind in ("networks", "secrets"):
            assert set(service.get(kind, ())) <= set(COMPOSE[kind]), name
        assert {v.split(":")[0] for v in service.get("volumes", ())} <= set(COMPOSE["volumes"]), name
        assert {c["source"] for c in service.get("configs", ())} <= set(COMPOSE["configs"]), name
        assert set(service.get("depends_on", ())) <= set(COMPOSE["services"]), name
    for config in COMPOSE["configs"].values():
        assert (DEPLOY / config["file"]).is_file()


def test_compose_is_closed() -> None:
    """Guarded containers can write to their volume alone, share none, and only this machine is let in."""
    services = COMPOSE["services"]
    ours = {n: s for n, s in services.items() if s["image"].startswith("handrail:")}
    assert {"proxy-a", "proxy-b"} <= set(ours)
    volumes = [v for s in ours.values() for v in s["volumes"]]
    assert len(volumes) == len(set(volumes)) == len(ours)
    for name, service in ours.items():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert "no-new-privileges:true" in service["security_opt"], name
    ports = [port for s in services.values() for port in s.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert services["redis"]["networks"] == ["store"]
    assert COMPOSE["networks"]["store"] == {"internal": True}


def test_open_replies_end_before_a_stop_is_a_kill() -> None:
    """Compose and systemd wait longer than drain_seconds."""
    drain = Settings.model_fields["drain_seconds"].default
    for service in COMPOSE["services"].values():
        if service["image"].startswith("handrail:"):
            assert int(service["stop_grace_period"].removesuffix("s")) > drain
    for unit in UNITS:
        assert int(re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)[0]) > drain


def test_our_redis_keeps_every_write(tmp_path: Path) -> None:
    """The command of compose.yaml starts a Redis that is durable and asks for its password."""
    (tmp_path / "secret").write_text("f00d\n")
    conf = (DEPLOY / "compose" / "redis.conf").read_text().replace("port 6379", "port 0")
    (tmp_path / "conf").write_text(f"{conf.replace('/data', str(tmp_path))}\nunixsocket {tmp_path}/s\n")
    shell, flag, script = COMPOSE["services"]["redis"]["command"]
    moved = {
        "/etc/redis/redis.conf": "conf",
        "/run/secrets/redis-password": "secret",
        "/tmp/redis.conf": "made",
    }
    for place, name in moved.items():
        script = script.replace(place, str(tmp_path / name))
    process = subprocess.Popen([shell, flag, script.replace("$$", "$")], stdout=subprocess.DEVNULL)
    try:
        kept = _configuration(f"unix://:f00d@{tmp_path}/s", process)
    finally:
        process.terminate()
        assert process.wait() == 0
    assert (kept["appendonly"], kept["appendfsync"]) == ("yes", "always")
    assert kept["maxmemory-policy"] == "noeviction"
    with pytest.raises(redis.exceptions.RedisError), redis.Redis.from_url(f"unix://{tmp_path}/s") as stranger:
        stranger.ping()


def _configuration(url: str, process: "subprocess.Popen[bytes]") -> dict[str, str]:
    until = time.monotonic() + 20
    with redis.Redis.from_url(url, decode_responses=True) as client:
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(redis.exceptions.ConnectionError):
                return dict(client.config_get("*"))
            time.sleep(0.01)
    raise AssertionError("Redis did not start")


@pytest.mark.parametrize("unit", UNITS, ids=lambda p: p.name)
def test_units_are_sound_and_shut_in(unit: Path, tmp_path: Path) -> None:
    """systemd takes each unit as it is, and rates it as hardly exposed (below 2 of 10)."""
    analyze = tool("systemd-analyze")
    # Its program is not installed where tests run; any other that is will do.
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/handrail/bin/handrail", "/bin/true"))
    assert run(analyze, "verify", copy).strip() == ""
    run(analyze, "security", "--offline=yes", "--threshold=20", copy)
