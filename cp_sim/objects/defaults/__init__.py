"""What the API server fills in: `apply(kind, obj)`.

*In Kubernetes:* the generated `SetObjectDefaults_*` of `pkg/apis/*/v1/zz_generated.defaults.go`, called when a body has
been decoded.  What the registry's strategies and admission fill in (generation, finalizers, cluster IPs, tolerations,
priority, service account) is not defaulting and lives in `cp_sim.apiserver`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_sim.objects.defaults import others, pods, services, workloads
from cp_sim.objects.kinds import Kind

Function = Callable[[dict[str, Any]], dict[str, Any]]

_BY_API: dict[tuple[str, str], Function] = {
    ("v1", "Pod"): pods.pod,
    ("v1", "PodTemplate"): workloads.pod_template,
    ("v1", "ReplicationController"): workloads.replication_controller,
    ("v1", "Namespace"): others.namespace,
    ("v1", "Node"): others.node,
    ("v1", "Secret"): others.secret,
    ("v1", "Service"): services.service,
    ("v1", "Endpoints"): services.endpoints,
    ("v1", "PersistentVolume"): others.persistent_volume,
    ("v1", "PersistentVolumeClaim"): others.persistent_volume_claim,
    ("v1", "LimitRange"): others.limit_range,
    ("v1", "ResourceQuota"): others.resource_quota,
    ("apps/v1", "Deployment"): workloads.deployment,
    ("apps/v1", "ReplicaSet"): workloads.replica_set,
    ("apps/v1", "DaemonSet"): workloads.daemon_set,
    ("apps/v1", "StatefulSet"): workloads.stateful_set,
    ("batch/v1", "Job"): workloads.job,
    ("batch/v1", "CronJob"): workloads.cron_job,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): workloads.horizontal_pod_autoscaler,
    ("autoscaling/v1", "HorizontalPodAutoscaler"): workloads.horizontal_pod_autoscaler_v1,
    ("discovery.k8s.io/v1", "EndpointSlice"): services.endpoint_slice,
    ("networking.k8s.io/v1", "NetworkPolicy"): services.network_policy,
    ("networking.k8s.io/v1", "IngressClass"): services.ingress_class,
    ("storage.k8s.io/v1", "StorageClass"): others.storage_class,
    ("storage.k8s.io/v1", "CSIDriver"): others.csi_driver,
    ("coordination.k8s.io/v1", "Lease"): others.lease,
    ("scheduling.k8s.io/v1", "PriorityClass"): others.priority_class,
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): others.role_binding,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): others.role_binding,
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"): others.validating_webhooks,
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"): others.mutating_webhooks,
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"): others.admission_policy,
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"): others.admission_policy,
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"): others.admission_policy_binding,
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding"): others.admission_policy_binding,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): others.custom_resource_definition,
    ("apiregistration.k8s.io/v1", "APIService"): others.api_service,
    ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"): others.flow_schema,
    ("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration"): others.priority_level,
    ("resource.k8s.io/v1", "ResourceClaim"): others.resource_claim_device,
}


def apply(kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
    """The object with the defaults of its kind filled in; the given one stays as it was.

    Expects an object that `strict.decode` has read, so that quantities are canonical and empty values gone.
    """
    function = _BY_API.get((kind.api_version, kind.kind))
    return function(obj) if function is not None else obj
