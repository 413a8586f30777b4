import aiohttp

from .conftest import HARMFUL_MESSAGE, HARMFUL_REPLY, Guarded, Script, asking, completion


async def test_health_and_readiness(guarded: Guarded, upstream: str) -> None:
    """/healthz says the process lives; /readyz names the model and the policy in force."""
    url = await guarded(upstream)
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{url}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        async with client.get(f"{url}/readyz") as answer:
            values = await answer.json()
            assert (answer.status, values["status"]) == (200, "ready")
            assert values["model"]
            assert len(values["policy"]) == 12


async def test_metrics_count_what_was_done(guarded: Guarded, upstream: str, script: Script) -> None:
    """A flagged reply is counted as screened, by what was done, by harm and by rule, without a word of it."""
    script.chunks = [completion(HARMFUL_REPLY)]
    url = await guarded(upstream)
    async with aiohttp.ClientSession() as client:
        await (await client.post(f"{url}/v1/chat/completions", json=asking(HARMFUL_MESSAGE))).read()
        await (await client.get(f"{url}/v1/models")).read()
        async with client.get(f"{url}/metrics") as answer:
            text = await answer.text()
    assert 'handrail_replies_total{detail="replace",outcome="screened"} 1.0' in text
    assert 'handrail_flagged_total{harm="crisis_mishandling",rule="crisis.means"} 1.0' in text
    assert "handrail_escalations_total 1.0" in text
    assert 'handrail_relayed_total{status="2xx"} 1.0' in text
    assert "handrail_open_replies 0.0" in text
    assert "quarry" not in text
