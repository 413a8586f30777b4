"""Keeping: the journal and what works beside it while the server runs; what replicas share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from handrail.classifiers.errors import JournalError
from handrail.proxy.alerts import AlertSender, webhook_of
from handrail.proxy.journal.build import build_journal
from handrail.proxy.journal.journal import Health, Journal
from handrail.proxy.journal.retention import Retention
from handrail.proxy.metrics import Metrics
from handrail.proxy.settings import Settings
from handrail.proxy.totals import Totals

if TYPE_CHECKING:
    from handrail.proxy.shared import Shared


@asynccontextmanager
async def open_journal(settings: Settings, metrics: Metrics) -> AsyncIterator[Journal]:
    """The journal of the settings, open, with its tasks at work. Raises SettingsError and JournalError."""
    journal = build_journal(settings, metrics.forwarded.inc)
    workers = [Retention(settings, journal).run, Totals(metrics, journal).run]
    if settings.alert_url and settings.alert_secret:
        webhook = webhook_of(
            settings.alert_url, settings.alert_secret.get_secret_value(), settings.review_url
        )
        workers.append(AlertSender(webhook, journal, metrics).run)
    await journal.open()
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(run(stopping)) for run in workers]
    try:
        yield journal
    finally:
        stopping.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await journal.close()


@asynccontextmanager
async def open_shared(settings: Settings) -> AsyncIterator["Shared | None"]:
    """What replicas share besides the journal; None where each is alone. Raises SettingsError."""
    if settings.redis_url is None:
        yield None
        return
    # The journal was opened before: the package is there.
    from handrail.proxy.shared import Shared  # noqa: PLC0415  (an extra)

    shared = Shared(settings.redis_url.get_secret_value())
    try:
        yield shared
    finally:
        await shared.close()


async def observe(journal: Journal, metrics: Metrics) -> Health | None:
    """How the journal is, for probes and metrics; None where nothing could be made durable now."""
    try:
        health = await journal.health()
    except JournalError:
        return None
    metrics.spooled.set(health.spooled)
    metrics.alerts_waiting.set(health.alerts)
    return health
