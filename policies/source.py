"""Source: a policy's file, and the policy it extends.

`extends` names `default`, the shipped policy, or a file beside this one. What the file says of a rule that
is already there changes that rule, field by field; its new rules stand above the inherited ones, so that
they come first; `drop` leaves rules out. Thresholds are merged label by label, validators name by name;
`hold` is replaced whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from pydantic import Field, ValidationError, create_model

from handrail.classifiers.errors import PolicyError
from handrail.policies.condition import Part
from handrail.policies.document import Place, describe, parse_with_lines, read_text
from handrail.policies.outside import Outsides
from handrail.policies.policy import Holding, Policy, Rule, RuleId
from handrail.policies.thresholds import Threshold

DEFAULT = "default"
_DEEPEST = 8

Model = TypeVar("Model", Policy, "Extension")
Values = dict[str, Any]
Lines = dict[Place, int]

_FIELDS: dict[str, Any] = {
    name: (field.annotation | None, Field(default=None, description=field.description))  # type: ignore[operator]
    for name, field in Rule.model_fields.items()
}
# A rule of which only the name must be given.
RuleChange = create_model(
    "RuleChange",
    __base__=Part,
    __doc__="A new rule, or the fields in which an inherited one of this id is changed.",
    **{**_FIELDS, "id": (RuleId, ...)},
)


class Extension(Part):
    """A policy that says only in what it differs from another."""

    version: Literal[1]
    name: str
    extends: str = Field(min_length=1, description="`default`, or a path from this file's folder")
    description: str | None = None
    hold: Holding | None = None
    thresholds: Mapping[str, Threshold] = Field(default_factory=dict)
    validators: Outsides = Field(default_factory=dict)
    drop: tuple[RuleId, ...] = Field(default=(), description="ids of inherited rules that are left out")
    rules: tuple[RuleChange, ...] = ()  # type: ignore[valid-type]


@dataclass(frozen=True, slots=True)
class Source:
    """A policy as a file gives it, what it extends, and the values it was read from."""

    policy: Policy
    parent: Policy | None
    values: Values
    paths: tuple[Path, ...]


def default_policy_path() -> Path:
    """Where the policy that came with handrail lies."""
    return Path(str(files("handrail.policies"))) / "default.yaml"


def read_policy(path: Path | None = None) -> Policy:
    """Read a policy file, by default ours. Raises PolicyError naming line, field and mend."""
    return read_source(path).policy


def read_source(path: Path | None = None) -> Source:
    """Read a policy file and all that it extends. Raises PolicyError naming line, field and mend."""
    return _read(path or default_policy_path(), ())


def _read(path: Path, below: tuple[Path, ...]) -> Source:
    values, lines = parse_with_lines(read_text(path, PolicyError), path.name, PolicyError)
    if not isinstance(values, dict) or "extends" not in values:
        policy = _validated(Policy, values, path, lines)
        return Source(policy, None, cast(Values, values), (path,))
    extension = _validated(Extension, values, path, lines)
    parent = _parent(extension, path, (*below, path.resolve()))
    merged, merged_lines = _merged(parent, values, path, lines)
    return Source(
        _validated(Policy, merged, path, merged_lines), parent.policy, merged, (path, *parent.paths)
    )


def _parent(extension: Extension, path: Path, below: tuple[Path, ...]) -> Source:
    wanted = default_policy_path() if extension.extends == DEFAULT else path.parent / extension.extends
    if wanted.resolve() in below or len(below) > _DEEPEST:
        raise PolicyError(f"{path.name}: extends: {wanted.name} extends this file in turn, or too many do")
    return _read(wanted, below)


def _merged(parent: Source, values: Values, path: Path, lines: Lines) -> tuple[Values, Lines]:
    """The parent's values with the child's in them, and the child's lines at their new places."""
    inherited = {rule["id"]: rule for rule in parent.values["rules"]}
    dropped = values.get("drop") or ()
    for at, name in enumerate(dropped):
        if name not in inherited:
            known = ", ".join(inherited)
            raise PolicyError(f"{path.name}:{lines['drop', at]}: drop: there is no {name} among {known}")
    changes = {rule["id"]: at for at, rule in enumerate(values.get("rules") or ())}
    order = [*(n for n in changes if n not in inherited), *(n for n in inherited if n not in dropped)]
    given = [values["rules"][changes[name]] if name in changes else {} for name in order]
    merged = {
        **parent.values,
        **{key: value for key, value in values.items() if key not in {"extends", "drop"}},
        "thresholds": {**(parent.values.get("thresholds") or {}), **(values.get("thresholds") or {})},
        "validators": {**(parent.values.get("validators") or {}), **(values.get("validators") or {})},
        "rules": [{**inherited.get(n, {}), **change} for n, change in zip(order, given, strict=True)],
    }
    moved = {changes[name]: at for at, name in enumerate(order) if name in changes}
    return merged, _moved(lines, moved)


def _moved(lines: Lines, moved: Mapping[int, int]) -> Lines:
    found = {place: line for place, line in lines.items() if place[:1] != ("rules",)}
    for place, line in lines.items():
        if len(place) > 1 and place[0] == "rules" and place[1] in moved:
            found["rules", moved[cast(int, place[1])], *place[2:]] = line
    return found


def _validated(model: type[Model], values: object, path: Path, lines: Lines) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise PolicyError(describe(error, path.name, lines)) from error
