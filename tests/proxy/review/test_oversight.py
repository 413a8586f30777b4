from ..journal.conftest import record
from .conftest import Office


async def test_the_trail_shows_who_did_what(office: Office) -> None:
    """Leads see the acts of everybody, newest first, of one person or one exchange if asked for."""
    await office.journal.write(record("ex_1.0"))
    rea, lea = await office.reader("rea"), await office.reader("lea")
    await rea.get("/review/exchanges/ex_1.0")
    text = (await lea.get("/review/trail")).text
    assert text.index("saw the trail") < text.index("<td>saw</td>") < text.index("signed in")
    only = (await lea.get("/review/trail?who=rea&exchange=ex_1.0")).text
    assert "<td>saw</td>" in only
    assert "signed in" not in only
    assert "saw the trail" not in only


async def test_without_second_readings_kappa_is_not_made_up(office: Office) -> None:
    """Where nothing was read twice, the page says that kappa is not defined."""
    text = (await (await office.reader("aud")).get("/review/agreement")).text
    assert "not defined" in text
    assert "1.00" not in text
