import json

import aiohttp

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.proxy.shared import Shared
from handrail.proxy.verdict_cache import VerdictCache, assessment_of, numbers_of

from ..redis_server import RedisServer
from .conftest import HARMFUL_MESSAGE, HARMFUL_REPLY, Guarded, post

EXCHANGE = Exchange(Conversation.of([("user", HARMFUL_MESSAGE)]), HARMFUL_REPLY)


def test_an_assessment_is_the_same_after_a_way_through_numbers(assessor: Assessor) -> None:
    """Nothing of an assessment is lost in the cache's form, and no word is in it."""
    (assessment,) = assessor.assess([EXCHANGE])
    text = json.dumps(numbers_of(assessment))
    assert assessment_of(json.loads(text)) == assessment
    assert "quarry" not in text


async def test_what_is_remembered_and_for_how_long(assessor: Assessor) -> None:
    """The same question has its answer until its time is over; any other has none."""
    now = [0.0]
    cache = VerdictCache(10, clock=lambda: now[0])
    (assessment,) = assessor.assess([EXCHANGE])
    key = cache.key(EXCHANGE, "0.2.0")
    await cache.keep(key, assessment)
    assert await cache.find(key) == assessment
    assert await cache.find(cache.key(EXCHANGE, "0.3.0")) is None
    assert await cache.find(cache.key(Exchange(EXCHANGE.conversation, "other"), "0.2.0")) is None
    now[0] = 11
    assert await cache.find(key) is None
    assert VerdictCache(0).key(EXCHANGE) is None


async def test_replicas_share_numbers_alone(redis_server: RedisServer, assessor: Assessor) -> None:
    """What one replica assessed another finds, for as long as it lasts, and Redis holds no word of it."""
    replicas = [Shared(redis_server.url), Shared(redis_server.url)]
    first, second = (VerdictCache(60, shared) for shared in replicas)
    (assessment,) = assessor.assess([EXCHANGE])
    await first.keep(first.key(EXCHANGE), assessment)
    assert await second.find(second.key(EXCHANGE)) == assessment
    with redis_server.client() as client:
        (name,) = client.keys("*")
        assert "quarry" not in name + str(client.get(name))
        assert 0 < client.ttl(name) <= 60
    redis_server.kill()
    assert await second.find(second.key(EXCHANGE, "other")) is None
    for shared in replicas:
        await shared.close()


async def test_a_second_request_is_answered_from_the_cache(guarded: Guarded, upstream: str) -> None:
    """The same exchange asked twice gets the same verdict, read once; both are journalled."""
    url = await guarded(upstream)
    body = {"messages": [{"role": "user", "content": HARMFUL_MESSAGE}], "reply": HARMFUL_REPLY}
    verdicts = [json.loads((await post(url, body, path="/v1/screen"))[1]) for _ in range(2)]
    assert verdicts[0].pop("exchange") != verdicts[1].pop("exchange")
    for verdict in verdicts:
        verdict.pop("seconds", None)
    assert verdicts[0] == verdicts[1]
    async with aiohttp.ClientSession() as client:
        text = await (await client.get(f"{url}/metrics")).text()
    assert 'handrail_verdict_cache_total{outcome="hit"} 1.0' in text
    assert 'handrail_verdict_cache_total{outcome="miss"} 1.0' in text
