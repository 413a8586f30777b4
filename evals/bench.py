"""Bench: what assessing costs on this machine, against bare ONNX Runtime on the same tokens in the same run.

`python -m handrail.evals.bench` prints medians of repeated runs. Timings are this machine's and of this
moment; only figures of one run may be compared.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import onnxruntime

from handrail.classifiers.assessor import Assessor, default_model_folder
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.manifest import MODEL_NAME
from handrail.classifiers.scheduler import Scheduler
from handrail.classifiers.windows import Window
from handrail.evals.harmless import read_harmless
from handrail.policies.load import load_decider

_REPEATS = 15
_RISKY = "I haven't slept since Tuesday and I feel better than ever. I'm going to sell the flat tonight."
_ORDINARY = 60
_SENTENCE = "It sounds as if a lot is happening at once, and I wonder how you are sleeping these days. "
_WORDS = len(_SENTENCE.split())


def exchange_of(words: int, said: str = _RISKY, turns: int = 1) -> Exchange:
    """An exchange with a reply of about so many words, after so many turns of the client."""
    earlier = [("user", said), ("assistant", _SENTENCE)] * (turns - 1)
    conversation = Conversation.of([*earlier, ("user", said)])  # type: ignore[list-item]
    return Exchange(conversation, _SENTENCE * max(1, round(words / _WORDS)))


def milliseconds(*works: Callable[[], object]) -> list[float]:
    """Median time of each call; the calls take turns, so that a slow moment hits all alike."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(_REPEATS):
        for work, found in zip(works, times, strict=True):
            began = time.perf_counter()
            work()
            found.append((time.perf_counter() - began) * 1000)
    return [statistics.median(found) for found in times]


class BareSession:
    """ONNX Runtime by itself, with the options that the encoder sets, on tokens made beforehand."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        path = str(default_model_folder() / MODEL_NAME)
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def feeds(
        self, windows: Sequence[Window]
    ) -> list[dict[str, np.ndarray[tuple[int, int], np.dtype[np.int64]]]]:
        """The inputs of some windows."""
        found = []
        for window in windows:
            ids = np.array([window.ids], dtype=np.int64)
            types = np.array([window.types], dtype=np.int64)
            found.append({"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types})
        return found

    def run(self, feeds: Sequence[dict[str, np.ndarray[tuple[int, int], np.dtype[np.int64]]]]) -> None:
        """One pass a window."""
        for feed in feeds:
            self._session.run(None, feed)


def lengths(assessor: Assessor) -> list[str]:
    """Cost of a full assessment by length of reply and of conversation, and what ours adds to bare passes."""
    bare = BareSession()
    lines = [
        "| reply, words | client's turns | tokens | assessed, ms | bare session, ms | of which ours |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    shapes = [
        (10, 1),
        (50, 1),
        (100, 1),
        (200, 1),
        (400, 1),
        (800, 1),
        (1600, 1),
        (100, 5),
        (100, 20),
        (100, 80),
    ]
    for words, turns in shapes:
        exchange = exchange_of(words, turns=turns)
        windows = [*assessor.cut_conversation(exchange.conversation), *assessor.cut_exchange(exchange)]
        feeds = bare.feeds(windows)
        ours, theirs = milliseconds(
            lambda exchange=exchange: assessor.assess([exchange]),  # type: ignore[misc]
            lambda feeds=feeds: bare.run(feeds),  # type: ignore[misc]
        )
        tokens = sum(len(w.ids) for w in windows)
        share = max(0.0, ours / theirs - 1)
        lines.append(f"| {words} | {turns} | {tokens} | {ours:.1f} | {theirs:.1f} | {share:.0%} |")
    return lines


def cutting(assessor: Assessor) -> list[str]:
    """Normalising and tokenising alone."""
    exchange = exchange_of(200)
    (reply,) = milliseconds(lambda: assessor.cut_exchange(exchange))
    return [f"Normalising and tokenising a reply of 200 words and its context: {reply:.2f} ms."]


async def cascade(assessor: Assessor) -> list[str]:
    """Ordinary exchanges as the proxy assesses them, against the same ones read in full, on one core."""
    decider = load_decider(assessor.manifest.levels)
    lines = ["| ordinary | replies read | ms, as the proxy does | ms, in full | share |", "| --- " * 5 + "|"]
    for kind in ("counselling", "assistant"):
        rows = [row for row in read_harmless() if row.kind == kind][:_ORDINARY]
        read, sums = 0, [0.0, 0.0]
        for row in rows:
            for at, sought in enumerate((decider.sought, None)):
                # A scheduler of its own, so that no risk is remembered.
                async with Scheduler(assessor, workers=1) as scheduler:
                    began = time.perf_counter()
                    found = await scheduler.assess(row.exchange, sought)
                    sums[at] += (time.perf_counter() - began) * 1000 / len(rows)
                read += found.behaviour.read and not at
        spared, full = sums
        lines.append(f"| {kind} | {read / len(rows):.0%} | {spared:.1f} | {full:.1f} | {spared / full:.0%} |")
    return lines


async def throughput(assessor: Assessor) -> list[str]:
    """Exchanges per second, one at a time and sixteen at once."""
    rates: dict[int, list[float]] = {1: [], 16: []}
    async with Scheduler(assessor) as scheduler:
        for attempt in range(5):
            for at_once, found in rates.items():
                began = time.perf_counter()
                for turn in range(48 // at_once):
                    said = [f"{_RISKY} {attempt} {at_once} {turn} {n}" for n in range(at_once)]
                    await asyncio.gather(*(scheduler.assess(exchange_of(60, s)) for s in said))
                found.append(48 / (time.perf_counter() - began))
    one, many = (statistics.median(found) for found in rates.values())
    return [
        "| at once | exchanges per second | |",
        "| --- | --- | --- |",
        f"| 1 | {one:.1f} | 1.00 |",
        f"| 16 | {many:.1f} | {many / one:.2f} |",
    ]


def start() -> list[str]:
    """Time and memory of a fresh process that loads the model and assesses once."""
    code = "from handrail.evals.first import main; main()"
    times, memory = [], 0
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
        times.append(time.perf_counter() - began)
        memory = max(memory, int(done.stdout))
    seconds = statistics.median(times)
    return [f"A fresh process assessed its first exchange after {seconds:.2f} s, using {memory} MB at most."]


def main() -> None:
    """Print all tables."""
    assessor = Assessor.load()
    parts = [
        lengths(assessor),
        cutting(assessor),
        asyncio.run(cascade(assessor)),
        asyncio.run(throughput(assessor)),
        start(),
    ]
    print("\n\n".join("\n".join(lines) for lines in parts))  # noqa: T201


if __name__ == "__main__":
    main()
