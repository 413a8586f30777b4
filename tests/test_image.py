"""The image, without a container engine: the Dockerfile's own steps, carried out in roots of bubblewrap's."""

import asyncio
import json
import os
import re
import shutil
import signal
import site
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web

from .proxy.conftest import DEPTH, HARMFUL_MESSAGE, HARMFUL_REPLY, asking, completion, post
from .tools import tool

Serve = Callable[[web.Application], Awaitable[str]]

ROOT = Path(__file__).parent.parent
BUILT = Path("/opt/handrail")
# What stands for the base image: this machine's programs and Python, nothing of which can be written to.
BASE = ["/usr", sys.base_prefix]
LINKS = [path for path in ("/bin", "/sbin", "/lib", "/lib64") if Path(path).is_symlink()]
# What an engine gives a step that installs: names, certificates, and how this machine's pip finds packages.
_OUTSIDE = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl", "/etc/pip.conf", "~/.config/pip", "~/.pip")
OUTSIDE = [str(path) for path in (Path(name).expanduser() for name in _OUTSIDE) if path.exists()]
CACHE = re.compile(r"--mount=type=cache,target=(\S+)\s+")


class Step(NamedTuple):
    """One instruction of a Dockerfile."""

    name: str
    words: str


def _stages() -> list[list[Step]]:
    """The instructions of deploy/Dockerfile, by stage."""
    text = re.sub(r"^#.*\n", "", (ROOT / "deploy" / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    steps = [Step(*line.split(None, 1)) for line in lines if line.strip()]
    stages: list[list[Step]] = []
    for step in steps:
        if step.name == "FROM":
            stages.append([])
        stages[-1].append(step)
    return stages


@dataclass
class Image:
    """What the steps leave behind: folders that stand for places in the image, and how it is started."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def place(self, path: str) -> Path:
        """The folder of this machine that stands for one of the image."""
        return self.folder / path.strip("/").replace("/", "-")

    def told(self, name: str) -> str:
        """The words of the last instruction of a name in the last stage."""
        return next(step.words for step in reversed(_stages()[-1]) if step.name == name)

    def root(self, *binds: str) -> list[str]:
        """A root like the image's, to run something in."""
        words = [tool("bwrap"), "--die-with-parent", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        # Folders on the way to what is bound would else be root's alone.
        for path in ("/opt", "/var", "/var/lib", *sorted(map(str, Path(sys.base_prefix).parents))[1:]):
            words += ["--perms", "0755", "--dir", path]
        for path in BASE:
            words += ["--ro-bind", path, path]
        for link in LINKS:
            words += ["--symlink", str(Path(link).readlink()), link]
        return [*words, *binds]


def _build(image: Image) -> None:
    """The first stage: sources copied, everything installed."""
    source = image.place("/src")
    source.mkdir()
    image.place(str(BUILT)).mkdir()
    for step in _stages()[0]:
        if step.name == "COPY":
            *names, target = step.words.split()
            for name in names:
                _copy(ROOT / name, source / target / (name if len(names) > 1 else ""))
        if step.name == "RUN":
            _install(image, step.words)


def _install(image: Image, words: str) -> None:
    binds = ["--bind", str(image.place("/src")), "/src", "--bind", str(image.place(str(BUILT))), str(BUILT)]
    for path in OUTSIDE:
        binds += ["--ro-bind", path, path]
    for target in CACHE.findall(words):
        ours = Path.home() / Path(target).relative_to("/root")
        ours.mkdir(parents=True, exist_ok=True)
        binds += ["--bind", str(ours), target]
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    environment = {"PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin", "HOME": str(Path.home()), **pip}
    shell = ["--chdir", "/src", "sh", "-c", f"umask 022; {CACHE.sub('', words)}"]
    _succeed([*image.root(*binds), *shell], environment)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.db", "*.db-*"))
    else:
        shutil.copy(source, target)


def _finish(image: Image) -> None:
    """The last stage: the user made, the volume given to it, the environment set."""
    image.environment["PATH"] = f"{sys.base_prefix}/bin:/usr/bin:/bin"
    for path in ("/etc", "/var/lib"):
        image.place(path).mkdir()
    for name in ("passwd", "group", "shadow", "gshadow", "login.defs"):
        shutil.copy(Path("/etc") / name, image.place("/etc") / name)
    for step in _stages()[-1]:
        if step.name == "ENV":
            for name, value in re.findall(r"(\w+)=(\S+)", step.words):
                image.environment[name] = value.replace("$PATH", image.environment["PATH"])
        if step.name == "RUN":
            binds = [
                "--bind",
                str(image.place("/etc")),
                "/etc",
                "--bind",
                str(image.place("/var/lib")),
                "/var/lib",
            ]
            _succeed([*image.root(*binds), "sh", "-c", step.words], {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


def _succeed(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image, its steps carried out. Users are made in it, which takes root."""
    tool("bwrap")
    if os.geteuid() != 0:
        pytest.skip("the image's steps are carried out as root")
    made = Image(tmp_path_factory.mktemp("image"))
    _build(made)
    _finish(made)
    return made


def _inside(image: Image, *command: str, **more: str) -> "subprocess.Popen[str]":
    """Start something as the image's user, with its environment, on its read-only root and its volume."""
    user, group = image.told("USER").split(":")
    volume = image.told("VOLUME")
    assert volume.startswith("/var/lib/")
    binds = [
        "--ro-bind",
        str(image.place(str(BUILT))),
        str(BUILT),
        "--ro-bind",
        str(image.place("/etc")),
        "/etc",
    ]
    binds += [
        "--bind",
        str(image.place("/var/lib") / Path(volume).name),
        volume,
        "--chdir",
        image.told("WORKDIR"),
    ]
    privileges = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
    privileges += ["--inh-caps=-all", "--bounding-set=-all"]
    return subprocess.Popen(
        [*image.root(*binds), *privileges, *command],
        env={**image.environment, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _said(image: Image, *command: str, **more: str) -> tuple[int, str]:
    process = _inside(image, *command, **more)
    said, _ = process.communicate()
    return process.returncode, said


@contextmanager
def _serving(image: Image, **more: str) -> Iterator["subprocess.Popen[str]"]:
    """What the image starts by itself, from when it is ready."""
    command = [*json.loads(image.told("ENTRYPOINT")), *json.loads(image.told("CMD"))]
    process = _inside(image, *command, **more)
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("handrail guards"):
                break
        assert process.poll() is None, "".join(lines)
        yield process
    finally:
        # To all of it: bubblewrap waits beside what it started.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_nothing_too_much_is_in_it(image: Image) -> None:
    """No torch, no pip, no compiler of ours, and everything handrail itself needs, Redis's client too."""
    absent = "torch sklearn onnx transformers pip setuptools pytest"
    look = (
        "import sys, importlib.util as u, redis, handrail.proxy.app, handrail.proxy.review.app;"
        "print([n for n in sys.argv[1:] if u.find_spec(n)])"
    )
    status, said = _said(image, "python", "-c", look, *absent.split())
    assert (status, said) == (0, "[]\n"), said
    packages = next(image.place(str(BUILT)).glob("lib/python*/site-packages"))
    assert str(packages) not in site.getsitepackages()
    assert list(packages.glob("aiohttp/__pycache__/*.pyc")), (
        "nothing was compiled, and at run time nothing can be"
    )


def test_it_can_write_to_its_volume_alone(image: Image) -> None:
    """The user that runs owns nothing but the volume, and finds no other place to write to than /tmp."""
    find = "find / -path /proc -prune -o -path /dev -prune -o -type d -writable -print 2>/dev/null; true"
    _, said = _said(image, "sh", "-c", find)
    outside = {path for path in said.split() if not path.startswith(image.told("VOLUME"))}
    assert outside <= {"/tmp"}
    status, said = _said(image, "sh", "-c", "id -u && touch handrail.test && rm handrail.test")
    assert (status, said.strip()) == (0, image.told("USER").split(":")[0])


async def test_it_guards(image: Image, serve: Serve) -> None:
    """Started as the image starts it, it turns healthy, repairs a harmful reply, keeps it, and stops."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=completion(HARMFUL_REPLY), content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    more = {"HANDRAIL_UPSTREAM_URL": await serve(app), "HANDRAIL_PORT": str(port)}
    check = json.loads(image.told("HEALTHCHECK").partition("CMD ")[2])
    with _serving(image, **more) as process:
        assert await asyncio.to_thread(_said, image, *check, **more) == (0, "")
        status, body = await post(f"http://127.0.0.1:{port}", asking(HARMFUL_MESSAGE))
        os.killpg(process.pid, signal.SIGTERM)
        await asyncio.to_thread(process.communicate, timeout=60)
    assert status == 200
    assert DEPTH not in body.decode()
    assert (await asyncio.to_thread(_said, image, *check, **more))[0] != 0
    kept = image.place("/var/lib") / "handrail" / Path(image.environment["HANDRAIL_JOURNAL_PATH"]).name
    assert kept.stat().st_uid == int(image.told("USER").split(":")[0])
    with closing(sqlite3.connect(kept)) as journal:
        assert journal.execute("SELECT count(*) FROM exchanges").fetchone() == (1,)
