"""Metrics: what Prometheus may scrape. Labels are names of ours, never a person's words."""

from collections import Counter as Counts

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from handrail.policies.decision import Action, Decision
from handrail.policies.false_resource import FALSE_RESOURCE

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)


class Metrics:
    """One registry a server, so that two servers in a process count apart."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.replies = Counter(
            "handrail_replies",
            "Replies by outcome (screened, unscreened, failed) and detail (what was done, or the reason).",
            ["outcome", "detail"],
            registry=self.registry,
        )
        self.harms = Counter(
            "handrail_flagged", "Flagged replies by harm and rule.", ["harm", "rule"], registry=self.registry
        )
        self.escalations = Counter(
            "handrail_escalations", "Replies that call for prompt human review.", registry=self.registry
        )
        self.opinions = Counter(
            "handrail_second_opinions",
            "Second opinions asked for, by verdict or by what went wrong.",
            ["outcome"],
            registry=self.registry,
        )
        self.regenerations = Counter(
            "handrail_regenerations",
            "Replies asked for once more, by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self.assessments = Histogram(
            "handrail_assessment_seconds",
            "Time to assess a passage or a reply.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.relayed = Counter(
            "handrail_relayed",
            "Requests passed on unread, by status class.",
            ["status"],
            registry=self.registry,
        )
        self.upstream_errors = Counter(
            "handrail_upstream_errors", "Failures of the upstream, by code.", ["code"], registry=self.registry
        )
        self.retries = Counter(
            "handrail_upstream_retries",
            "Requests sent again, by upstream.",
            ["upstream"],
            registry=self.registry,
        )
        self.circuit = Gauge(
            "handrail_upstream_circuit",
            "Circuit of each upstream: 0 closed, 1 half open, 2 open.",
            ["upstream"],
            registry=self.registry,
        )
        self.journal_errors = Counter(
            "handrail_journal_errors", "Flagged exchanges that could not be written.", registry=self.registry
        )
        self.validator_failures = Counter(
            "handrail_validator_failures",
            "Validators of a policy that raised or took too long, by the policy's name for them.",
            ["validator"],
            registry=self.registry,
        )
        self.policy_reloads = Counter(
            "handrail_policy_reloads",
            "Changes of the policy, its texts or resources, by outcome (loaded, refused).",
            ["outcome"],
            registry=self.registry,
        )
        self.spooled = Gauge(
            "handrail_spool_depth", "Flagged exchanges that wait to be forwarded.", registry=self.registry
        )
        self.forwarded = Counter(
            "handrail_forwarded",
            "Flagged exchanges brought from the spool to the shared journal.",
            registry=self.registry,
        )
        self.alerts = Counter(
            "handrail_alerts",
            "Tries to tell the webhook of an escalation, by outcome (sent, failed).",
            ["outcome"],
            registry=self.registry,
        )
        self.alerts_waiting = Gauge(
            "handrail_alerts_waiting", "Alerts that the webhook has not taken yet.", registry=self.registry
        )
        self.verdict_cache = Counter(
            "handrail_verdict_cache",
            "Assessments asked of the cache, by outcome (hit, miss).",
            ["outcome"],
            registry=self.registry,
        )
        self.rate_limited = Counter(
            "handrail_rate_limited", "Requests refused since there were too many.", registry=self.registry
        )
        self.session_errors = Counter(
            "handrail_session_errors", "Times the store of sessions did not answer.", registry=self.registry
        )
        # Not for Prometheus: what is kept by day of all replies (scores.py).
        self.daily: Counts[str] = Counts()
        self.open_replies = Gauge(
            "handrail_open_replies", "Chat replies being relayed now.", registry=self.registry
        )

    def count(self, decision: Decision, *, done: bool = True) -> None:
        """Count one screened reply and what was found in it; `done` is False where it was only watched."""
        action = str(decision.action)
        known = done or decision.action == Action.DELIVER
        self.replies.labels("screened", action if known else f"would_{action}").inc()
        for fired in decision.fired:
            self.harms.labels(str(fired.harm), fired.rule).inc()
        for one in decision.corrections:
            self.harms.labels(FALSE_RESOURCE, one.fault).inc()
        if decision.escalate:
            self.escalations.inc()

    def replies_by_outcome(self) -> Counts[str]:
        """Replies counted so far, by "outcome.detail"."""
        samples = [sample for family in self.replies.collect() for sample in family.samples]
        return Counts(
            {
                f"{sample.labels['outcome']}.{sample.labels['detail']}": int(sample.value)
                for sample in samples
                if sample.name.endswith("_total")
            }
        )

    def render(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)
