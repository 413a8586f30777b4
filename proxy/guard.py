"""Guard: judges replies for the relay, and makes what was flagged durable before it is released."""

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from handrail.classifiers.assessment import Assessment, RiskReading
from handrail.classifiers.errors import JournalError
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import Behaviour
from handrail.classifiers.progress import SHARE, Progress, Stretch
from handrail.classifiers.scheduler import Scheduler, Sought
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Action, Decision
from handrail.policies.doubt import doubt_about, risk_moved
from handrail.policies.hearing import Hearing
from handrail.policies.policy import Hold
from handrail.proxy.headers import USER_HEADER
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.record import Delivery, Draft, Origin, Record, Values, failed, screened
from handrail.proxy.logs import logger
from handrail.proxy.metrics import Metrics
from handrail.proxy.panel import Panel
from handrail.proxy.scores import counted
from handrail.proxy.second_opinion import SecondOpinion
from handrail.proxy.sessions import Sessions
from handrail.proxy.verdict_cache import VerdictCache

_log = logger("guard")

# Why a reply could not be judged of which too much was held, or for too long.
OVERFLOW = "held_overflow"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision and what it rests on; `assessment` is None when the reply could not be judged.

    `drafts` are replies that were asked for in place of the one judged, `opinion` what a second
    judge said.
    """

    decision: Decision
    assessment: Assessment | None
    failure: str | None = None
    drafts: tuple[Draft, ...] = ()
    opinion: Values | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """Everything a reply is judged with. Never raises for a failing part: each has an outcome.

    A failing classifier closes: the person gets an honest text instead of the reply, and the record says
    why; with `fail_open` they get the reply, and the record says as much. A failing journal closes nothing:
    the repaired reply is the safe one, so it is sent, and the loss is counted, logged and shown by /readyz.
    """

    scheduler: Scheduler
    decider: Decider
    journal: Journal
    metrics: Metrics
    sessions: Sessions
    fail_open: bool = False
    second: SecondOpinion | None = None
    # Tokens that may be read twice so that a stream flows, as a share of those of the reply.
    share: float = SHARE
    panel: Panel = field(default_factory=Panel)
    cache: VerdictCache = field(default_factory=lambda: VerdictCache(0))

    async def hold(self, conversation: Conversation, context: Context) -> Hold:
        """How much of a stream to hold back; everything when the risk can't be read."""
        try:
            context = await self._seated(conversation, context)
            if context.session is not None and context.session.rising:
                return "reply"
            heard = self._hearing(Exchange(conversation, ""), context).exchange.conversation
            return self.decider.hold(await self.scheduler.read_risk(heard), context)
        except Exception as error:
            _log.error("risk_unread", error=type(error).__name__)
            return self.decider.policy.hold.default if self.fail_open else "reply"

    async def judge(
        self,
        conversation: Conversation,
        reply: str,
        context: Context,
        *,
        complete: bool = True,
        thorough: bool = False,
    ) -> Verdict:
        """Judge a reply, or a passage of one that is still being written.

        `thorough` reads the reply even where nothing it does can matter.
        """
        hearing = self._hearing(Exchange(conversation, reply), await self._seated(conversation, context))
        sought = None if thorough else partial(self._sought, hearing)
        return await self._verdict(self._assess(hearing, sought), hearing, complete)

    async def judge_whole(self, exchange: Exchange, progress: Progress, context: Context) -> Verdict:
        """Judge a reply that has been written; what `progress` knows of it is not read again."""
        hearing = self._hearing(exchange, context)
        assessing = self.scheduler.assess(hearing.exchange, partial(self._sought, hearing), progress)
        return await self._verdict(assessing, hearing, complete=True)

    def progress(self, conversation: Conversation, context: Context) -> Progress:
        """The reading of a reply that is about to be written."""
        heard = self._hearing(Exchange(conversation, ""), context).exchange.conversation
        return Progress(self.scheduler.assessor, heard, self.share)

    async def judge_part(
        self,
        conversation: Conversation,
        stretch: Stretch,
        progress: Progress,
        context: Context,
        *,
        forced: bool = False,
    ) -> tuple[Verdict, int] | None:
        """Judge a part of a reply that is still being written; give the verdict and how far it reaches.

        None where it had better be judged with what follows, unless it is `forced`.
        """
        try:
            hearing = self._hearing(Exchange(conversation, stretch.text), context)
            sought = partial(self._sought, hearing)
            found = await self.scheduler.assess_part(stretch, progress, sought, forced=forced)
            if found is None:
                return None
            assessment = hearing.inform(found[0])
            decision = self.decider.decide(
                conversation, assessment, context, reply=stretch.text, complete=False
            )
        except Exception as error:
            _log.error("reply_unjudged", error=type(error).__name__)
            return self._failed(conversation, context, type(error).__name__), stretch.end
        self.metrics.assessments.observe(assessment.seconds)
        return Verdict(decision, assessment), found[1]

    def overflowed(self, conversation: Conversation, context: Context) -> Verdict:
        """The verdict on a reply of which too much was held for too long: it could not be judged."""
        return self._failed(conversation, context, OVERFLOW)

    async def conclude(self, origin: Origin, delivery: Delivery, verdict: Verdict) -> None:
        """Count a reply that was decided on; make it durable if it was flagged or could not be judged."""
        decision = verdict.decision
        if verdict.assessment is None:
            reason = OVERFLOW if verdict.failure == OVERFLOW else "classifier"
            self.metrics.replies.labels("failed", reason).inc()
            await self._write(failed(origin, delivery, decision, verdict.failure or "unknown"))
            return
        self.metrics.count(decision, done=delivery.would is None)
        kept = delivery.would is not None or not decision.replaces
        self.metrics.daily.update(counted(verdict.assessment, self.decider, kept=kept))
        if decision.flagged or verdict.opinion is not None:
            record = screened(origin, delivery, verdict.assessment, decision)
            await self._write(replace(record, opinion=verdict.opinion))
        _log.info(
            "reply_screened",
            exchange=origin.id,
            choice=delivery.choice,
            action=str(decision.action),
            enforced=delivery.would is None,
            rules=decision.rules,
            escalate=decision.escalate,
            seconds=round(verdict.assessment.seconds, 4),
        )

    def user_of(self, headers: Mapping[str, str]) -> str | None:
        """The pseudonym of the user whom the app names; the name itself goes no further."""
        name = headers.get(USER_HEADER)
        return self.journal.pseudonym(name) if name else None

    def skip(self, origin: Origin, reason: str) -> None:
        """Count a reply, or a part of one, that can't be judged and was passed on."""
        self.metrics.replies.labels("unscreened", reason).inc()
        _log.warning("reply_unscreened", exchange=origin.id, reason=reason)

    def lose(self, origin: Origin, reason: str) -> None:
        """Count a reply that never reached a verdict."""
        self.metrics.replies.labels("failed", reason).inc()
        _log.warning("reply_lost", exchange=origin.id, reason=reason)

    def _hearing(self, exchange: Exchange, context: Context) -> Hearing:
        return Hearing(exchange, context, self.decider)

    async def _seated(self, conversation: Conversation, context: Context) -> Context:
        """The context with the session of the conversation and the place told in it, if it has none yet."""
        if context.session is not None:
            return context
        context = self.decider.placed(context, conversation)
        seat = await self.sessions.enter(conversation)
        return replace(context, session=seat.state) if seat else context

    def _sought(self, hearing: Hearing, risk: RiskReading) -> frozenset[Behaviour]:
        """What must be read of a reply; for a second opinion, also what a doubt could turn on."""
        if self.second is not None:
            risk = risk_moved(risk, self.second.settings.margin)
        return hearing.sought(risk)

    async def _second(self, exchange: Exchange, context: Context, verdict: Verdict) -> Verdict:
        """The verdict with a second opinion beside it, where one is set up and our own leaves a doubt."""
        if self.second is None or verdict.assessment is None:
            return verdict
        margin = self.second.settings.margin
        doubt = doubt_about(self.decider, exchange, verdict.assessment, context, margin)
        if doubt is None:
            return verdict
        opinion, decision = await self.second.about(exchange, doubt)
        self.metrics.opinions.labels(opinion.verdict or opinion.failure or "none").inc()
        return replace(verdict, decision=decision or verdict.decision, opinion=opinion.values())

    async def _assess(self, hearing: Hearing, sought: Sought | None) -> Assessment:
        """An assessment, remembered where the same was asked before: of this model, policy and context."""
        exchange = hearing.exchange
        about = repr((hearing.about, self.second is None)) if sought else ""
        began = time.perf_counter()
        key = self.cache.key(exchange, self.scheduler.assessor.version, self.decider.policy_hash, about)
        known = await self.cache.find(key)
        self.metrics.verdict_cache.labels("miss" if known is None else "hit").inc()
        if known is not None:
            return replace(known, seconds=time.perf_counter() - began)
        assessment = await self.scheduler.assess(exchange, sought)
        await self.cache.keep(key, assessment)
        return assessment

    async def _write(self, record: Record) -> None:
        try:
            await to_the_end(self.journal.write(record))
        except JournalError as error:
            self.metrics.journal_errors.inc()
            _log.error("flagged_exchange_not_written", exchange=record.id, error=str(error))

    async def _verdict(self, assessing: Awaitable[Assessment], hearing: Hearing, complete: bool) -> Verdict:
        exchange, context = hearing.whole, hearing.context
        try:
            assessment = hearing.inform(await assessing)
            if complete:
                context = await self.panel.told(self.decider, exchange, assessment, context)
            decision = self.decider.decide(
                exchange.conversation, assessment, context, reply=exchange.reply, complete=complete
            )
        except Exception as error:
            _log.error("reply_unjudged", error=type(error).__name__)
            return self._failed(exchange.conversation, context, type(error).__name__)
        self.metrics.assessments.observe(assessment.seconds)
        verdict = Verdict(decision, assessment)
        return await self._second(exchange, context, verdict) if complete else verdict

    def _failed(self, conversation: Conversation, context: Context, failure: str) -> Verdict:
        """Nothing could be read: what is done then is a setting, and never counts as screened."""
        action = Action.DELIVER if self.fail_open else Action.REPLACE
        text = "" if self.fail_open else self.decider.unavailable(conversation, context)
        refers = self.decider.refers(text, context)
        decision = Decision(action, False, None, (), {}, text, self.decider.policy_hash, refers=refers)
        return Verdict(decision, None, failure)


async def to_the_end(work: Coroutine[None, None, None]) -> None:
    """Do work though whoever waits for the answer has gone, and what is done for them is cancelled."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
