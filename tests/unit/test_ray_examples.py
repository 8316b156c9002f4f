"""The example for Kubernetes is what KubeRay takes, and fits together."""

from __future__ import annotations

import shlex
from pathlib import Path

import jsonschema
import pytest
import typer
import yaml

from imgsieve.cli.app import app

FILE = Path(__file__).parent.parent.parent / "examples" / "kuberay.yaml"


def closed(required=(), **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


NAME, TEXT, COUNT = {"type": "string", "minLength": 1}, {"type": "string"}, {"type": "integer", "minimum": 0}
AMOUNTS = closed(
    ["cpu", "memory"],
    cpu={"type": "string", "pattern": r"^\d+m?$"},
    memory={"type": "string", "pattern": r"^\d+(Mi|Gi)$"},
)
CONTAINER = closed(
    ["name", "image", "resources"],
    name=NAME,
    image=NAME,
    env={"type": "array", "items": closed(["name", "value"], name=NAME, value=TEXT)},
    envFrom={"type": "array", "items": closed(["secretRef"], secretRef=closed(["name"], name=NAME))},
    resources=closed(["requests", "limits"], requests=AMOUNTS, limits=AMOUNTS),
    volumeMounts={"type": "array", "items": closed(["name", "mountPath"], name=NAME, mountPath=NAME)},
)
POD = closed(
    ["spec"],
    spec=closed(
        ["containers"],
        containers={"type": "array", "items": CONTAINER, "minItems": 1},
        volumes={
            "type": "array",
            "items": closed(["name"], name=NAME, emptyDir=closed(sizeLimit={"type": "string", "pattern": r"^\d+Gi$"})),
        },
    ),
)
# Parameters of `ray start` are texts, whatever they mean.
PARAMETERS = {"type": "object", "additionalProperties": TEXT}
CLUSTER = closed(
    ["headGroupSpec", "workerGroupSpecs"],
    rayVersion=NAME,
    headGroupSpec=closed(["rayStartParams", "template"], rayStartParams=PARAMETERS, template=POD),
    workerGroupSpecs={
        "type": "array",
        "items": closed(
            ["groupName", "rayStartParams", "template"],
            groupName=NAME,
            replicas=COUNT,
            minReplicas=COUNT,
            maxReplicas=COUNT,
            rayStartParams=PARAMETERS,
            template=POD,
        ),
    },
)
JOB = closed(
    ["apiVersion", "kind", "metadata", "spec"],
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=closed(["name"], name={"type": "string", "pattern": "^[a-z0-9-]{1,47}$"}),
    spec=closed(
        ["entrypoint", "rayClusterSpec"],
        entrypoint=NAME,
        backoffLimit=COUNT,
        shutdownAfterJobFinishes={"type": "boolean"},
        ttlSecondsAfterFinished=COUNT,
        rayClusterSpec=CLUSTER,
    ),
)
"""The fields of KubeRay's RayJob that the example has, closed: a field that is misspelled or misplaced is refused."""


@pytest.fixture(scope="module")
def job():
    return yaml.safe_load(FILE.read_text())


def pods(job):
    cluster = job["spec"]["rayClusterSpec"]
    return [group["template"]["spec"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]


def test_it_has_the_fields_of_a_rayjob(job):
    jsonschema.validate(job, JOB)


def test_a_misplaced_field_would_be_seen(job):
    cluster = job["spec"]["rayClusterSpec"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**job, "spec": {**job["spec"], "rayClusterSpec": {**cluster, "replicas": 1}}}, JOB)


def test_every_pod_has_the_same_image_and_the_secret(job):
    containers = [container for pod in pods(job) for container in pod["containers"]]
    assert len({container["image"] for container in containers}) == 1
    assert {source["secretRef"]["name"] for container in containers for source in container["envFrom"]} == {
        "imgsieve-store"
    }
    for pod in pods(job):
        mounted = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", ())}
        assert mounted == {volume["name"] for volume in pod.get("volumes", ())}


def test_its_command_is_one_that_the_command_line_takes(job):
    command, *arguments = shlex.split(job["spec"]["entrypoint"])
    assert command == "imgsieve"
    group = typer.main.get_command(app)
    name, run, rest = group.resolve_command(
        group.make_context("imgsieve", arguments, resilient_parsing=True), arguments
    )
    assert name == "run"
    context = run.make_context("run", rest)
    assert context.params["ray_address"] == "auto"


def test_workers_have_the_memory_for_a_task_on_each_processor(job):
    (limits,) = [pod["containers"][0]["resources"]["limits"] for pod in pods(job)[1:]]
    offered = 0.7 * int(limits["memory"].removesuffix("Gi")) * 2**30
    assert "--memory 2GB" in job["spec"]["entrypoint"]
    assert offered >= int(limits["cpu"]) * 2 * 10**9
