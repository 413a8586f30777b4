"""The Helm chart, rendered by Go's own templates and Sprig, and held against the schemas of Kubernetes."""

import copy
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from handrail.proxy.settings import Settings, load_settings

from .tools import run, tool

Json = dict[str, Any]
Render = Callable[..., list[Json]]

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy" / "chart"
VALUES: Json = yaml.safe_load((CHART / "values.yaml").read_text())
ABOUT: Json = yaml.safe_load((CHART / "Chart.yaml").read_text())
GIVEN: Json = {
    "settings": {"upstream_url": "http://ollama.chatbots.svc:11434"},
    "secrets": {"existingSecret": "kept-secret"},
}
ALONE: Json = {
    "redis": {"enabled": False},
    "review": {"enabled": False},
    "autoscaling": {"enabled": False},
    "replicaCount": 1,
}
FULL: Json = {
    "image": {"digest": "sha256:" + "a" * 64},
    "imagePullSecrets": [{"name": "registry"}],
    "settings": {"upstream_url": "https://api.example/x", "own_prefix": "/-/guard", "locale": "en-GB"},
    "secrets": {"existingSecret": "", "values": {"HANDRAIL_REDIS_URL": "redis://:p@r:6379/0"}},
    "policy": "extends: default\nrules: []\n",
    "persistence": {"storageClassName": "fast"},
    "service": {"annotations": {"a": "b"}},
    "networkPolicy": {
        "upstream": {"ports": [8443]},
        "extraEgress": [{"to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}], "ports": [{"port": 443}]}],
    },
    "podLabels": {"team": "care"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "k", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}


def _merged(below: Json, above: Json) -> Json:
    """Values laid over others as Helm does."""
    merged = copy.deepcopy(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], value) if both else copy.deepcopy(value)
    return merged


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that renders, built against Debian's Go and Sprig."""
    folder = tmp_path_factory.mktemp("render")
    places = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(folder / "cache")}
    run(tool("go"), "build", "-o", folder / "render", ROOT / "tests" / "render_chart.go", **places)
    return folder / "render"


def _rendering(renderer: Path, *values: Json) -> "subprocess.CompletedProcess[str]":
    merged = VALUES
    for more in values:
        merged = _merged(merged, more)
    jsonschema.validate(merged, json.loads((CHART / "values.schema.json").read_text()))
    about = {"Name": ABOUT["name"], "Version": ABOUT["version"], "AppVersion": ABOUT["appVersion"]}
    release = {"Name": "care", "Namespace": "chats", "Service": "Helm"}
    given = json.dumps({"folder": str(CHART), "chart": about, "release": release, "values": merged})
    return subprocess.run([str(renderer)], input=given, capture_output=True, text=True, check=False)


@pytest.fixture
def render(renderer: Path) -> Render:
    """The manifests that the chart makes of values, as an operator would give them."""

    def manifests(*values: Json) -> list[Json]:
        done = _rendering(renderer, *values)
        assert done.returncode == 0, done.stderr
        return [document for document in yaml.safe_load_all(done.stdout) if document]

    return manifests


def _one(manifests: list[Json], kind: str, suffix: str = "") -> Json:
    (found,) = (
        m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == f"care-handrail{suffix}"
    )
    return found


def _pods(manifests: list[Json]) -> Iterator[Json]:
    return (m["spec"]["template"]["spec"] for m in manifests if m["kind"] in {"StatefulSet", "Deployment"})


@pytest.mark.parametrize("values", [{}, ALONE, FULL], ids=["least", "alone", "full"])
@pytest.mark.parametrize("version", ["1.27", "1.33", "1.36"])
def test_manifests_are_kubernetes(render: Render, values: Json, version: str) -> None:
    """Everything rendered is valid, strictly, for old and new versions of Kubernetes."""
    manifests = render(GIVEN, values)
    assert len(manifests) >= 6
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)
    names = [(m["kind"], m["metadata"]["name"]) for m in manifests]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("values", [{}, ALONE, FULL], ids=["least", "alone", "full"])
def test_pods_may_do_nothing_else(render: Render, values: Json) -> None:
    """Pods run without root, rights, tokens, a file system to write to, and Kubernetes' own variables."""
    for pod in _pods(render(GIVEN, values)):
        assert pod["enableServiceLinks"] is False
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "deploy" / "Dockerfile").read_text()
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "limits" in container["resources"]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted <= {volume["name"] for volume in pod["volumes"]} | {"kept"}


@pytest.mark.parametrize("values", [{}, ALONE, FULL], ids=["least", "alone", "full"])
def test_what_pods_are_told_is_ours(render: Render, values: Json, tmp_path: Path) -> None:
    """Settings, variables, probes and ports are those of the code, and the settings file is taken by it."""
    manifests = render(GIVEN, values)
    data = _one(manifests, "ConfigMap")["data"]
    (tmp_path / "settings.yaml").write_text(data["settings.yaml"])
    settings = load_settings(tmp_path / "settings.yaml", {})
    proxy = next(_pods(manifests))["containers"][0]
    variables = {variable["name"]: variable for variable in proxy["env"]}
    for name in variables:
        assert name.removeprefix("HANDRAIL_").lower() in Settings.model_fields
    assert ("HANDRAIL_REDIS_URL" in variables) == (values is not ALONE)
    assert ("HANDRAIL_POLICY_PATH" in variables) == ("policy.yaml" in data)
    assert proxy["ports"][0]["containerPort"] == int(variables["HANDRAIL_PORT"]["value"])
    for probe, path in {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}.items():
        asked = proxy[f"{probe}Probe"]["httpGet"]
        assert asked == {"path": settings.own_prefix + path, "port": "http"}


def test_variables_that_values_name_are_settings() -> None:
    """The secrets that values.yaml tells of are settings."""
    for name in re.findall(r"HANDRAIL_(\w+)", (CHART / "values.yaml").read_text()):
        assert name.lower() in Settings.model_fields


def test_each_proxy_keeps_its_volume(render: Render) -> None:
    """Spools are on claims that outlive proxies, also those that are scaled away."""
    proxies = _one(render(GIVEN), "StatefulSet")["spec"]
    assert set(proxies["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    (claim,) = proxies["volumeClaimTemplates"]
    mounts = proxies["template"]["spec"]["containers"][0]["volumeMounts"]
    path = next(mount["mountPath"] for mount in mounts if mount["name"] == claim["metadata"]["name"])
    assert f"HANDRAIL_SPOOL_PATH={path}/" in (ROOT / "deploy" / "Dockerfile").read_text()


def test_replicas_scale_and_are_not_all_taken(render: Render) -> None:
    """Scaling and disruption budget mean the proxies, and scaling alone says how many there are."""
    manifests = render(GIVEN)
    proxies = _one(manifests, "StatefulSet")
    scaler = _one(manifests, "HorizontalPodAutoscaler")["spec"]
    assert scaler["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "name": proxies["metadata"]["name"],
    }
    assert "replicas" not in proxies["spec"]
    budget = _one(manifests, "PodDisruptionBudget")["spec"]
    assert budget["selector"] == proxies["spec"]["selector"]
    fixed = render(GIVEN, {"autoscaling": {"enabled": False}, "replicaCount": 3})
    assert _one(fixed, "StatefulSet")["spec"]["replicas"] == 3
    assert not any(m["kind"] == "HorizontalPodAutoscaler" for m in fixed)


def test_selectors_find_their_pods(render: Render) -> None:
    """Services and network policies select the pods that they mean, and no others."""
    manifests = render(GIVEN)
    labels = {
        m["metadata"]["name"]: m["spec"]["template"]["metadata"]["labels"]
        for m in manifests
        if m["kind"] in {"StatefulSet", "Deployment"}
    }
    for manifest in manifests:
        if manifest["kind"] not in {"Service", "NetworkPolicy"}:
            continue
        spec, name = manifest["spec"], manifest["metadata"]["name"].removesuffix("-each")
        wanted = spec["selector"] if manifest["kind"] == "Service" else spec["podSelector"]["matchLabels"]
        assert [n for n, has in labels.items() if wanted.items() <= has.items()] == [name]


def test_the_network_is_closed(render: Render) -> None:
    """Pods reach, and are reached by, those named alone; the chatbot's port is that of its URL."""
    manifests = render(GIVEN)
    proxy = _one(manifests, "NetworkPolicy")["spec"]
    review = _one(manifests, "NetworkPolicy", "-review")["spec"]
    for spec in (proxy, review):
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        assert all(rule["from"] and rule["ports"] for rule in spec["ingress"])
        assert all(rule["to"] and rule["ports"] for rule in spec["egress"])
    assert [port["port"] for rule in proxy["egress"] for port in rule["ports"]] == [53, 53, 6379, 11434]
    assert [port["port"] for rule in review["egress"] for port in rule["ports"]] == [53, 53, 6379]
    full = _one(render(GIVEN, FULL), "NetworkPolicy")["spec"]["egress"]
    assert [port["port"] for rule in full for port in rule["ports"]] == [53, 53, 6379, 443, 8443, 443]
    nobody = render(GIVEN, {"networkPolicy": {"clients": [], "scrapers": [], "reviewers": []}})
    assert _one(nobody, "NetworkPolicy")["spec"]["ingress"] is None


def test_a_stop_is_no_kill(render: Render) -> None:
    """A pod is given longer than it waits and drains."""
    for pod in _pods(render(GIVEN)):
        wait = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
        assert pod["terminationGracePeriodSeconds"] > wait + Settings.model_fields["drain_seconds"].default


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"settings": {"upstream_url": ""}}, "settings.upstream_url"),
        ({"secrets": {"existingSecret": ""}}, "secrets.existingSecret"),
        ({"redis": {"enabled": False}}, "redis.enabled"),
        ({**ALONE, "review": {"enabled": True}}, "review.enabled"),
    ],
)
def test_what_is_missing_is_said(renderer: Path, values: Json, said: str) -> None:
    """Values that can't work are refused with the one to mend."""
    done = _rendering(renderer, GIVEN, values)
    assert done.returncode != 0
    assert said in done.stderr


def test_values_are_checked() -> None:
    """A slip in the name of a value is refused by the schema, and the shipped values fit it."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(VALUES, schema)
    assert set(schema["properties"]) - {"global"} == set(VALUES)
    for wrong in ({"replicas": 2}, {"autoscaling": {"max": 3}}, {"secrets": {"values": {"KEY": "x"}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(_merged(VALUES, wrong), schema)


def test_the_chart_is_of_this_version() -> None:
    """Chart, image and package have one version."""
    text = (ROOT / "pyproject.toml").read_text()
    assert f'\nversion = "{ABOUT["version"]}"\n' in text
    assert ABOUT["appVersion"] == ABOUT["version"]
    assert f"handrail:{ABOUT['version']}" in (ROOT / "deploy" / "compose.yaml").read_text()
