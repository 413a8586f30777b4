"""Alerts in Redis: a stream that a group of senders shares, and those that wait for another try."""

import json
import os
import socket
import time
from dataclasses import replace
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from handrail.proxy.journal.alert import Alert, alert_from, alert_values
from handrail.proxy.journal.custody import ALERT_LEASE
from handrail.proxy.redis_link import name

_STREAM = name("alerts")
_LATER = name("alerts", "later")
_GROUP = "senders"
# Puts those whose time has come back into the stream, in one step.
_WAKE = """
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, 100)
for _, body in ipairs(due) do
  redis.call('XADD', KEYS[1], '*', 'body', body)
  redis.call('ZREM', KEYS[2], body)
end
"""


class RedisAlerts:
    """Shared outbox of escalations: each is with one sender at a time, and with another if that one dies."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._sender = f"{socket.gethostname()}-{os.getpid()}-{id(self)}"

    def add(self, pipe: Pipeline, alert: Alert) -> None:
        """Leave an alert, together with whatever else the pipeline does."""
        pipe.xadd(_STREAM, {"body": _body(alert)})

    async def take(self, most: int) -> list[Alert]:
        """Alerts that are due: those of silent senders first, then new ones."""
        await self._join()
        await self._redis.eval(_WAKE, 2, _STREAM, _LATER, str(time.time()))
        claimed = await self._redis.xautoclaim(
            _STREAM, _GROUP, self._sender, min_idle_time=ALERT_LEASE * 1000, count=most
        )
        found = [entry for entry in claimed[1] if entry[1]]
        if len(found) < most:
            fresh = await self._redis.xreadgroup(
                _GROUP, self._sender, {_STREAM: ">"}, count=most - len(found)
            )
            found += [entry for _, entries in pairs(fresh) for entry in entries]
        alerts = [_alert(ticket, fields["body"]) for ticket, fields in found]
        return [alert for alert in alerts if await self._wanted(alert)]

    async def settle(self, alert: Alert, retry_at: datetime | None) -> None:
        """An alert was sent (None), or is to be tried again at a time."""
        async with self._redis.pipeline(transaction=True) as pipe:
            if retry_at is not None:
                pipe.zadd(_LATER, {_body(alert): retry_at.timestamp()})
            pipe.xack(_STREAM, _GROUP, alert.ticket)
            pipe.xdel(_STREAM, alert.ticket)
            await pipe.execute()

    async def waiting(self) -> int:
        """How many alerts have not been sent."""
        return int(await self._redis.xlen(_STREAM)) + int(await self._redis.zcard(_LATER))

    async def _join(self) -> None:
        try:
            await self._redis.xgroup_create(_STREAM, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _wanted(self, alert: Alert) -> bool:
        """Whether the exchange is still there; of a deleted one nobody is told."""
        if await self._redis.exists(name("exchange", alert.id)):
            return True
        await self.settle(alert, None)
        return False


def _body(alert: Alert) -> str:
    return json.dumps([alert_values(alert), alert.attempts])


def _alert(ticket: str, body: str) -> Alert:
    values, attempts = json.loads(body)
    return replace(alert_from(values, attempts, ticket), attempts=attempts + 1)


def pairs(answer: Any) -> list[Any]:
    """Streams with their entries; which shape they come in depends on the protocol spoken."""
    return list(answer.items()) if isinstance(answer, dict) else list(answer or ())
