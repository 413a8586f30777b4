"""An operator's own module of validators, as a policy may name it."""

from typing import Any

from guardrails.validator_base import FailResult, PassResult, ValidationResult, Validator, register_validator


@register_validator(name="own/no_word", data_type="string")
class NoWord(Validator):
    def __init__(self, word: str, on_fail: Any = None) -> None:
        super().__init__(on_fail=on_fail, word=word)
        self._word = word

    def _validate(self, value: Any, metadata: dict[str, Any]) -> ValidationResult:
        if value == "raise":
            raise RuntimeError
        found = self._word in value and metadata["messages"][-1]["role"] == "user"
        return FailResult(error_message="found") if found else PassResult()
