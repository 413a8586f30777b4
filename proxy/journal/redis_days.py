"""The daily counts of the shared journal: a hash a day, and the set of all days."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from handrail.proxy.journal.days import Day
from handrail.proxy.redis_link import name

_DAYS = name("days")


def add(pipe: Pipeline, day: date, counts: Mapping[str, int]) -> None:
    """Add to the counts of a day, together with whatever else the pipeline does."""
    pipe.sadd(_DAYS, day.isoformat())
    for of, count in counts.items():
        pipe.hincrby(name("day", day.isoformat()), of, count)


async def days(redis: Redis) -> list[Day]:
    """All days that have counts, in order."""
    found: Any = await redis.smembers(_DAYS)
    dates = sorted(found)
    async with redis.pipeline(transaction=False) as pipe:
        for text in dates:
            pipe.hgetall(name("day", text))
        kept = await pipe.execute()
    return [
        Day(date.fromisoformat(text), {of: int(count) for of, count in sorted(counts.items())})
        for text, counts in zip(dates, kept, strict=True)
    ]
