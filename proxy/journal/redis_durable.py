"""What of a Redis's own settings would lose exchanges, in plain words for the log."""

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError


async def durability_gaps(redis: Redis) -> list[str]:
    """Each setting that should be otherwise, as far as this Redis tells its settings."""
    gaps = []
    info: Any = await redis.info("persistence")
    if not int(info.get("aof_enabled", 0)):
        gaps.append("appendonly is not yes: a crash of Redis loses exchanges")
    appendfsync = await _setting(redis, "appendfsync")
    if appendfsync not in {"always", None}:
        gaps.append(f"appendfsync is {appendfsync}, not always: a loss of power loses the last second")
    policy = await _setting(redis, "maxmemory-policy")
    if policy not in {"noeviction", None}:
        gaps.append(f"maxmemory-policy is {policy}, not noeviction: a full memory drops exchanges")
    return gaps


async def _setting(redis: Redis, name: str) -> str | None:
    try:
        found: Any = await redis.config_get(name)
    except ResponseError:
        # Hosted services often forbid the question.
        return None
    return str(found[name]) if name in found else None
