"""The table of kinds against recorded discovery."""

from __future__ import annotations

import gzip
import json

import pytest

from cp_sim.objects.kinds import BY_PATH, KINDS, UnknownKind, find, kind_of, of_definition
from tests.rooms.objects.golden import FOLDER


def test_every_kind_is_as_in_discovery() -> None:
    document = json.loads(gzip.decompress((FOLDER / "discovery-aggregated.json.gz").read_bytes()))
    order = []
    for part in ("api", "apis"):
        for item in document[part]["items"]:
            group = item["metadata"].get("name", "")
            for entry in item["versions"]:
                version = f"{group}/{entry['version']}" if group else entry["version"]
                for resource in entry["resources"]:
                    kind = BY_PATH[version, resource["resource"]]
                    order.append(kind.storage)
                    assert kind.kind == resource["responseKind"]["kind"]
                    assert kind.namespaced == (resource["scope"] == "Namespaced")
                    assert kind.singular == resource["singularResource"]
                    assert sorted(kind.verbs) == sorted(resource["verbs"])
                    assert list(kind.short_names) == resource.get("shortNames", [])
                    assert list(kind.categories) == resource.get("categories", [])
                    here = [(sub.name, sub.kind, list(sub.verbs)) for sub in kind.subresources]
                    there = [
                        (sub["subresource"], sub["responseKind"]["kind"], sub["verbs"])
                        for sub in resource.get("subresources", ())
                    ]
                    assert here == there
    assert len(order) == len(KINDS) == len(BY_PATH)


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        ("po", "pods"),
        ("Pod", "pods"),
        ("deploy", "deployments.apps"),
        ("deployment.apps", "deployments.apps"),
        ("deployments.v1.apps", "deployments.apps"),
        ("ev", "events"),
        ("events.events.k8s.io", "events.events.k8s.io"),
        ("crds", "customresourcedefinitions.apiextensions.k8s.io"),
        ("endpoints", "endpoints"),
    ],
)
def test_names_that_people_use(text: str, resource: str) -> None:
    assert find(text).resource == resource


def test_two_versions_of_one_kind_share_their_objects() -> None:
    old, new = find("hpa.v1.autoscaling"), find("hpa")
    assert (old.version, new.version) == ("v1", "v2")
    assert old.storage == new.storage
    assert old.store_prefix == new.store_prefix


def test_unknown_kinds_are_refused_in_kubectl_s_words() -> None:
    with pytest.raises(UnknownKind, match='the server doesn\'t have a resource type "pood"'):
        find("pood")
    with pytest.raises(UnknownKind, match='no matches for kind "Pood" in version "v1"'):
        kind_of({"apiVersion": "v1", "kind": "Pood"})


def test_store_keys_are_etcd_s_real_ones() -> None:
    assert find("node").store_key(name="worker-1") == "/registry/minions/worker-1"
    assert find("svc").store_key("default", "web") == "/registry/services/specs/default/web"
    assert find("rc").store_key("default") == "/registry/controllers/default/"
    assert find("ing").store_key("a", "b") == "/registry/ingress/a/b"
    assert find("pods").path("default", "web-1", "log") == "/api/v1/namespaces/default/pods/web-1/log"


def test_a_definition_makes_a_kind() -> None:
    definition = {
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "trains", "kind": "Train", "shortNames": ["tr"]},
            "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}],
        }
    }
    kind = of_definition(definition, "v1")
    assert kind.resource == "trains.example.com"
    assert kind.has_status
    assert kind.put_needs_resource_version
    assert find("tr", [kind]) is kind
    assert kind_of({"apiVersion": "example.com/v1", "kind": "Train"}, [kind]) is kind
