"""Guardrails benchmark: what a Guard costs around our reading. `make bench-guardrails` runs it.

Needs the `guardrails` extra. Medians of one run, in turns, so that a busy machine slows all alike.
"""

import time
from collections.abc import Callable, Sequence
from statistics import median

import click
from guardrails import Guard
from guardrails.validator_base import PassResult, ValidationResult, Validator, register_validator

from handrail.evals.harmless import read_harmless
from handrail.policies.validators import CrisisSafe
from handrail.policies.validators.harm_free import conversation_of
from handrail.policies.validators.judge import load_judge

_EXCHANGES = 40


@register_validator(name="handrail/bench_nothing", data_type="string")
class _Nothing(Validator):
    """A validator that does nothing: what is left is the cost of the guard."""

    def _validate(self, value: object, metadata: dict[str, object]) -> ValidationResult:
        return PassResult()


def _turns() -> list[tuple[dict[str, object], str]]:
    rows = read_harmless()[:_EXCHANGES]
    return [({"messages": [m.model_dump() for m in row.messages]}, row.text) for row in rows]


def _seconds(ways: Sequence[Callable[[dict[str, object], str], object]], repeats: int) -> list[float]:
    """Median seconds of each way over all exchanges."""
    taken: list[list[float]] = [[] for _ in ways]
    for turn in range(repeats):
        for metadata, reply in _turns():
            for way, times in zip(ways, taken, strict=True):
                began = time.perf_counter()
                # A reply already seen would not be read again.
                way(metadata, f"{reply} {turn}{id(times)}")
                times.append(time.perf_counter() - began)
    return [median(times) for times in taken]


@click.command()
@click.option("--repeats", default=3, show_default=True, help="Times each exchange is judged each way.")
def main(repeats: int) -> None:
    """Print the milliseconds an exchange takes bare, in a guard that does nothing, and in ours."""
    judge = load_judge()
    nothing, ours = Guard().use(_Nothing(on_fail="noop")), Guard().use(CrisisSafe(on_fail="noop"))
    ways: list[Callable[[dict[str, object], str], object]] = [
        lambda metadata, reply: judge.assess(conversation_of(metadata), reply, None, complete=True),
        lambda metadata, reply: nothing.validate(reply, metadata=metadata),
        lambda metadata, reply: ours.validate(reply, metadata=metadata),
    ]
    names = ("our reading alone", "a guard whose validator does nothing", "a guard with CrisisSafe")
    click.echo("| | median ms an exchange |\n| --- | --- |")
    for name, seconds in zip(names, _seconds(ways, repeats), strict=True):
        click.echo(f"| {name} | {seconds * 1000:.1f} |")


if __name__ == "__main__":
    main()
