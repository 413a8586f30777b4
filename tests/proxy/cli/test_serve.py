import asyncio
import json
import re
import signal
import socket
import sqlite3
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import HARMFUL_MESSAGE, HARMFUL_REPLY, Script, asking, completion, streamed

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Launch = Callable[..., "subprocess.Popen[str]"]
UPSTREAM = "upstream_url: http://127.0.0.1:9\n"


def _ready(process: "subprocess.Popen[str]") -> str:
    """The URL that a starting server announces."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"handrail guards \S+ at (\S+)", line):
            return found[1]
    raise AssertionError("the server never became ready")


def _request(url: str, message: str, **more: object) -> bytes:
    data = json.dumps(asking(message, **more)).encode()
    with urllib.request.urlopen(f"{url}/v1/chat/completions", data) as answer:
        return bytes(answer.read())


async def test_a_flagged_exchange_survives_a_kill(
    launch: Launch, upstream: str, script: Script, tmp_path: Path
) -> None:
    """After `kill -9` right behind a flagged reply, a restarted proxy's journal has the exchange."""
    script.chunks = [completion(HARMFUL_REPLY)]
    process = launch("serve", "--upstream-url", upstream, "--port", "0")
    url = await asyncio.to_thread(_ready, process)
    delivered = await asyncio.to_thread(_request, url, HARMFUL_MESSAGE)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = launch("serve", "--upstream-url", upstream, "--port", "0")
    await asyncio.to_thread(_ready, again)
    with sqlite3.connect(tmp_path / "handrail.db") as journal:
        rows = journal.execute("SELECT action, reply, delivered FROM exchanges").fetchall()
    journal.close()
    text = json.loads(delivered)["choices"][0]["message"]["content"]
    assert rows == [("replace", HARMFUL_REPLY, text)]


async def test_sigterm_lets_open_replies_end(launch: Launch, upstream: str, script: Script) -> None:
    """On SIGTERM the proxy takes no new requests, ends the open one in full, and leaves with status 0."""
    script.headers, script.delay = {"Content-Type": "text/event-stream"}, 0.1
    script.chunks = streamed("Peppers are lovely. " * 4, 8)
    process = launch("serve", "--upstream-url", upstream, "--port", "0")
    url = await asyncio.to_thread(_ready, process)

    talk = asyncio.to_thread(_request, url, "What should I cook?", stream=True)
    task = asyncio.create_task(talk)
    await script.reached.wait()
    process.send_signal(signal.SIGTERM)
    assert await task == b"".join(script.chunks)
    assert await asyncio.to_thread(process.wait, 20) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{UPSTREAM}prot: 1\n", "s.yaml:2: prot: Extra inputs are not permitted"),
        (f"{UPSTREAM}model_path: nowhere\n", "model manifest nowhere/manifest.json can't be read"),
        (f"{UPSTREAM}policy_path: nowhere.yaml\n", "nowhere.yaml can't be read"),
        (f"{UPSTREAM}journal_path: nowhere/x.db\n", "journal nowhere/x.db: unable to open"),
        ("port: 80\n", "upstream_url: Field required"),
    ],
)
def test_a_wrong_start_says_what_to_mend(run: Run, tmp_path: Path, text: str, message: str) -> None:
    """A wrong setting, model, policy or journal stops the start with one clear line and status 2."""
    (tmp_path / "s.yaml").write_text(text)
    done = run("serve", "--settings", "s.yaml")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(run: Run, launch: Launch) -> None:
    """A port in use stops the start and is named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", "--upstream-url", "http://127.0.0.1:9", "--port", port)
    assert done.returncode == 2
    assert f"can't listen on 127.0.0.1:{port}" in done.stderr


def test_the_environment_is_read(run: Run) -> None:
    """A misspelt variable of ours stops the start too."""
    done = run("serve", HANDRAIL_UPSTREAM_URL="http://127.0.0.1:9", HANDRAIL_PROT="1")
    assert done.returncode == 2
    assert "HANDRAIL_PROT" in done.stderr


async def test_sighup_puts_a_new_policy_in_force(launch: Launch, tmp_path: Path) -> None:
    """On SIGHUP the policy is read again, and /readyz names the new one's hash."""
    policy = tmp_path / "mine.yaml"
    policy.write_text("version: 1\nname: mine\nextends: default\n")
    (tmp_path / "settings.yaml").write_text(f"{UPSTREAM}policy_path: {policy}\nport: 0\nreload_seconds: 0\n")
    process = launch("serve", "--settings", "settings.yaml")
    url = await asyncio.to_thread(_ready, process)

    def live() -> str:
        with urllib.request.urlopen(f"{url}/readyz") as answer:
            return str(json.loads(answer.read())["policy"])

    before = await asyncio.to_thread(live)
    policy.write_text("version: 1\nname: mine\nextends: default\ndrop: [stigma.said]\n")
    assert await asyncio.to_thread(live) == before
    process.send_signal(signal.SIGHUP)
    assert process.stderr is not None
    # The log says when it is done.
    line = await asyncio.to_thread(next, (text for text in process.stderr if "policy_loaded" in text))
    assert json.loads(line)["policy"] == await asyncio.to_thread(live) != before
