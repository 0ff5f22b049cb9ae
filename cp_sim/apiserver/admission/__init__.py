"""Admission: plugins that may change or refuse what is written, in the real server's order.

*In Kubernetes:* `k8s.io/apiserver/pkg/admission` and `plugin/pkg/admission`.  First every plugin that mutates,
then validation, then every plugin that validates.  A further plugin is a class with a `name`, put into the tuple.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission.plugin import Attributes, Plugin

__all__ = ["Attributes", "Plugin", "default_plugins"]


def default_plugins() -> tuple[Plugin, ...]:
    """The plugins that are on by default, in order."""
    from cp_sim.apiserver.admission.default_toleration_seconds import DefaultTolerationSeconds
    from cp_sim.apiserver.admission.ingress_class import DefaultIngressClass
    from cp_sim.apiserver.admission.limit_ranger import LimitRanger
    from cp_sim.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
    from cp_sim.apiserver.admission.pod_topology_labels import PodTopologyLabels
    from cp_sim.apiserver.admission.priority import Priority
    from cp_sim.apiserver.admission.resource_quota import ResourceQuota
    from cp_sim.apiserver.admission.service_account import ServiceAccount
    from cp_sim.apiserver.admission.storage import DefaultStorageClass, StorageObjectInUseProtection
    from cp_sim.apiserver.admission.taint_nodes_by_condition import TaintNodesByCondition

    return (
        NamespaceLifecycle(),
        LimitRanger(),
        ServiceAccount(),
        TaintNodesByCondition(),
        Priority(),
        DefaultTolerationSeconds(),
        DefaultStorageClass(),
        StorageObjectInUseProtection(),
        DefaultIngressClass(),
        PodTopologyLabels(),
        ResourceQuota(),
    )


def mutate(server: Any, asked: Attributes) -> None:
    """Let every plugin change the object (`asked.object`) or refuse it."""
    operation, resource = asked.operation, asked.kind.resource
    for plugin in server.plugins:
        if operation in plugin.mutates and (not plugin.resources or resource in plugin.resources):
            before = asked.object
            plugin.mutate(server, asked)
            if asked.object is not before:
                asked.changed_by.append(plugin.name)


def validate(server: Any, asked: Attributes) -> None:
    """Let every plugin refuse the object."""
    operation, resource = asked.operation, asked.kind.resource
    for plugin in server.plugins:
        if operation in plugin.validates and (not plugin.resources or resource in plugin.resources):
            plugin.validate(server, asked)
