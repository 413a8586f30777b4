import asyncio

import pytest

from handrail.proxy.deadlines import Deadlines


async def test_a_call_ends_when_its_time_is_up() -> None:
    """A watched call that takes too long ends as with a timeout of its own."""
    deadlines = Deadlines(0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as call:
            deadlines.watch(call)
            await asyncio.Event().wait()
    assert not deadlines.forget(call)


async def test_a_forgotten_call_goes_on() -> None:
    """A call that was in time is never ended later, though another that is watched is."""
    deadlines = Deadlines(0.05)
    async with asyncio.timeout(None) as first:
        deadlines.watch(first)
        assert deadlines.forget(first)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as second:
                deadlines.watch(second)
                await asyncio.Event().wait()
    assert not first.expired()


async def test_a_call_that_is_cancelled_is_cancelled() -> None:
    """A cancellation from outside stays one."""
    deadlines, begun = Deadlines(60), asyncio.Event()

    async def work() -> None:
        async with asyncio.timeout(None) as call:
            deadlines.watch(call)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    deadlines.close()
