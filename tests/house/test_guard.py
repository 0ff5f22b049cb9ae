"""The guard against edits in place can fail, and says where."""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.store import KeyValue
from cp_sim.objects import edit


def test_an_edit_in_place_is_found_and_named(handed: Any) -> None:
    pod = {"metadata": {"name": "web-1"}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    KeyValue("/registry/pods/default/web-1", pod, 1, 1, 1)
    pod["spec"]["containers"][0]["image"] = "httpd"  # type: ignore[index]
    assert handed.edited() == ["/registry/pods/default/web-1 spec containers [0] image: was 'nginx', became 'httpd'"]


def test_a_path_copy_is_no_edit(handed: Any) -> None:
    pod = {"metadata": {"name": "web-1"}, "spec": {"nodeName": ""}}
    KeyValue("/registry/pods/default/web-1", pod, 1, 1, 1)
    assert edit.put(pod, "spec.nodeName", "worker-1") != pod
    assert handed.edited() == []
