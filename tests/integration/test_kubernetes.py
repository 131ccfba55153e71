"""What `deploy/k8s` describes is what Kubernetes and the services expect."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from ingress.settings import IngressSettings
from matcher.settings import MatcherSettings

from tests.servers.kustomize import BUILD_TIMEOUT_S, kustomize
from tests.servers.reporting import report_not_run

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
KUBERNETES = "1.34"
OPERATORS = ("rabbitmq.com/", "mongodbcommunity.mongodb.com/", "keda.sh/")  # their schemas come with them

LONGEST_DEADLINE_S = max(
    default
    for name, field in IngressSettings.model_fields.items()
    if name.endswith("deadline_s") and (default := field.default)
)
WITH_KEYS = {"matcher", "ingress"}

Object = dict[str, Any]


@cache
def overlay(name: str) -> tuple[Object, ...]:
    program = kustomize()
    if program is None:
        report_not_run("the Kubernetes overlays", "neither kustomize nor Go to build it is here")
        pytest.skip("no kustomize")
    built = subprocess.run(
        [program, "build", str(K8S / "overlays" / name)], check=True, capture_output=True, text=True, timeout=60
    )
    return tuple(yaml.safe_load_all(built.stdout))


def workloads(name: str) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in overlay(name) if each["kind"] in {"Deployment", "StatefulSet"}}


def container(workload: Object) -> Object:
    found: Object = workload["spec"]["template"]["spec"]["containers"][0]
    return found


def environment(workload: Object) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(workload).get("env", [])}


@pytest.mark.timeout(BUILD_TIMEOUT_S + 60)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_object_fits_its_schema(name: str) -> None:
    objects = [each for each in overlay(name) if not each["apiVersion"].startswith(OPERATORS)]

    for each in objects:
        kubernetes_validate.validate(each, KUBERNETES, strict=True)

    assert len(objects) >= 15


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_container_is_confined(name: str) -> None:
    for workload in workloads(name).values():
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert container(workload)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_termination_waits_longer_than_the_services_do(name: str) -> None:
    settings = next(each["data"] for each in overlay(name) if each["kind"] == "ConfigMap")

    for workload in workloads(name).values():
        grace = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace > float(settings["WAJAH_GRACE_S"]) > LONGEST_DEADLINE_S


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_matchers_know_how_many_they_are(name: str) -> None:
    matcher = workloads(name)["matcher"]

    assert int(environment(matcher)["WAJAH_REPLICAS"]) == matcher["spec"]["replicas"]


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_variable_is_a_setting(name: str) -> None:
    known = {f"WAJAH_{field.upper()}" for kind in (IngressSettings, MatcherSettings) for field in kind.model_fields}
    configured = next(each["data"] for each in overlay(name) if each["kind"] == "ConfigMap")

    used = {*configured, *(variable for workload in workloads(name).values() for variable in environment(workload))}

    assert {variable for variable in used if variable.startswith("WAJAH_")} <= known


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_credentials_come_from_a_secret(name: str) -> None:
    for workload in workloads(name).values():
        sources = [source["secretRef"]["name"] for source in container(workload)["envFrom"] if "secretRef" in source]
        needed = {"wajah-servers", "wajah-keys"} if workload["metadata"]["name"] in WITH_KEYS else {"wajah-servers"}
        assert needed <= {source if source in needed else source.rsplit("-", 1)[0] for source in sources}
        assert not {"WAJAH_BUS", "WAJAH_STORE"} & environment(workload).keys()


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_only_connectors_reach_out(name: str) -> None:
    outward = [each for each in overlay(name) if each["kind"] == "NetworkPolicy" and "ipBlock" in str(each)]
    labels = outward[0]["spec"]["podSelector"]["matchLabels"].items()

    reached = {
        name
        for name, workload in workloads(name).items()
        if labels <= workload["spec"]["template"]["metadata"]["labels"].items()
    }

    assert len(outward) == 1
    assert reached == {"pedulilindungi", "dukcapil"}


def test_production_scales_embedders_on_the_queue_that_they_take_from() -> None:
    scaler = next(each for each in overlay("prod") if each["kind"] == "ScaledObject")

    assert scaler["spec"]["triggers"][0]["metadata"]["queueName"] == "wajah.embed"
    assert "replicas" not in workloads("prod")["embedder"]["spec"]
