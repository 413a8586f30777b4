"""Row: one judged answer of a run, as it stands in the CSV; Inspect's logs hold everything else."""

import csv
import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.arm import Arm
from handrail.evals.experiments.solving import REPLIES, WHOLE
from handrail.evals.judges.judge import require_judge


@dataclass(frozen=True, slots=True)
class Row:
    """One check of one reply. `well` is 1 or 0, or None where the judge gave no answer that counts.

    `changed` is how much differs from the unguarded arm's reply to the same, in [0, 1], or None without one.
    `coded` is the coded answer to a multiple-choice question, `gold` what labels say where a model judged.
    """

    experiment: str
    target: str
    arm: str
    sample: str
    check: str
    judge: str
    well: int | None
    condition: str = ""
    stimulus: str = ""
    origin: str = ""
    level: str = ""
    conversation: str = ""
    depth: int | None = None
    setting: str = ""
    turn: int = 0
    question: str = ""
    education: str = ""
    race: str = ""
    gender: str = ""
    coded: int | None = None
    gold: int | None = None
    kind: str = ""
    change: str = ""
    changed: float | None = None
    empty: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    error: str = ""

    @property
    def cell(self) -> tuple[str, str, int, str, str]:
        """What is the same in every arm: the sample, the turn, the question, the check."""
        return self.target, self.sample, self.turn, self.question, self.check


_COPIED = ("condition", "stimulus", "origin", "level", "conversation", "depth", "setting")
_FACTORS = ("education", "race", "gender")


def read_rows(folder: Path) -> list[Row]:
    """All rows of a run's logs. Raises SettingsError for a log whose judge may not judge."""
    logs = [read_eval_log(info) for info in list_eval_logs(str(folder))]
    texts: dict[tuple[str, ...], str] = {}
    rows = [row for log in logs for row in _rows_of(log, texts)]
    return sorted(_with_changes(rows, texts), key=_order)


def _order(row: Row) -> tuple[str, str, int]:
    """Arms stand in the order of the design, whatever order their logs have."""
    return row.experiment, row.target, list(Arm).index(Arm(row.arm))


def _rows_of(log: EvalLog, texts: dict[tuple[str, ...], str]) -> Iterator[Row]:
    about = log.eval.metadata or {}
    for sample in log.samples or []:
        yield from _rows_of_sample(about, sample, texts)


def _rows_of_sample(
    about: dict[str, Any], sample: EvalSample, texts: dict[tuple[str, ...], str]
) -> Iterator[Row]:
    score = next(iter((sample.scores or {}).values()), None)
    found = (score.metadata if score else None) or {}
    judge = str(found.get("judge", "gold"))
    require_judge(judge)
    base = Row(about["experiment"], about["target"], about["arm"], str(sample.id), "", judge, None)
    base = replace(base, **{n: sample.metadata[n] for n in (*_COPIED, *_FACTORS) if n in sample.metadata})
    if score is None:
        yield replace(base, error=_error(sample))
        return
    replies = sample.store.get(REPLIES, [])
    usage: dict[str, Any] = _usage(sample, len(replies))
    verdicts = found.get("verdicts", [])
    if sample.metadata.get(WHOLE):
        replies = [{"turn": 0, "text": "\n".join(r["text"] for r in replies)}]
    for verdict, reply in zip(verdicts, replies, strict=True):
        question = verdict["id"] or ""
        for check, passed in verdict["checks"].items():
            row = replace(
                base,
                check=check,
                well=_whole(passed),
                turn=reply["turn"],
                question=question,
                coded=verdict.get("coded"),
                gold=_whole(verdict.get("gold", {}).get(check)),
                kind=verdict.get("kind") or "",
                change=verdict["change"],
                empty=int(not reply["text"].strip()),
                **usage,
            )
            texts[(row.arm, *map(str, row.cell))] = reply["text"]
            yield row
            usage = {}


def _whole(passed: bool | None) -> int | None:
    return None if passed is None else int(passed)


def _error(sample: EvalSample) -> str:
    return sample.error.message.split("\n")[0][:200] if sample.error else "not finished"


def _usage(sample: EvalSample, replies: int) -> dict[str, int]:
    """The sample's tokens, given to its first row so that a sum over rows is the run's."""
    used = [u for name, u in sample.model_usage.items() if name.startswith("handrail/")]
    if not replies:
        return {}
    return {
        "input_tokens": sum(u.input_tokens for u in used),
        "output_tokens": sum(u.output_tokens for u in used),
    }


def _with_changes(rows: Sequence[Row], texts: dict[tuple[str, ...], str]) -> list[Row]:
    """Rows of guarded arms with how much differs from the reply that the same got unguarded."""
    found = []
    for row in rows:
        cell = tuple(map(str, row.cell))
        if row.error or not Arm(row.arm).guarded or (Arm(row.arm).unguarded, *cell) not in texts:
            found.append(row)
            continue
        bare, delivered = texts[(str(Arm(row.arm).unguarded), *cell)], texts[(row.arm, *cell)]
        found.append(replace(row, changed=_difference(bare, delivered)))
    return found


def _difference(bare: str, delivered: str) -> float:
    """One minus the share of words in common (Ratcliff and Metzener, 1988), in order."""
    if bare == delivered:
        return 0.0
    matcher = difflib.SequenceMatcher(None, bare.split(), delivered.split(), autojunk=False)
    return round(1 - matcher.ratio(), 4)


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write rows as CSV; a missing value is an empty cell."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, [f.name for f in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def load_rows(path: Path) -> list[Row]:
    """Read rows back from CSV. Raises SettingsError naming file and column."""
    try:
        with path.open(newline="", encoding="utf-8") as source:
            return [_parsed(found) for found in csv.DictReader(source)]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read as a run's answers") from error
    except (KeyError, ValueError, TypeError) as error:
        raise SettingsError(f"{path}: not the answers of a run: {error}") from error


_WHOLE = ("well", "depth", "turn", "coded", "gold", "empty", "input_tokens", "output_tokens")


def _parsed(found: dict[str, str]) -> Row:
    values: dict[str, Any] = dict(found)
    for name in _WHOLE:
        values[name] = int(found[name]) if found[name] else None
    values["changed"] = float(found["changed"]) if found["changed"] else None
    require_judge(values["judge"])
    return Row(**values)
