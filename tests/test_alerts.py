"""The alerts of deploy/, tried by promtool on made-up days: each fires when it should, and only then."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from handrail.proxy.metrics import Metrics

from .tools import run, tool

DEPLOY = Path(__file__).parent.parent / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yaml"
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
}
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
Series = dict[str, str]
_FAILED = 'handrail_replies_total{instance="a", outcome="failed", detail="classifier"}'
_GONE = 'handrail_replies_total{instance="a", outcome="failed", detail="client_gone"}'
_SCREENED = 'handrail_replies_total{instance="a", outcome="screened", detail="deliver"}'
_TOOLS = 'handrail_replies_total{instance="a", outcome="unscreened", detail="no_text"}'
_REFUSED = 'handrail_policy_reloads_total{instance="a", outcome="refused"}'
_LOADED = 'handrail_policy_reloads_total{instance="a", outcome="loaded"}'
_SPOOL = 'handrail_spool_depth{instance="a"}'
_BUCKET = 'handrail_assessment_seconds_bucket{instance="a", le="%s"}'
_OPINION = 'handrail_second_opinions_total{instance="a", outcome="%s"}'
_CIRCUIT = 'handrail_upstream_circuit{instance="a", upstream="main"}'

# Minutes between samples, where a day or week of them would be many.
STEPS = {"HandrailEscalationsRise": 10, "HandrailFlagsNothing": 10}
# By alert: series, one sample a minute, for which it fires at the minute given; series for which it does not.
CASES: dict[str, tuple[Series, int, Series]] = {
    "HandrailExchangeLost": (
        {'handrail_journal_errors_total{instance="a"}': "0x5 1x20"},
        10,
        {'handrail_journal_errors_total{instance="a"}': "3x60"},
    ),
    "HandrailRepliesNotJudged": ({_FAILED: "_x5 1x20"}, 8, {_GONE: "0+1x90", _FAILED: "7x90"}),
    "HandrailUnscreened": (
        {_SCREENED: "0+9x90", _TOOLS: "0+1x90"},
        80,
        {_SCREENED: "0+99x90", _TOOLS: "0+1x90"},
    ),
    "HandrailFlagsNothing": (
        {_SCREENED: "0+50x160"},
        1590,
        {_SCREENED: "0+50x160", 'handrail_flagged_total{instance="a", rule="r", harm="h"}': "0x10 1+1x150"},
    ),
    "HandrailEscalationsRise": (
        {'handrail_escalations_total{instance="a"}': "0+1x1 1x1008 1+10x3"},
        10140,
        {'handrail_escalations_total{instance="a"}': "0+10x1020"},
    ),
    "HandrailWebhookSilent": (
        {'handrail_alerts_waiting{instance="a"}': "0x5 2x30"},
        20,
        {'handrail_alerts_waiting{instance="a"}': "0 1 0 0 1 1 0 2 0 0 0 0 1 0 0 0 0 0 0 0"},
    ),
    "HandrailPolicyRefused": ({_REFUSED: "_x5 1x20"}, 10, {_LOADED: "_x5 1+1x80", _REFUSED: "2x90"}),
    "HandrailDown": (
        {'up{job="handrail", instance="a"}': "1x5 0x20"},
        10,
        {'up{job="handrail", instance="a"}': "1 1 0 1 1 1 0 1 1 1 1", 'up{job="other"}': "0x10"},
    ),
    "HandrailAbsent": ({'up{job="other"}': "1x20"}, 10, {'up{job="handrail"}': "0x20"}),
    "HandrailSpooling": ({_SPOOL: "0x5 3x20"}, 15, {_SPOOL: "0 0 4 2 0 0 0 1 0 0 0 0 0 0 0"}),
    "HandrailSpoolLeftBehind": ({_SPOOL: "3x5 stale _x60"}, 20, {_SPOOL: "3x5 0x5 stale _x30"}),
    "HandrailSessionStoreAway": (
        {'handrail_session_errors_total{instance="a"}': "0+1x30"},
        15,
        {'handrail_session_errors_total{instance="a"}': "5x30"},
    ),
    "HandrailCircuitOpen": ({_CIRCUIT: "0x3 2x9"}, 8, {_CIRCUIT: "0 1 0 1 0 0 2 1 0 0 0"}),
    "HandrailUpstreamFailing": (
        {_SCREENED: "0+9x60", 'handrail_upstream_errors_total{instance="a", code="c"}': "0+1x60"},
        40,
        {_SCREENED: "0+99x60", 'handrail_upstream_errors_total{instance="a", code="c"}': "0+1x60"},
    ),
    "HandrailSlow": (
        {_BUCKET % "0.64": "0+8x60", _BUCKET % "2.56": "0+10x60", _BUCKET % "+Inf": "0+10x60"},
        40,
        {_BUCKET % "0.64": "0+99x60", _BUCKET % "2.56": "0+100x60", _BUCKET % "+Inf": "0+100x60"},
    ),
    "HandrailRateLimiting": (
        {'handrail_rate_limited_total{instance="a"}': "0+200x40"},
        30,
        {'handrail_rate_limited_total{instance="a"}': "0+5x40"},
    ),
    "HandrailValidatorFailing": (
        {'handrail_validator_failures_total{instance="a", validator="v"}': "0+1x60"},
        50,
        {'handrail_validator_failures_total{instance="a", validator="v"}': "4x60"},
    ),
    "HandrailSecondOpinionFailing": (
        {_OPINION % "timeout": "0+1x80", _OPINION % "harmful": "0+1x80"},
        70,
        {_OPINION % "timeout": "0+1x80", _OPINION % "acceptable": "0+9x80"},
    ),
}


def _families(registry: CollectorRegistry) -> dict[str, Metric]:
    return {family.name: family for family in registry.collect()}


def _labels_of(name: str) -> set[str]:
    """The labels of a metric in the code, with those that Prometheus adds. Fails for one that isn't there."""
    metrics = Metrics()
    for collector in vars(metrics).values():
        described = next(iter(collector.describe()), None) if hasattr(collector, "describe") else None
        if described is None:
            continue
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
        if name in {described.name + suffix for suffix in suffixes[described.type]}:
            extra = {"le"} if described.type == "histogram" else set()
            return {*collector._labelnames, *extra, "instance", "job"}
    raise AssertionError(f"no metric is called {name}")


def _expressions() -> list[str]:
    """Every PromQL expression of rules and dashboard."""
    shown = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    return [*(rule["expr"] for rule in ALERTS.values()), *shown]


@pytest.mark.parametrize("expression", _expressions())
def test_every_metric_and_label_exists(expression: str) -> None:
    """Metrics named in rules and dashboard are the proxy's, with its labels and suffixes."""
    named = re.findall(r"\b(handrail_\w+)(?:\{([^}]*)\})?", expression)
    assert named or "up{" in expression
    known = {"le", "instance", "job"}
    for name, matchers in named:
        labels = _labels_of(name)
        known |= labels
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= labels, name
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {label.strip() for label in grouped.split(",")} <= known


def _promtool(folder: Path, series: Series, alert: str, minutes: Iterable[int], *, fires: bool) -> None:
    """Let promtool say whether an alert fires at these minutes."""
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    firing = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
    expected = [{"labels": "{}", "value": 1}] if fires else []
    questions = [{"expr": firing, "eval_time": f"{m}m", "exp_samples": expected} for m in minutes]
    step = f"{STEPS.get(alert, 1)}m"
    test = {"interval": step, "input_series": inputs, "promql_expr_test": questions}
    values = {"rule_files": [str(RULES)], "evaluation_interval": step, "tests": [test]}
    (folder / "test.yaml").write_text(yaml.safe_dump(values))
    run(tool("promtool"), "test", "rules", folder / "test.yaml")


@pytest.mark.parametrize("alert", ALERTS)
def test_it_fires(alert: str, tmp_path: Path) -> None:
    """On the day that it is for, the alert fires."""
    series, minute, _ = CASES[alert]
    _promtool(tmp_path, series, alert, [minute], fires=True)


@pytest.mark.parametrize("alert", ALERTS)
def test_it_keeps_quiet(alert: str, tmp_path: Path) -> None:
    """On a day that only looks like it, or when it is over, the alert does not fire."""
    series = CASES[alert][2]
    end = max(_minutes(values) for values in series.values())
    # What an alert looks back on has to be there: the last third of the day is asked about.
    minutes = [n * STEPS.get(alert, 1) for n in range(end - end // 3, end, end // 30 + 1)]
    _promtool(tmp_path, series, alert, minutes, fires=False)


def _minutes(values: str) -> int:
    """The length of a series in promtool's notation."""
    return sum(int(word.rpartition("x")[2]) + 1 if "x" in word else 1 for word in values.split())


def test_rules_are_sound() -> None:
    """promtool takes the rules and the example of a configuration."""
    run(tool("promtool"), "check", "rules", RULES)
    run(tool("promtool"), "check", "config", "--syntax-only", RULES.parent / "prometheus.example.yaml")


def test_every_alert_has_a_runbook() -> None:
    """Every alert leads to a heading of the operator's guide, and the guide knows no other alerts."""
    guide = (DEPLOY / "README.md").read_text()
    headings = re.findall(r"^### (Handrail\w+)$", guide, re.MULTILINE)
    assert sorted(headings) == sorted(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"deploy/README.md#{name.lower()}"
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


def test_the_dashboard_parses(tmp_path: Path) -> None:
    """Every expression of the dashboard is PromQL, once Grafana has put its variables in."""
    rules = []
    for number, target in enumerate(t for p in DASHBOARD["panels"] for t in p.get("targets", ())):
        expression = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
        rules.append({"record": f"panel:{number}", "expr": expression.replace("$__range", "1h")})
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run(tool("promtool"), "check", "rules", tmp_path / "rules.yaml")


def test_the_dashboard_shows_every_metric() -> None:
    """No metric of the proxy is missing on the dashboard; panels have titles, units, places."""
    shown = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ()))
    for name in _families(Metrics().registry):
        assert name in shown, name
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    cells = [(x, y) for p in DASHBOARD["panels"] for x, y in _cells(p["gridPos"])]
    assert len(cells) == len(set(cells))
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["fieldConfig"]["defaults"]["unit"]


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    xs = range(place["x"], place["x"] + place["w"])
    assert xs.stop <= 24
    return [(x, y) for x in xs for y in range(place["y"], place["y"] + place["h"])]
