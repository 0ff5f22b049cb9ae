"""Which function judges which kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_sim.objects.causes import Causes
from cp_sim.objects.validation import (
    access,
    batch,
    core,
    definitions,
    endpoints,
    events,
    job_status,
    limits,
    networking,
    pod_updates,
    pods,
    scaling,
    services,
    storage,
    webhooks,
    workload_status,
    workloads,
)

Object = dict[str, Any]
Create = Callable[[Object, Causes], None]
Update = Callable[[Object, Object, Causes], None]

_RBAC = "rbac.authorization.k8s.io"
_AUTHORIZATION = "authorization.k8s.io"
_WEBHOOKS = "admissionregistration.k8s.io"

CREATE: dict[str, Create] = {
    "pods": pods.create,
    "podtemplates": workloads.pod_template,
    "namespaces": core.namespace,
    "nodes": core.node,
    "services": services.service,
    "endpoints": endpoints.endpoints,
    "endpointslices.discovery.k8s.io": endpoints.endpoint_slice,
    "replicationcontrollers": workloads.replication_controller,
    "deployments.apps": workloads.deployment,
    "replicasets.apps": workloads.replica_set,
    "statefulsets.apps": workloads.stateful_set,
    "daemonsets.apps": workloads.daemon_set,
    "controllerrevisions.apps": workloads.controller_revision,
    "jobs.batch": batch.job,
    "cronjobs.batch": batch.cron_job,
    "horizontalpodautoscalers.autoscaling": scaling.autoscaler,
    "poddisruptionbudgets.policy": core.disruption_budget,
    "configmaps": core.config_map,
    "secrets": core.secret,
    "events": events.event,
    "events.events.k8s.io": events.event_v1,
    "leases.coordination.k8s.io": core.lease,
    "priorityclasses.scheduling.k8s.io": core.priority_class,
    "limitranges": limits.limit_range,
    "resourcequotas": limits.resource_quota,
    "persistentvolumes": storage.volume,
    "persistentvolumeclaims": storage.claim,
    "storageclasses.storage.k8s.io": storage.storage_class,
    f"roles.{_RBAC}": access.role,
    f"clusterroles.{_RBAC}": access.cluster_role,
    f"rolebindings.{_RBAC}": access.role_binding,
    f"clusterrolebindings.{_RBAC}": access.cluster_role_binding,
    f"subjectaccessreviews.{_AUTHORIZATION}": access.subject_access_review,
    f"selfsubjectaccessreviews.{_AUTHORIZATION}": access.self_subject_access_review,
    f"localsubjectaccessreviews.{_AUTHORIZATION}": access.local_subject_access_review,
    "ingresses.networking.k8s.io": networking.ingress,
    "ingressclasses.networking.k8s.io": networking.ingress_class,
    "networkpolicies.networking.k8s.io": networking.network_policy,
    f"validatingwebhookconfigurations.{_WEBHOOKS}": webhooks.validating,
    f"mutatingwebhookconfigurations.{_WEBHOOKS}": webhooks.mutating,
    "customresourcedefinitions.apiextensions.k8s.io": definitions.definition,
}

# Kinds whose own validation does not look at metadata: the generic check does, after all else is right.
META_LAST = frozenset({"events", "events.events.k8s.io", "poddisruptionbudgets.policy"})

# Kinds whose own validation of an update does not look at metadata, so that its causes stand only once.
META_ONCE = META_LAST | {
    "limitranges",
    "persistentvolumes",
    f"validatingwebhookconfigurations.{_WEBHOOKS}",
    f"mutatingwebhookconfigurations.{_WEBHOOKS}",
}

# Kinds of which an update is judged like a new object, before what may not change.
UPDATE_CHECKS_ALL = frozenset(CREATE) - {
    "pods",
    "nodes",
    "jobs.batch",
    "persistentvolumes",
    "persistentvolumeclaims",
    "configmaps",
    "secrets",
    "resourcequotas",
    "events",
    "events.events.k8s.io",
    "priorityclasses.scheduling.k8s.io",
    "storageclasses.storage.k8s.io",
    "namespaces",
}

UPDATE: dict[tuple[str, str], Update] = {
    ("pods", ""): pod_updates.update,
    ("pods", "status"): pod_updates.status_update,
    ("pods", "ephemeralcontainers"): pod_updates.ephemeral_update,
    ("nodes", ""): core.node_update,
    ("nodes", "status"): core.node_update,
    ("services", ""): services.service_update,
    ("services", "status"): services.service_status,
    ("customresourcedefinitions.apiextensions.k8s.io", ""): definitions.definition_update,
    ("endpointslices.discovery.k8s.io", ""): endpoints.endpoint_slice_update,
    ("deployments.apps", ""): workloads.selector_immutable,
    ("deployments.apps", "status"): workload_status.deployment_status,
    ("replicasets.apps", ""): workloads.selector_immutable,
    ("replicasets.apps", "status"): workload_status.replicas_status,
    ("replicationcontrollers", "status"): workload_status.replicas_status,
    ("statefulsets.apps", ""): workloads.stateful_set_update,
    ("statefulsets.apps", "status"): workload_status.stateful_status,
    ("daemonsets.apps", ""): workloads.selector_immutable,
    ("daemonsets.apps", "status"): workload_status.daemon_status,
    ("controllerrevisions.apps", ""): workloads.controller_revision_update,
    ("jobs.batch", ""): batch.job_update,
    ("jobs.batch", "status"): job_status.job_status,
    ("configmaps", ""): core.config_map_update,
    ("secrets", ""): core.secret_update,
    ("priorityclasses.scheduling.k8s.io", ""): core.priority_class_update,
    ("resourcequotas", ""): limits.resource_quota_update,
    ("resourcequotas", "status"): limits.resource_quota_status,
    ("poddisruptionbudgets.policy", "status"): core.disruption_budget_status,
    ("persistentvolumes", ""): storage.volume_update,
    ("persistentvolumeclaims", ""): storage.claim_update,
    ("storageclasses.storage.k8s.io", ""): storage.storage_class_update,
    (f"rolebindings.{_RBAC}", ""): access.binding_update,
    (f"clusterrolebindings.{_RBAC}", ""): access.binding_update,
    ("events.events.k8s.io", ""): events.event_v1_update,
    ("ingressclasses.networking.k8s.io", ""): networking.ingress_class_update,
}
