"""A real redis-server, started, killed and started again by tests."""

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import redis

_PATIENCE = 20.0


@dataclass
class RedisServer:
    """A server that keeps its files in a folder and listens on a socket in it, and on no port.

    `options` come after ours, as words: `["--maxmemory", "1mb"]`.
    """

    folder: Path
    options: list[str] = field(default_factory=list)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self.folder}/s"

    def start(self) -> None:
        """Start it; what it had kept is there again when this returns."""
        words = ["--port", "0", "--unixsocket", "s", "--dir", ".", "--save", "", "--appendonly", "yes"]
        self._process = subprocess.Popen(
            ["redis-server", *words, "--appendfsync", "always", *self.options],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            assert self._process.poll() is None, "redis-server did not start"
            assert time.monotonic() < until, "redis-server never answered"
            time.sleep(0.01)

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

    def client(self) -> redis.Redis:
        """A plain client, to look at what is really kept."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.exceptions.RedisError:
            return False
