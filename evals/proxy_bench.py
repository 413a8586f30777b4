"""Proxy bench: what relaying and screening cost, beside a minimal aiohttp proxy and nginx in the same run.

`python -m handrail.evals.proxy_bench` prints the tables of docs/performance.md; `--into` writes them there.
Each proxy has one core, the scripted chatbot and the load share another; the systems take turns, round after
round, so that a slow moment hits all alike, and what counts are the ratios within a round. `--rival COMMAND`
measures a gateway of someone else's too (see `make bench-rival`).
"""

import argparse
import asyncio
import os
import re
import resource
import socket
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

from handrail.evals.marks import Marks
from handrail.evals.proxy_bench_load import Answered, Load, ask, ask_each, chat
from handrail.evals.proxy_bench_systems import System, handrail, nginx, python, running, wait_for
from handrail.evals.proxy_bench_upstream import FIRST_SENTENCE

_REQUESTS = {1: 250, 16: 1200, 64: 1200}
_PACE = 0.02
_STREAMS = 500
_SLOW = 0.25
MARKS = Marks("<!-- proxy bench -->", "<!-- end of proxy bench -->")
# As LiteLLM's proxy reads it: one model, passed on to the scripted chatbot.
_RIVAL = """model_list:
  - model_name: m
    litellm_params: {{model: openai/m, api_base: "{upstream}/v1", api_key: sk-x}}
general_settings: {{master_key: sk-x}}
"""
_LEFT_OUT = "nginx is not installed, so it is not measured (`apt-get install nginx-light`)."

# By system and number of connections: requests a second, median latency and processor time in ms.
Figures = dict[tuple[str, int], list[tuple[float, float, float]]]


def relayed(systems: Sequence[System], rounds: int) -> list[str]:
    """Requests per second and median latency of whole answers, each as a share of the minimal proxy's."""
    found: Figures = {}
    for turn in range(rounds):
        for connections, requests in _REQUESTS.items():
            for system in (*systems[turn % len(systems) :], *systems[: turn % len(systems)]):
                figures = _one(system, connections, requests)
                found.setdefault((system.name, connections), []).append(figures)
    lines = [
        "| | connections | requests/s | median ms | processor ms | throughput | latency |",
        "| --- " * 7 + "|",
    ]
    for connections in _REQUESTS:
        for system in systems:
            lines.append(_row(found, system.name, connections))
    return lines


def _one(system: System, connections: int, requests: int) -> tuple[float, float, float]:
    load, before = Load(chat(system.url), requests), system.processor
    seconds = asyncio.run(ask(system.url, connections, load))
    _check(system, load.answers, requests)
    median = statistics.median(a.whole for a in load.answers)
    return requests / seconds, median * 1000, (system.processor - before) / requests * 1000


def _row(found: Figures, name: str, connections: int) -> str:
    figures, minimal = found[name, connections], found["minimal", connections]
    rate, latency, processor = (statistics.median(f[at] for f in figures) for at in (0, 1, 2))
    rates, latencies = (
        statistics.median(f[at] / m[at] for f, m in zip(figures, minimal, strict=True)) for at in (0, 1)
    )
    own = f"{rate:.0f} | {latency:.2f} | {processor:.2f}"
    return f"| {name} | {connections} | {own} | {rates:.2f} | {latencies:.2f} |"


def first_text(systems: Sequence[System], guarded: System, rounds: int) -> list[str]:
    """Time to the first text of a streamed reply, against a sentence of it and an assessment more."""
    times: dict[str, list[float]] = {system.name: [] for system in systems}
    before = _assessments(guarded)
    for turn in range(rounds):
        for system in systems:
            request = chat(system.url, said=f"What should I cook on day {turn}?", stream=True, pace=_PACE)
            (answer,) = asyncio.run(ask_each(system.url, [request]))
            _check(system, [answer], 1)
            times[system.name].append(answer.first * 1000)
    medians = {name: statistics.median(found) for name, found in times.items()}
    total, count = (after - b for after, b in zip(_assessments(guarded), before, strict=True))
    sentence, assessment = FIRST_SENTENCE * _PACE * 1000, total / count * 1000
    grown = medians[guarded.name] - medians["minimal"]
    lines = ["| | first text, ms |", "| --- | --- |"]
    lines += [f"| {name} | {median:.1f} |" for name, median in medians.items()]
    return [
        *lines,
        "",
        f"A sentence of this upstream takes {sentence:.0f} ms, and an assessment took {assessment:.1f} ms on "
        f"average: the first text may come {sentence + assessment:.0f} ms later than through the minimal "
        f"proxy, and came {grown:.0f} ms later.",
    ]


def slow_streams(upstream: str, folder: Path) -> list[str]:
    """Many slow streams at once through the screening proxy, on two cores: memory, and whether all came."""
    environment = _environment("enforce", folder / "slow.db")
    with running("handrail", handrail(upstream), _cores(2), environment) as system:
        asyncio.run(ask_each(system.url, _requests(system.url, 20, 0.001)))
        before = system.memory
        direct = asyncio.run(ask_each(upstream, _requests(upstream, _STREAMS, _SLOW)))
        answers, peak = asyncio.run(_watched(system))
    _check(system, answers, _STREAMS)
    if {a.size for a in answers} != {direct[0].size}:
        raise SystemExit("a stream did not come whole")
    longest, bare = (max(a.whole for a in found) for found in (answers, direct))
    return [
        f"{_STREAMS} streams at once, each an event every {_SLOW * 1000:.0f} ms: all came whole. The "
        f"slowest took {longest:.1f} s ({bare:.1f} s without a proxy). Memory rose from {before:.0f} MB to "
        f"{peak:.0f} MB at most: {(peak - before) / _STREAMS:.3f} MB a stream.",
    ]


async def _watched(system: System) -> tuple[list[Answered], float]:
    """The answers of many streams, and the most memory the proxy held meanwhile, in MB."""
    asking = asyncio.create_task(ask_each(system.url, _requests(system.url, _STREAMS, _SLOW)))
    peak = system.memory
    while not asking.done():
        await asyncio.wait([asking], timeout=0.2)
        peak = max(peak, system.memory)
    return await asking, peak


def _requests(url: str, count: int, pace: float) -> list[bytes]:
    """Streamed chats, no two with the same words, so that nothing is remembered of one for another."""
    return [
        chat(url, said=f"What should {n} people eat on day {pace}?", stream=True, pace=pace)
        for n in range(count)
    ]


def _check(system: System, answers: Sequence[Answered], wanted: int) -> None:
    if len(answers) != wanted or any(a.status != 200 for a in answers):
        raise SystemExit(f"{system.name} did not answer every request with 200")


def _assessments(guarded: System) -> tuple[float, float]:
    """Seconds that assessments have taken so far, and how many there were."""
    with urlopen(f"{guarded.url}/metrics") as answer:  # noqa: S310  (a server of this benchmark)
        text = answer.read().decode()
    total, count = (
        float(re.findall(rf"^handrail_assessment_seconds_{name} (\S+)$", text, re.MULTILINE)[0])
        for name in ("sum", "count")
    )
    return total, count


def _environment(mode: str, journal: Path) -> dict[str, str]:
    return {"HANDRAIL_MODE": mode, "HANDRAIL_JOURNAL_PATH": str(journal)}


def _cores(count: int) -> set[int]:
    """The first cores this process may use."""
    return set(sorted(_ALL_CORES)[:count])


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _start(stack: ExitStack, upstream: str, folder: Path, rival: str | None) -> list[System]:
    core = _cores(1)
    systems = [stack.enter_context(running("minimal", python("proxy_bench_minimal", upstream), core))]
    served = stack.enter_context(nginx(upstream, _free_port(), folder, core))
    systems += [served] if served else []
    for name, mode in (("handrail, off", "off"), ("handrail, enforce", "enforce")):
        environment = _environment(mode, folder / f"{mode}.db")
        systems.append(stack.enter_context(running(name, handrail(upstream), core, environment)))
    if rival:
        port = _free_port()
        (folder / "rival.yaml").write_text(_RIVAL.format(upstream=upstream))
        command = rival.format(port=port, folder=folder).split()
        systems.append(stack.enter_context(running("rival", command, core, url=f"http://127.0.0.1:{port}")))
        wait_for(port)
    return systems


def _measure(rival: str | None, rounds: int) -> Iterator[list[str]]:
    """Tables and sentences, as each is found."""
    others = _ALL_CORES - _cores(1) or _ALL_CORES
    os.sched_setaffinity(0, others)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        bot = stack.enter_context(running("upstream", python("proxy_bench_upstream"), others))
        with ExitStack() as proxies:
            systems = _start(proxies, bot.url, folder, rival)
            by_name = {system.name: system for system in systems}
            yield relayed(systems, rounds)
            yield first_text(systems, by_name["handrail, enforce"], rounds)
        yield slow_streams(bot.url, folder)
    if "nginx" not in by_name:
        yield [_LEFT_OUT]
    load = os.getloadavg()[0]
    yield [f"{rounds} rounds; load average of the machine at the end: {load:.1f} on {len(_ALL_CORES)} cores."]


def main() -> None:
    """Measure, and print all tables or write them into a document."""
    parser = argparse.ArgumentParser(description="What relaying and screening cost.")
    parser.add_argument("--rival", help="command that starts a gateway, with {port} and {folder} in it")
    parser.add_argument("--into", type=Path, help="document to write the tables into")
    parser.add_argument("--rounds", type=int, default=9, help="how often the systems take turns (default 9)")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    parts = []
    for lines in _measure(options.rival, options.rounds):
        parts.append("\n".join(lines))
        sys.stdout.write(parts[-1] + "\n\n")
        sys.stdout.flush()
    if options.into:
        options.into.write_text(MARKS.put(options.into.read_text(), "\n\n".join(parts)))


_ALL_CORES = os.sched_getaffinity(0)

if __name__ == "__main__":
    main()
