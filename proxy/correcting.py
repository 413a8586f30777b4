"""Correcting: a whole answer with everything that was decided on its replies done to it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handrail.policies.decision import Action, Decision
from handrail.proxy.dialects.dialect import Dialect, WholeAnswer
from handrail.proxy.dialects.payload import dump


def write_repaired(
    dialect: Dialect, answer: WholeAnswer, decisions: Mapping[int, Decision], exchange: str
) -> bytes:
    """The answer in its own format, its replies corrected, added to or replaced.

    A sentence is corrected wherever the answer has it, so that no second form of a text keeps what was
    wrong. Where it stands in no one text, the corrected reply is put in the place of the whole.
    """
    body = dialect.write_reply(answer, decisions, exchange)
    if not any(decision.corrections for decision in decisions.values()):
        return body
    payload = json.loads(body)
    spread = dict(decisions)
    for voice in answer.voices:
        decision = decisions.get(voice.index)
        for one in decision.corrections if decision else ():
            found = _has(payload, one.said)
            payload = _corrected(payload, one.said, one.put)
            if decision and not found:
                whole = decision.delivered(voice.text)
                spread[voice.index] = replace(decision, action=Action.REPLACE, text=whole)
    return dump(payload).encode() if spread == decisions else dialect.write_reply(answer, spread, exchange)


def _corrected(value: Any, said: str, put: str) -> Any:
    if isinstance(value, str):
        return value.replace(said, put)
    if isinstance(value, list):
        return [_corrected(one, said, put) for one in value]
    if isinstance(value, dict):
        return {name: _corrected(one, said, put) for name, one in value.items()}
    return value


def _has(value: Any, said: str) -> bool:
    if isinstance(value, str):
        return said in value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has(one, said) for one in inner)
