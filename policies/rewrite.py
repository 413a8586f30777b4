"""Rewrite: new thresholds in a policy's file, the rest of it left as somebody wrote it."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from handrail.classifiers.errors import PolicyError
from handrail.policies.document import parse_with_lines, read_text
from handrail.policies.source import read_policy

_KEY = "thresholds"


def write_thresholds(path: Path, thresholds: Mapping[str, float]) -> None:
    """Put thresholds into a policy's file in one step, beside those that it has. Raises PolicyError.

    Comments within the present thresholds go; all others stay. A file that would not load stays as it was.
    """
    text = with_thresholds(read_text(path, PolicyError), path.name, thresholds)
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(path.stat().st_mode & 0o777)
        read_policy(beside)
        beside.replace(path)
    except OSError as error:
        raise PolicyError(f"{path} can't be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def with_thresholds(text: str, name: str, thresholds: Mapping[str, float]) -> str:
    """The text of a policy with thresholds put into it. Raises PolicyError for one that can't be read."""
    values, lines = parse_with_lines(text, name, PolicyError)
    places = {str(place[0]): line for place, line in lines.items() if len(place) == 1}
    if not isinstance(values, dict) or len(set(places.values())) < len(places):
        raise PolicyError(f"{name}: must hold one field a line for thresholds to be put in")
    merged = {**(values.get(_KEY) or {}), **thresholds}
    block = yaml.safe_dump({_KEY: merged}, sort_keys=False).splitlines()
    written = text.splitlines()
    if _KEY not in places:
        return "\n".join([*written, "", *block]) + "\n"
    first = places[_KEY] - 1
    after = min((line - 1 for line in places.values() if line - 1 > first), default=len(written))
    kept = _trailing(written[first:after])
    return "\n".join([*written[:first], *block, *kept, *written[after:]]) + "\n"


def _trailing(lines: list[str]) -> list[str]:
    """Blank lines and comments at the end of a block: they belong to what comes after it."""
    end = len(lines)
    while end > 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return lines[end:]
