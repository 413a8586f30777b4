"""Item: a reply and one yes/no question about it, for people to answer; and how the run judged it.

The same words in several arms are one item: nobody is asked twice, and nobody can tell whose words they are.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalSample, list_eval_logs, read_eval_log

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.check import Check
from handrail.evals.experiments.solving import REPLIES
from handrail.evals.experiments.stigma import CODED
from handrail.evals.judges.judge import require_judge
from handrail.evals.judges.scoring import CHECKS, clients_of

_REPLIES = "replies.jsonl"


@dataclass(frozen=True, slots=True)
class Item:
    """What a person is shown. `right` is the answer that speaks for the reply, which they are not shown."""

    client: str
    reply: str
    question: str
    right: str

    @property
    def id(self) -> str:
        """Made of the words alone, whatever a spreadsheet does to spaces; it tells nothing of the source."""
        words = "\0".join(tidy(text) for text in (self.client, self.reply, self.question))
        return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Judged:
    """An item and one judgement of it in a run: by whom, and whether the reply came out well, if known."""

    item: Item
    condition: str
    judge: str
    well: bool | None


def tidy(text: str) -> str:
    """Words as they survive a spreadsheet: single spaces, no sign in front that guards against formulas."""
    return " ".join(text.split()).removeprefix("'")


def read_judged(folder: Path) -> list[Judged]:
    """Every judged reply of a run, or of a replay of the authors' data.

    Raises SettingsError where the folder holds neither, or a log's judge may not judge.
    """
    if (folder / _REPLIES).is_file():
        return _of_replay(folder / _REPLIES)
    if not (folder / "logs").is_dir():
        raise SettingsError(f"{folder}: holds neither a run of the experiments nor a replay's {_REPLIES}")
    found = []
    for info in list_eval_logs(str(folder / "logs")):
        for sample in read_eval_log(info).samples or []:
            found += list(_of_sample(sample))
    return found


def _of_sample(sample: EvalSample) -> Iterator[Judged]:
    """The items of a sample whose checks are questions of a reply."""
    score = next(iter((sample.scores or {}).values()), None)
    about = (score.metadata if score else None) or {}
    checks = {c["id"]: Check.model_validate(c) for c in sample.metadata.get(CHECKS, [])}
    if not checks or "verdicts" not in about:
        return
    judge = str(about["judge"])
    require_judge(judge)
    replies: Sequence[Mapping[str, Any]] = sample.store.get(REPLIES, [])
    for verdict, reply, client in zip(about["verdicts"], replies, clients_of(sample.metadata), strict=True):
        if CODED in verdict:
            continue  # a letter says nothing that a person could judge
        for name, passed in verdict["checks"].items():
            check = checks.get(name)
            if check and check.question:
                item = Item(client, reply["text"], check.question, check.right)
                condition = str(sample.metadata.get("condition", ""))
                yield Judged(item, condition, judge, passed)
                if name in verdict.get("gold", {}):
                    yield Judged(item, condition, "gold", verdict["gold"][name])


def _of_replay(path: Path) -> list[Judged]:
    """Released replies, and what the guard made of them, where it changed them."""
    found = []
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        for row in rows:
            if row["right"] not in {"yes", "no"}:
                continue
            client = "\n\n".join(row["turns"])
            judge = "people (released)" if row["judge"] == "people" else f"model:{row['judge'] or 'unknown'}"
            asked = (row["question"], row["right"])
            found.append(
                Judged(Item(client, row["reply"], *asked), row["condition"], judge, row["appropriate"])
            )
            if row["delivered"] != row["reply"]:
                delivered = Item(client, row["delivered"], *asked)
                found.append(
                    Judged(delivered, row["condition"], row.get("guarded_by", "gold"), row["guarded"])
                )
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path}: not what handrail evals replay wrote; run it again") from error
    return found
