"""Alerts: tells a webhook of escalations, signed, until it has taken each of them.

Signed as Standard Webhooks describes it: `webhook-id`, `webhook-timestamp` and `webhook-signature`, which is
"v1," and the base64 of HMAC-SHA256 over "id.timestamp.body". A repetition has the same id and the same body.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp

from handrail.classifiers.errors import SettingsError
from handrail.proxy.journal.alert import Alert, alert_values
from handrail.proxy.journal.journal import Journal
from handrail.proxy.logs import logger
from handrail.proxy.metrics import Metrics

_log = logger("alerts")

_BATCH = 16
_PAUSE = 0.5
_ANSWER_SECONDS = 10
# The longest wait between two tries.
_MOST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where escalations are told, with what secret, and where their exchanges can be reviewed.

    `first_seconds` is the wait before the second try; it doubles each time, up to ten minutes.
    """

    url: str
    secret: bytes
    review_url: str | None = None
    first_seconds: float = 1.0


class AlertSender:
    """A task that sends what is in the journal's outbox. Nothing is given up: only a 2xx answer ends it."""

    def __init__(self, webhook: Webhook, journal: Journal, metrics: Metrics) -> None:
        self._webhook = webhook
        self._journal = journal
        self._metrics = metrics

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until told to stop; what is under way is finished."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as client:
            while not stopping.is_set():
                try:
                    taken = await self._journal.take_alerts(_BATCH)
                    await asyncio.gather(*(self._send(client, alert) for alert in taken))
                except Exception as error:
                    # What was taken comes back by itself; the next must still be told.
                    taken = []
                    _log.error("alerts_failed", error=type(error).__name__)
                if not taken:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stopping.wait(), _PAUSE)

    async def _send(self, client: aiohttp.ClientSession, alert: Alert) -> None:
        body = body_of(alert, self._webhook.review_url)
        headers = signed_headers(alert.id, body, self._webhook.secret, int(time.time()))
        try:
            async with client.post(
                self._webhook.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = str(answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            status = type(error).__name__
        sent = status.startswith("2")
        self._metrics.alerts.labels("sent" if sent else "failed").inc()
        if not sent:
            _log.warning("alert_not_taken", exchange=alert.id, status=status, attempts=alert.attempts)
        wait = timedelta(seconds=backoff(alert.attempts, self._webhook.first_seconds))
        await self._journal.settle_alert(alert, None if sent else datetime.now(UTC) + wait)


def webhook_of(url: str, secret: str, review_url: str | None) -> Webhook:
    """The webhook of the settings. A secret that begins with whsec_ is base64. Raises SettingsError."""
    if not secret.startswith("whsec_"):
        return Webhook(url, secret.encode(), review_url)
    try:
        return Webhook(url, base64.b64decode(secret.removeprefix("whsec_"), validate=True), review_url)
    except binascii.Error as error:
        raise SettingsError("alert_secret: what follows whsec_ must be base64") from error


def body_of(alert: Alert, review_url: str | None) -> bytes:
    """What the webhook is told: ids, severity, harms and rules, never a person's words."""
    link = f"{review_url}/exchanges/{alert.id}" if review_url else None
    data = {**alert_values(alert), "review_url": link}
    return json.dumps({"type": "handrail.escalation", "timestamp": data["at"], "data": data}).encode()


def signed_headers(name: str, body: bytes, secret: bytes, now: int) -> dict[str, str]:
    """The headers of a message; `now` is in seconds since 1970."""
    digest = hmac.new(secret, f"{name}.{now}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": name,
        "webhook-id": name,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def backoff(attempts: int, first: float) -> float:
    """Seconds until the next try, spread so that many don't come at once."""
    longest = min(first * 2.0 ** min(attempts - 1, 30), _MOST_SECONDS)
    return longest * random.uniform(0.5, 1)  # noqa: S311  (no secret)
