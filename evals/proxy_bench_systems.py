"""Systems: the servers that the proxy benchmark starts, each as a process of its own, and stops."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_URL = re.compile(r"http://[0-9.]+:\d+\b")
_NGINX = """daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000; client_body_temp_path b; proxy_temp_path p;
fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
upstream bot {{ server {upstream}; keepalive 128; keepalive_requests 1000000; }}
server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://bot; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_buffering off; }} }} }}
"""


@dataclass(frozen=True, slots=True)
class System:
    """A server that runs."""

    name: str
    url: str
    pid: int

    @property
    def memory(self) -> float:
        """Memory it holds now, in MB, without its children."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    @property
    def processor(self) -> float:
        """Processor time it has used so far, in seconds; of nginx, its worker's."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        pids = [self.pid, *(map(int, children.read_text().split()) if children.exists() else ())]
        return sum(_ticks(pid) for pid in pids) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    cores: set[int],
    environment: Mapping[str, str] | None = None,
    url: str = "",
) -> Iterator[System]:
    """Start a server on some cores. Its URL is the last on the line with which it says that it is ready."""
    with tempfile.NamedTemporaryFile("w+") as said:
        process = subprocess.Popen(  # noqa: S603  (commands of this benchmark)
            command, stdout=said, stderr=said, env={**os.environ, **(environment or {})}
        )
        try:
            os.sched_setaffinity(process.pid, cores)
            yield System(name, url or _said_url(process, Path(said.name)), process.pid)
        finally:
            process.terminate()
            process.wait(30)


def python(module: str, *arguments: str) -> list[str]:
    """The command for a module of this package."""
    return [sys.executable, "-m", f"handrail.evals.{module}", *arguments]


def handrail(upstream: str) -> list[str]:
    """The command for the proxy, as it is installed beside this interpreter."""
    found = shutil.which("handrail", path=str(Path(sys.executable).parent))
    if found is None:
        raise SystemExit("handrail is not installed beside this Python: run `pip install -e .`")
    return [found, "serve", "--upstream-url", upstream, "--port", "0"]


@contextmanager
def nginx(upstream: str, port: int, folder: Path, cores: set[int]) -> Iterator[System | None]:
    """nginx with one worker; None where it is not installed."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        yield None
        return
    path = folder / "nginx.conf"
    path.write_text(_NGINX.format(upstream=upstream.removeprefix("http://"), port=port))
    command = [found, "-p", str(folder), "-c", str(path)]
    with running("nginx", command, cores, url=f"http://127.0.0.1:{port}") as system:
        wait_for(port)
        yield system


def wait_for(port: int, seconds: float = 120) -> None:
    """Wait until something listens on a port of this machine. Raises SystemExit when nothing does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"nothing listens on port {port}")


def _ticks(pid: int) -> int:
    user, kernel = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(kernel)


def _said_url(process: "subprocess.Popen[bytes]", said: Path) -> str:
    while process.poll() is None:
        for line in said.read_text().splitlines(keepends=True):
            if line.endswith("\n") and line.startswith(("http://", "handrail guards")):
                return str(_URL.findall(line)[-1])
        time.sleep(0.05)
    raise SystemExit(said.read_text() or "a server said nothing and ended")
