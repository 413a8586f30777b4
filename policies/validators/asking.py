"""Asking: the validators of Guardrails AI that a policy names, made ready to be asked about replies."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

from guardrails.validator_base import FailResult, Validator, get_validator_class

from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Exchange
from handrail.policies.outside import Ask, Outside


def asking(declared: Mapping[str, Outside]) -> Ask:
    """Make the validators of a policy. Raises PolicyError naming the one that can't be had, and the mend."""
    return partial(_failed, {name: _made(name, outside) for name, outside in declared.items()})


def _failed(validators: Mapping[str, Validator], name: str, exchange: Exchange) -> bool:
    messages = [{"role": m.role, "content": m.content} for m in exchange.conversation.messages]
    result = validators[name].validate(exchange.reply, {"messages": messages})
    return isinstance(result, FailResult)


def _made(name: str, outside: Outside) -> Validator:
    registered = _registered(name, outside)
    try:
        # What a failure means is for the policy to say.
        return registered(**outside.arguments, on_fail="noop")
    except Exception as error:
        raise PolicyError(
            f"validators.{name}.arguments: {outside.use} can't be made with these ({type(error).__name__})"
        ) from error


def _registered(name: str, outside: Outside) -> Any:
    if outside.module:
        try:
            import_module(outside.module)
        except ImportError as error:
            raise PolicyError(f"validators.{name}.module: {outside.module} can't be imported") from error
    found = get_validator_class(outside.use)
    if found is None:
        raise PolicyError(
            f"validators.{name}.use: no validator is registered as {outside.use}; install it with "
            f"`guardrails hub install hub://{outside.use}`, or name the module that registers it"
        )
    return found
