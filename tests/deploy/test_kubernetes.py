"""The manifests are valid, and every name, port, path and number in them is that of the code."""

import functools
import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from service.app import create_app
from service.http.openapi import endpoints
from service.settings import PREFIX, Settings, unknown_variables
from tests.deploy.kustomize import Resource, command, render, render_by_kustomize
from tests.deploy.promql import metric_names
from tests.deploy.test_names import exported, rules

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy/kubernetes"
OVERLAYS = ("cpu", "gpu")
# The oldest that Kubernetes' own policy still supports when this was written, and the newest with schemas.
VERSIONS = ("1.35", "1.37")
LABELS = {"app.kubernetes.io/name": "sentiment"}

# No package ships the definition of ServiceMonitor (monitoring.coreos.com/v1): these are the fields that ours
# has, with the types that the published definition gives them, and none besides.
DURATION = r"^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"
SERVICE_MONITOR = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["selector", "endpoints"],
            "properties": {
                "jobLabel": {"type": "string"},
                "selector": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"matchLabels": {"additionalProperties": {"type": "string"}}},
                },
                "endpoints": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "port": {"type": "string"},
                            "path": {"type": "string"},
                            "interval": {"type": "string", "pattern": DURATION},
                            "scrapeTimeout": {"type": "string", "pattern": DURATION},
                        },
                    },
                },
            },
        }
    },
}


@functools.cache
def rendered(overlay: str) -> list[Resource]:
    return render(FOLDER / "overlays" / overlay)


def resource(overlay: str, kind: str) -> Resource:
    (found,) = [each for each in rendered(overlay) if each["kind"] == kind]
    return found


def pod(overlay: str) -> dict[str, Any]:
    spec: dict[str, Any] = resource(overlay, "Deployment")["spec"]["template"]["spec"]
    return spec


def container(overlay: str) -> dict[str, Any]:
    (only,) = pod(overlay)["containers"]
    assert isinstance(only, dict)
    return only


def environment(overlay: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(overlay)["env"]}


def settings(overlay: str) -> Settings:
    """The service's settings in the container, some of which the image sets."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    variables = dict(re.findall(r"(SENTIMENT_\w+)=(\S+)", dockerfile)) | environment(overlay)
    assert not unknown_variables(variables)
    return Settings(**{name.removeprefix(PREFIX).lower(): value for name, value in variables.items()})


def number(quantity: str | int) -> float:
    """Return a quantity of Kubernetes, as in 30m or 4Gi."""
    units = {"m": 1e-3, "Mi": 2.0**20, "Gi": 2.0**30}
    match = re.fullmatch(r"([\d.]+)(\D*)", str(quantity))
    assert match is not None
    return float(match[1]) * (units[match[2]] if match[2] else 1)


def unordered(value: Any) -> Any:  # noqa: ANN401  # any part of a YAML document
    """Return a value in which the order of lists says nothing."""
    if isinstance(value, dict):
        return {name: unordered(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted(map(unordered, value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_fits_the_schema_of_kubernetes(overlay: str, version: str) -> None:
    kinds = []
    for each in rendered(overlay):
        kinds.append(each["kind"])
        if each["kind"] == "ServiceMonitor":
            jsonschema.validate(each, SERVICE_MONITOR)
        else:
            kubernetes_validate.validate(each, version, strict=True)
    assert len(set(kinds)) == len(kinds) == 7


@pytest.mark.skipif(command() is None, reason="neither kustomize nor kubectl is installed")
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_renders_the_same(overlay: str) -> None:
    folder = FOLDER / "overlays" / overlay
    assert unordered(render_by_kustomize(folder)) == unordered(render(folder))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_variables_are_settings_and_no_service_adds_to_them(overlay: str) -> None:
    # Kubernetes would add SENTIMENT_PORT=tcp://10.0.0.1:80 for a Service of this name.
    assert pod(overlay)["enableServiceLinks"] is False
    chosen = settings(overlay)
    assert chosen.host == "0.0.0.0"  # noqa: S104  # as in a container
    assert chosen.device == {"cpu": "cpu", "gpu": "cuda"}[overlay]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_ports_are_the_setting(overlay: str) -> None:
    (port,) = container(overlay)["ports"]
    assert port == {"name": "http", "containerPort": settings(overlay).port}
    assert [each["targetPort"] for each in resource(overlay, "Service")["spec"]["ports"]] == ["http"]
    (rule,) = resource(overlay, "NetworkPolicy")["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "http"}]
    (endpoint,) = resource(overlay, "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["port"] in [each["name"] for each in resource(overlay, "Service")["spec"]["ports"]]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_paths_are_routes(overlay: str) -> None:
    only = container(overlay)
    probes = {name: only[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert {probe["port"] for probe in probes.values()} == {"http"}
    routes = {each.route for each in endpoints(create_app(settings("cpu")).openapi()) if each.method == "GET"}
    (endpoint,) = resource(overlay, "ServiceMonitor")["spec"]["endpoints"]
    assert {endpoint["path"], *(probe["path"] for probe in probes.values())} <= routes
    # Liveness that failed while a model is loaded, or while a replica drains, would end it.
    assert probes["livenessProbe"]["path"] == "/healthz"
    assert probes["readinessProbe"]["path"] == "/readyz"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_has_time_to_drain(overlay: str) -> None:
    sleep, seconds = container(overlay)["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    assert pod(overlay)["terminationGracePeriodSeconds"] > int(seconds) + settings(overlay).drain_seconds


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_resources_are_what_the_service_reckons_with(overlay: str) -> None:
    requests, limits = container(overlay)["resources"]["requests"], container(overlay)["resources"]["limits"]
    assert requests == limits  # so that a pod is the last to be evicted
    # The service takes a lane for each whole CPU of its limit.
    assert settings(overlay).lanes is None
    assert number(limits["cpu"]).is_integer()
    rule = next(rule for rule in rules() if rule.get("record") == "instance:sentiment_memory_limit:bytes")
    on_cpu, on_gpu = (int(found) for found in re.findall(r"\b\d{9,}\b", rule["expr"]))
    assert number(limits["memory"]) == {"cpu": on_cpu, "gpu": on_gpu}[overlay]
    assert ("nvidia.com/gpu" in limits) == (overlay == "gpu")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_may_do_nothing_but_answer(overlay: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (user,) = re.findall(r"^USER (\d+):\d+$", dockerfile, re.MULTILINE)
    allowed = pod(overlay)["securityContext"]
    assert (allowed["runAsNonRoot"], allowed["runAsUser"]) == (True, int(user))
    assert allowed["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(overlay)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(overlay)["automountServiceAccountToken"] is False
    policy = resource(overlay, "NetworkPolicy")["spec"]
    assert (sorted(policy["policyTypes"]), policy["egress"]) == (["Egress", "Ingress"], [])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_match_the_pods(overlay: str) -> None:
    deployment = resource(overlay, "Deployment")
    assert deployment["spec"]["template"]["metadata"]["labels"].items() >= LABELS.items()
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        resource(overlay, "Service")["spec"]["selector"],
        resource(overlay, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        resource(overlay, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod(overlay)["topologySpreadConstraints"]),
    ]
    assert selectors == [LABELS] * len(selectors)
    monitor = resource(overlay, "ServiceMonitor")["spec"]
    of_service = resource(overlay, "Service")["metadata"]["labels"]
    assert of_service.items() >= monitor["selector"]["matchLabels"].items()
    # Rules and dashboard ask for job="sentiment".
    assert of_service[monitor["jobLabel"]] == "sentiment"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_replicas_are_counted_consistently(overlay: str) -> None:
    deployment, scaler = resource(overlay, "Deployment"), resource(overlay, "HorizontalPodAutoscaler")["spec"]
    # Both would set it, and every apply would undo what the autoscaler did.
    assert "replicas" not in deployment["spec"]
    assert scaler["scaleTargetRef"] == {
        "apiVersion": deployment["apiVersion"],
        "kind": "Deployment",
        "name": deployment["metadata"]["name"],
    }
    fewest, unavailable = (
        scaler["minReplicas"],
        resource(overlay, "PodDisruptionBudget")["spec"]["maxUnavailable"],
    )
    assert 1 <= unavailable < fewest < scaler["maxReplicas"]
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] < fewest


def test_the_autoscaler_asks_for_what_the_adapter_makes_of_our_metrics() -> None:
    (metric,) = resource("cpu", "HorizontalPodAutoscaler")["spec"]["metrics"]
    adapter = yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text(encoding="utf-8"))
    (rule,) = adapter["rules"]["custom"]
    ours = {"sentiment_queue_tokens", "sentiment_queue_tokens_limit"}
    assert metric["pods"]["metric"]["name"] == rule["name"]["as"]
    expression = re.sub(r"<<\.(GroupBy|LabelMatchers)>>", "", rule["metricsQuery"])
    assert metric_names(expression) == ours <= exported()
    assert metric_names(rule["seriesQuery"]) <= exported()


def test_the_autoscaler_acts_before_the_alert() -> None:
    (metric,) = resource("cpu", "HorizontalPodAutoscaler")["spec"]["metrics"]
    ratio = number(metric["pods"]["target"]["averageValue"])
    alert = next(rule for rule in rules() if rule.get("alert") == "SentimentQueueFilling")
    threshold = float(alert["expr"].split(">")[1])
    chosen = settings("cpu")
    assert chosen.max_batch_tokens < ratio * chosen.max_queue_tokens < threshold


def test_a_store_of_ones_own_is_read_only(tmp_path: Path) -> None:
    wanted = {
        "resources": [os.path.relpath(FOLDER / "overlays/cpu", tmp_path)],
        "components": [os.path.relpath(FOLDER / "components/model-store", tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(wanted), encoding="utf-8")
    (deployment,) = [each for each in render(tmp_path) if each["kind"] == "Deployment"]
    kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)
    spec = deployment["spec"]["template"]["spec"]
    (mount,) = [each for each in spec["containers"][0]["volumeMounts"] if each["name"] == "models"]
    (volume,) = [each for each in spec["volumes"] if each["name"] == "models"]
    assert mount["readOnly"]
    assert volume["persistentVolumeClaim"]["readOnly"]
    variables = {each["name"]: each["value"] for each in spec["containers"][0]["env"]}
    assert variables["SENTIMENT_MODEL_STORE"] == mount["mountPath"]
    if command() is not None:
        assert unordered(deployment) in unordered(render_by_kustomize(tmp_path))
