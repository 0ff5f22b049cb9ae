"""Reading bodies: what is refused, what is dropped, and that nothing given is edited."""

from __future__ import annotations

import copy
import json

import pytest

from cp_sim.objects import defaults, strict, validation
from cp_sim.objects.kinds import find
from cp_sim.objects.schema import describe, fields_at, root


def test_a_typo_is_named_with_its_path() -> None:
    body = {"spec": {"templat": {}, "template": {"spec": {"containers": [{"name": "a", "imag": "x"}]}}}}
    problems = strict.decode(find("deploy"), body).problems
    assert strict.strict_error(problems) == (
        'strict decoding error: unknown field "spec.templat", unknown field "spec.template.spec.containers[0].imag"'
    )


def test_repeated_fields_are_noticed_in_the_text() -> None:
    body = strict.parse_json('{"metadata":{"name":"a","name":"b"},"data":{"x":"1","x":"2"}}')
    decoded = strict.decode(find("cm"), body)
    assert decoded.problems == ('duplicate field "metadata.name"', 'duplicate field "data.x"')
    assert decoded.object["metadata"] == {"name": "b"}


def test_empty_values_of_plain_fields_go_and_pointers_stay() -> None:
    body = {
        "metadata": {"name": "a", "labels": {}, "annotations": None},
        "spec": {"hostNetwork": False, "nodeName": "", "terminationGracePeriodSeconds": 0, "containers": []},
    }
    made = strict.decode(find("pod"), body).object
    assert made["metadata"] == {"name": "a"}
    assert made["spec"] == {"terminationGracePeriodSeconds": 0, "containers": None}
    assert made["status"] == {}


@pytest.mark.parametrize(
    ("resource", "body", "words"),
    [
        (
            "deploy",
            {"spec": {"replicas": "3"}},
            "string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "deploy",
            {"spec": {"replicas": 1.5}},
            "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "pod",
            {"spec": {"containers": "x"}},
            "string into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        ("cm", {"data": {"a": 1}}, "number into Go struct field ConfigMap.data of type string"),
        (
            "pod",
            {"metadata": {"labels": []}},
            "array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
    ],
)
def test_wrong_types_have_go_s_words(resource: str, body: dict, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(strict.DecodeError) as caught:
        strict.decode(find(resource), body)
    assert str(caught.value) == "json: cannot unmarshal " + words


def test_an_impossible_quantity_stops_the_reading() -> None:
    body = {"spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": "lots"}}}]}}
    with pytest.raises(strict.DecodeError, match="quantities must match the regular expression"):
        strict.decode(find("pod"), body)


def test_nothing_that_was_given_is_edited() -> None:
    body = {
        "metadata": {"name": "a", "labels": {"x": "y"}},
        "spec": {
            "containers": [
                {
                    "name": "a",
                    "image": "nginx",
                    "resources": {"limits": {"cpu": "0.5"}},
                    "ports": [{"containerPort": 1}],
                }
            ],
            "volumes": [{"name": "v"}, {"name": "w", "configMap": {"name": "c"}}],
        },
    }
    before = copy.deepcopy(body)
    kind = find("pod")
    decoded = strict.decode(kind, body).object
    kept = json.dumps(decoded)
    made = defaults.apply(kind, decoded)
    validation.on_create(kind, made)
    assert body == before
    assert json.dumps(decoded) == kept
    assert made["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "500m"}, "requests": {"cpu": "500m"}}
    assert made["spec"]["volumes"][0] == {"name": "v", "emptyDir": {}}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("nginx@sha256:" + "a" * 64, "IfNotPresent"),
        ("not an image", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert defaults.pods.pull_policy(image) == policy


def test_the_schema_explains() -> None:
    field, struct = fields_at("apps/v1", "Deployment", "spec.template.spec.containers")
    assert field is not None
    assert field.type == "[]@core.v1.Container"
    assert field.merge_key == "name"
    assert struct is not None
    assert struct.name == "core.v1.Container"
    assert "single application container" in describe("core.v1.Container")
    with pytest.raises(KeyError, match="replica"):
        fields_at("apps/v1", "Deployment", "spec.replica")
    assert root("example.com/v1", "Train") is None


def test_what_a_strategic_patch_broke_is_told_in_the_converter_s_words() -> None:
    with pytest.raises(strict.DecodeError, match=r"^cannot restore map from string$"):
        strict.decode(find("pod"), {"metadata": {"labels": "x"}}, restores=True)
    with pytest.raises(strict.DecodeError, match=r"^cannot restore slice from map$"):
        strict.decode(find("pod"), {"spec": {"containers": {}}}, restores=True)
