import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handrail.classifiers.labels import BEHAVIOURS, HARMS, RISKS

from ..conftest import HARMFUL_MESSAGE, HARMFUL_REPLY, HARMLESS_MESSAGE, HARMLESS_REPLY

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _row(name: object, message: str, reply: str) -> dict[str, Any]:
    return {"id": name, "messages": [{"role": "user", "content": message}], "reply": reply}


ROWS = [_row("bad", HARMFUL_MESSAGE, HARMFUL_REPLY), _row("good", HARMLESS_MESSAGE, HARMLESS_REPLY)]
TEXT = "\n".join(json.dumps(row) for row in ROWS)


def test_rows_are_judged_in_order(run: Run, tmp_path: Path) -> None:
    """Each row of a file gives one row with everything the README promises, and a rate on stderr."""
    (tmp_path / "in.jsonl").write_text(TEXT + "\n")
    done = run("screen", "in.jsonl", "--locale", "en-AU")
    assert done.returncode == 0
    bad, good = (json.loads(line) for line in done.stdout.splitlines())
    assert (bad["id"], good["id"]) == ("bad", "good")
    assert (bad["flagged"], bad["decision"], bad["rules"][0]) == (True, "replace", "crisis.means")
    assert "13 11 14" in bad["delivered"]
    assert (good["flagged"], good["decision"], good["rules"]) == (False, "deliver", [])
    assert good["delivered"] == HARMLESS_REPLY
    for row in (bad, good):
        assert set(row["harms"]) == set(HARMS)
        assert set(row["risk"]) == set(RISKS)
        assert set(row["behaviours"]) == set(BEHAVIOURS)
        assert row["model"]
    assert "rows per second" in done.stderr


def test_standard_input(run: Run) -> None:
    """A dash reads standard input."""
    done = run("screen", "-", text=TEXT)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["bad", "good"]


def test_bad_rows_are_reported_and_the_rest_goes_on(run: Run) -> None:
    """Bad rows give an error by id or line, the others their verdict, and the status at the end is 1."""
    lines = [
        json.dumps(ROWS[1]),
        "{not json",
        "",
        '{"id": 7, "messages": []}',
        '{"id": "x", "messages": "hello", "reply": "hi"}',
        '"just a string"',
        json.dumps(ROWS[0]),
    ]
    done = run("screen", "-", text="\n".join(lines))
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row.get("id", row.get("line")) for row in rows] == ["good", 2, 7, "x", 6, "bad"]
    assert ["error" in row for row in rows] == [False, True, True, True, True, False]
    assert "reply: Field required" in rows[2]["error"] or "messages" in rows[2]["error"]


def test_system_prompts_and_parts_without_words(run: Run) -> None:
    """Messages of other roles are passed over; a null content is an empty one."""
    row = {
        "id": 1,
        "messages": [
            {"role": "system", "content": "You are a pirate."},
            {"role": "assistant", "content": None},
            {"role": "user", "content": "hello"},
        ],
        "reply": "Ahoy!",
    }
    done = run("screen", "-", text=json.dumps(row))
    assert json.loads(done.stdout)["decision"] == "deliver"


def test_odd_rows_stop_nothing(run: Run) -> None:
    """Numbers beyond reason, deep nesting and ids of the wrong kind each get a row of their own."""
    lines = [
        '{"id": ' + "1" * 5000 + "}",
        "[" * 20_000,
        json.dumps(_row(True, "hello", "hi")),
        json.dumps(_row("z", "hello", "hi")),
    ]
    done = run("screen", "-", text="\n".join(lines))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in row for row in rows] == [True, True, True, False]
    assert rows[-1]["id"] == "z"
    assert "Traceback" not in done.stderr


def test_a_file_with_a_byte_order_mark(run: Run, tmp_path: Path) -> None:
    """A file written by an editor that adds a byte-order mark reads like any other; half an emoji too."""
    (tmp_path / "in.jsonl").write_text("\ufeff" + json.dumps(_row("a", "hello", "x \ud83d")), "utf-8")
    done = run("screen", "in.jsonl")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["delivered"] == "x \ud83d"


def test_a_file_that_is_not_there(run: Run) -> None:
    """A missing file is named in one line, with status 2 and no traceback."""
    done = run("screen", "none.jsonl")
    assert done.returncode == 2
    assert "none.jsonl can't be read" in done.stderr
    assert "Traceback" not in done.stderr
