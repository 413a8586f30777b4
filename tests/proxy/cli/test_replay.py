import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail.policies.source import read_policy

from ..conftest import (
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    OMITTING_MESSAGE,
    OMITTING_REPLY,
    Guarded,
    Script,
    asking,
    completion,
    post,
)

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MINE = "version: 1\nname: mine\nextends: default\ndrop: [crisis.unanswered]\n"


def _row(name: str, message: str, reply: str, **more: object) -> str:
    return json.dumps(
        {"id": name, "messages": [{"role": "user", "content": message}], "reply": reply, **more}
    )


ROWS = "\n".join(
    [
        _row("harm", HARMFUL_MESSAGE, HARMFUL_REPLY),
        _row("gap", OMITTING_MESSAGE, OMITTING_REPLY, context={"locale": "en-GB", "age_band": "13-17"}),
        _row("fine", HARMLESS_MESSAGE, HARMLESS_REPLY),
    ]
)


@pytest.fixture
def screened(run: Run, tmp_path: Path) -> Path:
    """What `handrail screen` writes for three exchanges and a bad row."""
    (tmp_path / "mine.yaml").write_text(MINE)
    path = tmp_path / "out.jsonl"
    path.write_text(run("screen", "-", text=f"{ROWS}\n{{}}\n").stdout)
    return path


def test_replay_shows_what_a_policy_would_change(run: Run, screened: Path) -> None:
    """Screened exchanges are decided on by two policies without a model; what differs is shown."""
    done = run("policy", "replay", "default", "mine.yaml", str(screened))
    found = {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert found["gap"]["old"]["action"] == "append"
    assert found["gap"]["new"] == {"action": "deliver", "escalate": False, "severity": None, "rules": []}
    assert found["harm"]["new"]["rules"] == ["crisis.means"]
    assert set(found) == {"gap", "harm"}
    assert "3 exchanges, 2 decided otherwise" in done.stderr
    assert "append -> deliver" in done.stderr
    assert "2  - crisis.unanswered" in done.stderr


def test_the_same_policy_changes_nothing(run: Run, screened: Path) -> None:
    """A policy replayed against itself changes nothing, with status 0."""
    done = run("policy", "replay", "mine.yaml", "mine.yaml", str(screened))
    assert (done.returncode, done.stdout) == (0, "")


def test_replay_asks_about_the_context_on_record(run: Run, screened: Path, tmp_path: Path) -> None:
    """A rule about the age band is tried on the band that was on record."""
    (tmp_path / "teens.yaml").write_text(
        "version: 1\nname: teens\nextends: default\nrules:\n"
        "  - {id: crisis.unanswered, when: {risk: suicidal_ideation, missing: [checks_risk, refers_to_help],"
        " not: {age_band: [13-17]}}}\n"
    )
    done = run("policy", "replay", "default", "teens.yaml", str(screened))
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["gap"]


def test_an_unread_reply_is_not_compared(run: Run, screened: Path, tmp_path: Path) -> None:
    """Where a policy asks what a reply does that nobody read, that is said instead of a guess."""
    rows = [json.loads(line) for line in screened.read_text().splitlines()]
    unread = {**rows[2], "read": False, "behaviours": dict.fromkeys(rows[2]["behaviours"], 0.0)}
    (tmp_path / "unread.jsonl").write_text(json.dumps(unread))
    done = run("policy", "replay", "default", "mine.yaml", "unread.jsonl")
    assert "the reply was not read" in json.loads(done.stdout)["unread"]
    assert "1 not compared" in done.stderr


async def test_a_journal_is_replayed_and_explained(
    run: Run, guarded: Guarded, upstream: str, script: Script, tmp_path: Path
) -> None:
    """A flagged exchange can be asked for by its id, and a whole journal replayed."""
    (tmp_path / "mine.yaml").write_text(MINE)
    script.chunks = [completion(OMITTING_REPLY)]
    url = await guarded(upstream)
    sent = {"X-Handrail-Age-Band": "13-17"}
    _, body = await post(url, asking(OMITTING_MESSAGE), headers=sent)
    name = json.loads(body)["handrail"]["exchange"]
    done = run("policy", "explain", name, "--journal", "journal.db")
    assert done.returncode == 0, done.stderr
    assert f"{name}.0 by policy default ({read_policy().hash})" in done.stdout
    assert "FIRES     crisis.unanswered (crisis mishandling, append)" in done.stdout
    replayed = run("policy", "replay", "default", "mine.yaml", "journal.db")
    assert json.loads(replayed.stdout)["new"]["action"] == "deliver"
    assert "A journal holds what was flagged" in replayed.stderr


def test_explain_says_why_rule_by_rule(run: Run, screened: Path) -> None:
    """Every rule is named with whether it fires, its conditions with figures, and what was made of them."""
    done = run("policy", "explain", screened.read_text().splitlines()[0])
    assert done.returncode == 0, done.stderr
    for rule in read_policy().rules:
        assert rule.id in done.stdout
    assert "FIRES     crisis.means (crisis mishandling, replace)" in done.stdout
    assert "    yes  the conversation shows suicidal ideation [shows " in done.stdout
    assert "Wanted: replace (crisis.means), append (crisis.unanswered). Taken: replace" in done.stdout


def test_explain_reads_a_row_that_nobody_read_yet(run: Run) -> None:
    """A row without a reading is read with the model first."""
    done = run("policy", "explain", ROWS.splitlines()[2])
    assert "No rule fires: the reply is delivered as it is." in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("ex_nothing", "handrail.db is no journal; name it with --journal"),
        ("{", "line 1: not JSON"),
        ('{"reply": "x"}', "line 1: messages: Field required"),
        ('{"behaviours": {}}', "line 1: risk: Field required"),
    ],
)
def test_what_cannot_be_explained_is_said(run: Run, asked: str, said: str) -> None:
    """An exchange that is not there, or is none, is named with the mend, with status 2."""
    done = run("policy", "explain", asked)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


async def test_a_sealed_journal_is_read_with_its_key(
    run: Run, guarded: Guarded, upstream: str, script: Script
) -> None:
    """A journal that is sealed is explained and replayed with the key of the settings, and not without."""
    key = run("journal", "new-key").stdout.strip()
    script.chunks = [completion(OMITTING_REPLY)]
    _, body = await post(await guarded(upstream, journal_key=key), asking(OMITTING_MESSAGE))
    name = json.loads(body)["handrail"]["exchange"]
    asked = ("policy", "explain", name, "--journal", "journal.db")
    assert run(*asked).returncode == 2
    assert "FIRES     crisis.unanswered" in run(*asked, HANDRAIL_JOURNAL_KEY=key).stdout
    same = run("policy", "replay", "default", "default", "journal.db", HANDRAIL_JOURNAL_KEY=key)
    assert (same.returncode, same.stdout) == (0, "")
