"""Process: servers that the suite starts beside itself, and that never outlive it.

A keeper stands between: it ends its server when its standard input closes, which happens however the suite
ends, a kill that it can't answer included.
"""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from handrail.classifiers.errors import SettingsError

_URL = re.compile(rb"http://127\.0\.0\.1:\d+")
_LAST_LINES = 5
_KEEPER = """
import os, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def end_with_parent():
    while os.read(0, 1024): pass
    child.terminate()
threading.Thread(target=end_with_parent, daemon=True).start()
os._exit(child.wait())
"""


@contextmanager
def serving(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path, ready: bytes
) -> Iterator[str]:
    """Run `python -m ARGUMENTS` while the context lasts; give the URL in the line that contains `ready`.

    All it writes to standard error is kept in `log`. Raises SettingsError with its last lines when it does
    not start.
    """
    command = [sys.executable, "-c", _KEEPER, sys.executable, "-m", *arguments]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(environment))  # noqa: S603
    try:
        yield _url(keeper, log, ready)
    finally:
        if keeper.stdin:
            keeper.stdin.close()
        keeper.wait()


def _url(keeper: "subprocess.Popen[bytes]", log: Path, ready: bytes) -> str:
    if keeper.stderr is None:
        raise SettingsError("a server that the suite started can't be heard")
    seen: list[bytes] = []
    for line in keeper.stderr:
        seen.append(line)
        found = _URL.search(line) if ready in line else None
        # The line may name the server behind it first; the last URL is its own.
        if found:
            threading.Thread(target=_keep, args=(keeper, log, seen), daemon=True).start()
            return str(_URL.findall(line)[-1].decode())
    last = b"".join(seen[-_LAST_LINES:]).decode("utf-8", "replace").strip()
    raise SettingsError(f"a server that the suite started ended at once: {last or 'it said nothing'}")


def _keep(keeper: "subprocess.Popen[bytes]", log: Path, seen: Sequence[bytes]) -> None:
    """Read on, so that the server never waits for somebody to listen."""
    with log.open("ab") as out:
        out.writelines(seen)
        for line in keeper.stderr or ():
            out.write(line)
            out.flush()
