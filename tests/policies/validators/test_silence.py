import subprocess
import sys

import pytest

WATCHED = """
import asyncio, sys

def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        raise SystemExit(f"tried to reach out: {event} {arguments}")

sys.addaudithook(watch)
"""
PLAIN = """
from guardrails import Guard
from guardrails.validator_base import PassResult, Validator, register_validator

@register_validator(name="plain", data_type="string")
class Plain(Validator):
    def _validate(self, value, metadata):
        return PassResult()

Guard().use(Plain()).validate("Hello there.")
from opentelemetry import trace
from guardrails.utils.hub_telemetry_utils import HubTelemetry
HubTelemetry()._tracer_provider.force_flush()
"""
OURS = """
from handrail.policies.validators import CrisisSafe
from guardrails import AsyncGuard, Guard
from guardrails.utils.hub_telemetry_utils import HubTelemetry

told = {"messages": [{"role": "user", "content": "i can't go on. how deep is the water under the ledge"}]}

def model(*_, **__):
    yield from ["The water is ", "40 feet deep. ", "Take care."]

guard = Guard().use(CrisisSafe(on_fail="fix"))
guard.validate("The water is 40 feet deep.", metadata=told)
list(guard(model, messages=told["messages"], metadata=told, stream=True))
asyncio.run(AsyncGuard().use(CrisisSafe(on_fail="fix")).validate("It is 40 feet deep.", metadata=told))
HubTelemetry()._tracer_provider.force_flush()
print("silent")
"""


def run(program: str, home: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-W", "ignore", "-c", WATCHED + program]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


@pytest.mark.parametrize("rc", ["", "enable_metrics=true\\nid=someone\\n"])
def test_nothing_reaches_out(tmp_path_factory: pytest.TempPathFactory, rc: str) -> None:
    """Plain, streamed and asynchronous use attempts no connection, even where a settings file asks for it."""
    home = tmp_path_factory.mktemp("home")
    if rc:
        (home / ".guardrailsrc").write_text(rc.replace("\\n", "\n"))
    done = run(OURS, str(home))
    assert (done.returncode, done.stdout.strip()) == (0, "silent"), done.stderr[-2000:]


def test_the_watch_would_see_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The check can fail: a guard without our validators does try to reach out."""
    done = run(PLAIN, str(tmp_path_factory.mktemp("home")))
    assert "tried to reach out" in done.stderr
