from ..journal.conftest import record
from .conftest import Office


async def _assignees(office: Office) -> list[str | None]:
    return [case.assignee for case in (await office.journal.queue()).cases]


async def test_steps_for_several_cases(office: Office) -> None:
    """Ticked cases are claimed and released together; what another holds is left, and counted."""
    for at in range(3):
        await office.journal.write(record(f"ex_{at}.0"))
    await office.journal.claim("ex_2.0", "ron")
    rea = await office.reader("rea")
    ticked = [("case", f"ex_{at}.0") for at in range(3)]
    answer = await rea.post("/review/bulk", [*ticked, ("step", "claim"), ("back", "/review?severity=low")])
    assert "Done for 2; 1 could not be" in answer.text
    assert "/review?severity=low" in answer.url
    assert await _assignees(office) == ["rea", "rea", "ron"]
    await rea.post("/review/bulk", [*ticked, ("step", "release")])
    assert await _assignees(office) == [None, None, "ron"]


async def test_leads_hand_out_and_take_back(office: Office) -> None:
    """A lead assigns to whoever may judge, and takes back; reviewers may not."""
    await office.journal.write(record("ex_1.0"))
    lea, rea = await office.reader("lea"), await office.reader("rea")
    one = [("case", "ex_1.0")]
    assert (await lea.post("/review/bulk", [*one, ("step", "assign"), ("to", "ron")])).status == 200
    assert await _assignees(office) == ["ron"]
    for step in ("take-back", "assign"):
        assert (await rea.post("/review/bulk", [*one, ("step", step), ("to", "rea")])).status == 403
        await rea.get("/review")
    await lea.post("/review/bulk", [*one, ("step", "take-back")])
    assert await _assignees(office) == [None]
    for wrong in ("aud", "nobody", ""):
        assert (await lea.post("/review/bulk", [*one, ("step", "assign"), ("to", wrong)])).status == 400
        await lea.get("/review")


async def test_no_judgement_in_bulk(office: Office) -> None:
    """What is no step of the list is refused, above all finishing."""
    await office.journal.write(record("ex_1.0"))
    rea = await office.reader("rea")
    assert (await rea.post("/review/bulk", [("case", "ex_1.0"), ("step", "done")])).status == 400
    assert await office.journal.reviews("ex_1.0") == ()
