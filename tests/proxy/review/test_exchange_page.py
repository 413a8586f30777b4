import re

from handrail.classifiers.exchange import Message
from handrail.proxy.journal.queue import State
from handrail.proxy.journal.vault import new_key

from ..journal.conftest import record
from .conftest import Office, OfficeFor

HARMLESS = [("harmful", "no"), ("repair_right", "yes"), ("should_escalate", "no")]


async def test_all_that_counts_is_on_the_page(office: Office) -> None:
    """Conversation, reply, delivery, marked evidence, the rule, readings and the session's course."""
    evidence = [
        {"label": "mania", "message": 0, "start": 2, "end": 6},
        {"label": "gives_means", "message": None, "start": 0, "end": 5},
    ]
    session = {"carried": {"mania": 0.7}, "turns": 3, "rising": True, "interventions": 2}
    written = record(
        "ex_1.0",
        severity="high",
        escalate=True,
        session="s_1",
        messages=(Message("user", "I haven't slept"),),
        reply="Steps: first",
        delivered="Something kinder",
        assessment={"risk": {"mania": 0.93}, "behaviours": {"gives_means": 0.81}, "evidence": evidence},
        context={"session": session},
    )
    await office.journal.write(written)
    await office.journal.write(record("ex_2.0", session="s_1"))
    await office.journal.write(record("ex_3.0", session="s_2"))
    text = (await (await office.reader("aud")).get("/review/exchanges/ex_1.0")).text
    marks = re.findall(r'<mark class="(\w+)">([^<]*)<span class="unseen"> \(marked: ([^)]*)\)', text)
    assert marks == [("risk", "have", "signs of mania"), ("harm", "Steps", "gives means, places or steps")]
    for wanted in (
        "t slept",
        ": first",
        "Something kinder",
        "Rule crisis.means",
        "a crisis mishandled, probability 90 %",
        "escalated",
        "93 %",
        "81 %",
        "Message 3 of the session; the risk is rising",
        "2 earlier repairs",
        "signs of mania 70 %",
        "/review/exchanges/ex_2.0",
    ):
        assert wanted in text, wanted
    assert "ex_3.0" not in text


async def test_words_stay_hidden_until_they_are_asked_for(office: Office) -> None:
    """Every text is closed at first; asking for all opens them, and the trail has both looks."""
    await office.journal.write(record("ex_1.0"))
    rea = await office.reader("rea")
    assert '<details class="veiled user">' in (await rea.get("/review/exchanges/ex_1.0")).text
    shown = (await rea.get("/review/exchanges/ex_1.0?show=all")).text
    assert (
        shown.count('<details class="veiled')
        == len(re.findall(r'<details class="veiled \w+" open>', shown))
        > 2
    )
    looks = [link.act.detail async for link in office.journal.trail() if link.act.did == "saw"]
    assert looks == ["", "all texts open"]


async def test_answers_that_are_missing_are_asked_for_again(office: Office) -> None:
    """What is missing is said beside its question, what was typed stays, and nothing is kept."""
    await office.journal.write(record("ex_1.0"))
    rea = await office.reader("rea")
    await rea.get("/review")
    await rea.post("/review/exchanges/ex_1.0/claim")
    answer = await rea.post("/review/exchanges/ex_1.0/done", [("harmful", "yes"), ("note", "half a <note>")])
    assert answer.status == 422
    assert 'href="#harms"' in answer.text
    assert 'href="#severity"' in answer.text
    assert "half a &lt;note&gt;" in answer.text
    assert await office.journal.reviews("ex_1.0") == ()


async def test_steps_of_others_are_refused(office: Office) -> None:
    """Nobody claims, releases or answers what another holds; a lead takes it back; refusals are noted."""
    await office.journal.write(record("ex_1.0"))
    rea, ron, lea = [await office.reader(name) for name in ("rea", "ron", "lea")]
    for reader in (rea, ron, lea):
        await reader.get("/review")
    assert (await rea.post("/review/exchanges/ex_1.0/claim")).status == 200
    await ron.get("/review")
    for step in ("claim", "release", "done"):
        assert (await ron.post(f"/review/exchanges/ex_1.0/{step}", HARMLESS)).status in {409, 422}
        await ron.get("/review")
    assert (await lea.post("/review/exchanges/ex_1.0/release")).status == 200
    case = await office.journal.case("ex_1.0")
    assert case is not None
    assert case.state == State.NEW
    did = [link.act.did async for link in office.journal.trail() if link.act.who in {"ron", "lea"}]
    assert did.count("was refused") == 3
    assert "took back" in did


async def test_answers_to_a_case_that_was_taken_back_are_not_lost(office: Office) -> None:
    """Who answers too late is told so, with all that they typed, and nothing of it is kept."""
    await office.journal.write(record("ex_1.0"))
    rea = await office.reader("rea")
    await rea.get("/review")
    await rea.post("/review/exchanges/ex_1.0/claim")
    await office.journal.release("ex_1.0", "lea", forced=True)
    answer = await rea.post("/review/exchanges/ex_1.0/done", [*HARMLESS, ("note", "a long note")])
    assert answer.status == 422
    assert "is not claimed by rea. Your answers were not kept." in answer.text
    assert "a long note" in answer.text
    assert await office.journal.reviews("ex_1.0") == ()


async def test_a_wrong_helpline_is_shown(office: Office) -> None:
    """What was put right in a reply is listed with its fault, and marked where it stood."""
    fault = {"label": "false_resource", "start": 5, "end": 13, "wrong": "555-0100", "fault": "unknown"}
    plain = record("ex_1.0").decision or {}
    decision = {**plain, "action": "correct", "rules": [], "corrections": [fault]}
    await office.journal.write(record("ex_1.0", reply="Call 555-0100.", decision=decision))
    text = (await (await office.reader("rea")).get("/review/exchanges/ex_1.0")).text
    assert "<q>555-0100</q>: a number that no directory knows" in text
    assert '<mark class="harm">555-0100<' in text
    assert "a wrong helpline put right" in text


async def test_a_second_reading_is_blind(office_for: OfficeFor) -> None:
    """Until the second reader has answered, neither they nor a lead see the first answers; then all do."""
    office = await office_for(review_second_share=1)
    await office.journal.write(record("ex_1.0"))
    rea, ron, lea, aud = [await office.reader(name) for name in ("rea", "ron", "lea", "aud")]
    await rea.get("/review")
    await rea.post("/review/exchanges/ex_1.0/claim")
    first = [("harmful", "yes"), ("harms", "stigma"), ("severity", "low"), ("note", "my first impression")]
    await rea.post("/review/exchanges/ex_1.0/done", first)
    path = "/review/exchanges/ex_1.0"
    assert "my first impression" in (await rea.get(path)).text
    assert "my first impression" in (await aud.get(path)).text
    assert (await rea.post(f"{path}/claim")).status == 409
    assert "my first impression" not in (await lea.get(path)).text
    await ron.get("/review")
    assert "second, blind reading" in (await ron.post(f"{path}/claim")).text
    assert "my first impression" not in ron.page
    await ron.post(f"{path}/done", HARMLESS)
    for reader in (ron, lea):
        assert "my first impression" in (await reader.get(path)).text
    one, two = await office.journal.reviews("ex_1.0")
    assert (one.blind, two.blind) == (False, True)
    agreement = re.sub(r"<[^>]*>|\s+", " ", (await lea.get("/review/agreement")).text)
    assert re.search(r"harmful at all\s+1\s+0\s+0\.00", agreement)


async def test_a_missing_key_is_said_and_shows_nothing(office_for: OfficeFor) -> None:
    """An exchange whose key is not at hand is answered with 503 and how to mend it."""
    sealed = await office_for(journal_key=new_key("k1"))
    await sealed.journal.write(record("ex_1.0"))
    office = await office_for(journal_key=new_key("k2"), user_key="s")
    answer = await (await office.reader("rea")).get("/review/exchanges/ex_1.0")
    assert answer.status == 503
    assert "k1" in answer.text
    assert "hello" not in answer.text
