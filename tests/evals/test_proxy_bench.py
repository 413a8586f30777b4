import asyncio
import os

from handrail.evals.proxy_bench_load import Load, ask, ask_each, chat
from handrail.evals.proxy_bench_systems import python, running
from handrail.evals.proxy_bench_upstream import SENTENCE, SENTENCES

CORES = os.sched_getaffinity(0)


def test_what_goes_through_a_proxy_is_counted_whole() -> None:
    """Through the minimal proxy every answer comes, whole or streamed, as large as without it."""
    with (
        running("upstream", python("proxy_bench_upstream"), CORES) as bot,
        running("minimal", python("proxy_bench_minimal", bot.url), CORES) as proxy,
    ):
        loads = [Load(chat(system.url), 20) for system in (bot, proxy)]
        for system, load in zip((bot, proxy), loads, strict=True):
            asyncio.run(ask(system.url, 4, load))
        streams = [asyncio.run(ask_each(s.url, [chat(s.url, stream=True)] * 3)) for s in (bot, proxy)]
        assert proxy.memory > 1
        assert proxy.processor >= 0
    for direct, relayed in (loads[0].answers, loads[1].answers), streams:
        assert len(direct) == len(relayed)
        assert {a.status for a in relayed} == {200}
        assert {a.size for a in relayed} == {direct[0].size}
        assert direct[0].size > len(SENTENCE) * SENTENCES
    assert all(0 < a.first <= a.whole for a in streams[1])
