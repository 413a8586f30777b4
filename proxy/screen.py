"""Screen: exchanges from a file, one JSON object a line, judged in batches and in order."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, islice
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange, Role
from handrail.policies.context import NOWHERE, Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Decision
from handrail.policies.hearing import Hearing
from handrail.policies.session import SessionState, rebuild
from handrail.proxy.journal.record import context_values, corrections_values, rounded

# Exchanges read at once, and judged together on one core: enough for windows of like length to find each
# other, few enough that the first results come at once.
BATCH = 64
PART = 16

Json = dict[str, Any]


class _Turn(BaseModel):
    role: str
    content: str | None = None


class Row(BaseModel):
    """A row as given; fields we don't know are left alone."""

    model_config = ConfigDict(extra="ignore")

    id: StrictStr | StrictInt | None = None
    messages: tuple[_Turn, ...] = Field(min_length=1)
    reply: str
    context: Context = NOWHERE

    @property
    def exchange(self) -> Exchange:
        """What is judged; turns that are neither the client's nor the chatbot's are passed over."""
        kept = (turn for turn in self.messages if turn.role in {"user", "assistant"})
        pairs = ((cast(Role, turn.role), turn.content or "") for turn in kept)
        return Exchange(Conversation.of(pairs), self.reply)


@dataclass(frozen=True, slots=True)
class Screener:
    """Model and policy for rows of a file; `context` holds for those that give none of their own."""

    assessor: Assessor
    decider: Decider
    context: Context

    def screen(self, lines: Iterable[str]) -> Iterator[Json]:
        """One result a line, in order: a verdict, or `{"id" or "line", "error"}` for a bad one.

        Empty lines are passed over.
        """
        rows = (read_row(line, number) for number, line in enumerate(lines, start=1) if line.strip())
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            while batch := list(islice(rows, BATCH)):
                yield from self._judge(batch, pool)

    def _judge(self, batch: Sequence[Row | Json], pool: ThreadPoolExecutor) -> Iterator[Json]:
        rows = [row for row in batch if isinstance(row, Row)]
        # A pass runs on one core, so each core gets a part of the batch.
        parts = [rows[at : at + PART] for at in range(0, len(rows), PART)]
        assessed = chain.from_iterable(pool.map(self._assess, parts))
        for row in batch:
            if not isinstance(row, Row):
                yield row
                continue
            context, assessment = next(assessed)
            exchange = row.exchange
            context = self.decider.consulted(exchange, assessment, context)
            decision = self.decider.decide(exchange.conversation, assessment, context, reply=exchange.reply)
            known = {"context": context_values(context)}
            yield {**result_of(row.id, exchange.reply, assessment, decision), **known}

    def _assess(self, rows: Sequence[Row]) -> list[tuple[Context, Assessment]]:
        return [self.assess(row) for row in rows]

    def assess(self, row: Row) -> tuple[Context, Assessment]:
        """Assess a row in its own context, and in the session that its conversation tells of or it gives."""
        began = time.perf_counter()
        exchange = row.exchange
        read = cache(self.assessor.read_risk)
        given = (self.context if row.context == NOWHERE else row.context).located(self.decider.directory)
        state = given.session or _session(exchange.conversation, read, self.assessor.read_behaviour)
        context = replace(self.decider.placed(given, exchange.conversation), session=state)
        heard = Hearing(exchange, context, self.decider)
        risk, behaviour = read(heard.exchange.conversation), self.assessor.read_behaviour(heard.exchange)
        seconds = time.perf_counter() - began
        return context, heard.inform(Assessment(risk, behaviour, self.assessor.version, seconds))


def _session(
    conversation: Conversation,
    read: Callable[[Conversation], RiskReading],
    judge: Callable[[Exchange], BehaviourReading],
) -> SessionState:
    """The session that a conversation tells of."""
    reading = rebuild(conversation)
    try:
        asked = next(reading)
        while True:
            asked = reading.send(read(asked) if isinstance(asked, Conversation) else judge(asked))
    except StopIteration as end:
        state: SessionState = end.value
        return state


def result_of(name: str | int | None, reply: str, assessment: Assessment, decision: Decision) -> Json:
    """The row written for an exchange."""
    return {
        "id": name,
        "flagged": decision.flagged,
        "decision": str(decision.action),
        "escalate": decision.escalate,
        "severity": decision.severity,
        "harms": rounded(decision.harms),
        "risk": rounded(assessment.risk.present),
        "risk_explicit": rounded(assessment.risk.explicit),
        "behaviours": rounded(assessment.behaviour.probabilities),
        "rules": list(decision.rules),
        "corrections": corrections_values(decision),
        "delivered": decision.delivered(reply),
        "model": assessment.model,
        "policy": decision.policy,
    }


def screen_all(screener: Screener, lines: Iterable[str], write: Callable[[str], None]) -> tuple[int, int]:
    """Screen all lines, writing each result; give the counts of results and of errors among them."""
    rows = errors = 0
    for result in screener.screen(lines):
        rows += 1
        errors += "error" in result
        write(json.dumps(result))
    return rows, errors


def read_row(line: str, number: int) -> Row | Json:
    """A row, or `{"id" or "line", "error"}` for a bad one."""
    name: Json = {"line": number}
    try:
        values = json.loads(line)
        if isinstance(values, dict) and type(values.get("id")) in {str, int}:
            name = {"id": values["id"]}
        return Row.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in problem["loc"]) or "row"
        return {**name, "error": f"{field}: {problem['msg']}"}
    except (ValueError, RecursionError) as error:
        return {**name, "error": f"not JSON: {getattr(error, 'msg', 'out of bounds')}"}
