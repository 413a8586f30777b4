"""Document: a YAML file checked against a model; what is wrong is named by file, line and field."""

import re
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from handrail.classifiers.errors import HandrailError

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]

# Deeper than any document of ours; an alias to its own parent goes on for ever.
_DEEPEST = 50

# How Python shows a member of a closed set; people write its value.
_ENUM = re.compile(r"<\w+\.\w+: ('[^']*')>")


def read_document(path: Path, model: type[Model], error_type: type[HandrailError]) -> Model:
    """Read a YAML file into a model. Raises `error_type` naming file, line, field and mend."""
    text = read_text(path, error_type)
    values, lines = parse_with_lines(text, path.name, error_type)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise error_type(describe(error, path.name, lines)) from error


def parse_with_lines(
    text: str, name: str, error_type: type[HandrailError]
) -> tuple[object, dict[Place, int]]:
    """The values of a YAML text, and the line (from 1) on which each of them stands."""
    lines: dict[Place, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
        if node is not None:
            _collect(node, (), lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unreadable"
        raise error_type(f"{name}{line}: not YAML: {problem}") from error
    except (ValueError, AttributeError, RecursionError) as error:
        # What YAML's own constructors raise for an impossible date, a number too long, or endless nesting.
        raise error_type(f"{name}: not YAML: a value can't be read") from error
    return values if values is not None else {}, lines


def describe(error: ValidationError, name: str, lines: dict[Place, int]) -> str:
    """All that a validation found wrong, one line each: file, line, field, message.

    Values are not repeated: a settings file may hold a key.
    """
    found = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        place = tuple(problem["loc"])
        known = next((place[:n] for n in range(len(place), 0, -1) if place[:n] in lines), ())
        line = f":{lines[known]}" if known else ""
        field = ".".join(str(part) for part in place) or "document"
        message = _ENUM.sub(r"\1", problem["msg"].removeprefix("Value error, "))
        found.append(f"{name}{line}: {field}: {message}")
    return "\n".join(found)


def read_text(path: Path, error_type: type[HandrailError]) -> str:
    """The text of a file. Raises `error_type` when it can't be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise error_type(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise error_type(f"{path} is not UTF-8 text") from error


def _collect(node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if len(place) > _DEEPEST:
        raise RecursionError
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if (*place, key.value) in lines:
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice", key.start_mark)
            lines[(*place, key.value)] = key.start_mark.line + 1
            _collect(value, (*place, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*place, index), lines)
