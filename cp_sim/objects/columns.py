"""The columns in which the server prints each kind: what `kubectl get` shows when it asks for a Table.

A row reads `Name | type[/format] | description`; a `+` before the name marks a column of `-o wide` (priority 1).
A description that begins with `@` is that of a field of the API (`schema.describe`).

Source: `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from functools import cache

from cp_sim.objects.kinds import Kind
from cp_sim.objects.schema import describe
from cp_sim.sim import immutable


@immutable
class Column:
    """One column: `priority` 0 is always shown, 1 only in wide output."""

    name: str
    type: str
    format: str
    description: str
    priority: int


NAME = "Name | string/name | @meta.v1.ObjectMeta#name"
AGE = "Age | string | @meta.v1.ObjectMeta#creationTimestamp"
_CREATED = "Created At | date | @meta.v1.ObjectMeta#creationTimestamp"
_CONTAINERS = (
    "+Containers | string | Names of each container in the template.\n"
    "+Images | string | Images referenced by each container in the template."
)
_SUBJECTS = (
    "+Users | string | Users in the {0}\n"
    "+Groups | string | Groups in the {0}\n"
    "+ServiceAccounts | string | ServiceAccounts in the {0}"
)

_ROWS: dict[str, str] = {
    "namespaces": f"{NAME}\nStatus | string | The status of the namespace\n{AGE}",
    "nodes": f"""{NAME}
Status | string | The status of the node
Roles | string | The roles of the node
{AGE}
Version | string | @core.v1.NodeSystemInfo#kubeletVersion
+Internal-IP | string | @core.v1.NodeStatus#addresses
+External-IP | string | @core.v1.NodeStatus#addresses
+OS-Image | string | @core.v1.NodeSystemInfo#osImage
+Kernel-Version | string | @core.v1.NodeSystemInfo#kernelVersion
+Container-Runtime | string | @core.v1.NodeSystemInfo#containerRuntimeVersion""",
    "pods": f"""{NAME}
Ready | string | The aggregate readiness state of this pod for accepting traffic.
Status | string | The aggregate status of the containers in this pod.
Restarts | string | The number of times the containers in this pod have been restarted and when the last container \
in this pod has restarted.
{AGE}
+IP | string | @core.v1.PodStatus#podIP
+Node | string | @core.v1.PodSpec#nodeName
+Nominated Node | string | @core.v1.PodStatus#nominatedNodeName
+Readiness Gates | string | @core.v1.PodSpec#readinessGates""",
    "podtemplates": f"{NAME}\nContainers | string | Names of each container in the template.\n"
    "Images | string | Images referenced by each container in the template.\n"
    "Pod Labels | string | The labels for the pod template.",
    "services": f"""{NAME}
Type | string | @core.v1.ServiceSpec#type
Cluster-IP | string | @core.v1.ServiceSpec#clusterIP
External-IP | string | @core.v1.ServiceSpec#externalIPs
Port(s) | string | @core.v1.ServiceSpec#ports
{AGE}
+Selector | string | @core.v1.ServiceSpec#selector""",
    "endpoints": f"{NAME}\nEndpoints | string | @core.v1.Endpoints#subsets\n{AGE}",
    "endpointslices.discovery.k8s.io": f"""{NAME}
AddressType | string | @discovery.v1.EndpointSlice#addressType
Ports | string | @discovery.v1.EndpointSlice#ports
Endpoints | string | @discovery.v1.EndpointSlice#endpoints
{AGE}""",
    "replicationcontrollers": f"""{NAME}
Desired | integer | @core.v1.ReplicationControllerSpec#replicas
Current | integer | @core.v1.ReplicationControllerStatus#replicas
Ready | integer | @core.v1.ReplicationControllerStatus#readyReplicas
{AGE}
{_CONTAINERS}
+Selector | string | @core.v1.ReplicationControllerSpec#selector""",
    "replicasets.apps": f"""{NAME}
Desired | integer | @apps.v1.ReplicaSetSpec#replicas
Current | integer | @apps.v1.ReplicaSetStatus#replicas
Ready | integer | @apps.v1.ReplicaSetStatus#readyReplicas
{AGE}
{_CONTAINERS}
+Selector | string | @apps.v1.ReplicaSetSpec#selector""",
    "deployments.apps": f"""{NAME}
Ready | string | Number of the pod with ready state
Up-to-date | string | @apps.v1.DeploymentStatus#updatedReplicas
Available | string | @apps.v1.DeploymentStatus#availableReplicas
{AGE}
{_CONTAINERS}
+Selector | string | @apps.v1.DeploymentSpec#selector""",
    "statefulsets.apps": f"{NAME}\nReady | string | Number of the pod with ready state\n{AGE}\n{_CONTAINERS}",
    "daemonsets.apps": f"""{NAME}
Desired | integer | @apps.v1.DaemonSetStatus#desiredNumberScheduled
Current | integer | @apps.v1.DaemonSetStatus#currentNumberScheduled
Ready | integer | @apps.v1.DaemonSetStatus#numberReady
Up-to-date | integer | @apps.v1.DaemonSetStatus#updatedNumberScheduled
Available | integer | @apps.v1.DaemonSetStatus#numberAvailable
Node Selector | string | @core.v1.PodSpec#nodeSelector
{AGE}
{_CONTAINERS}
+Selector | string | @apps.v1.DaemonSetSpec#selector""",
    "controllerrevisions.apps": f"{NAME}\nController | string | Controller of the object\n"
    f"Revision | string | @apps.v1.ControllerRevision#revision\n{AGE}",
    "jobs.batch": f"""{NAME}
Status | string | Status of the job.
Completions | string | @batch.v1.JobStatus#succeeded
Duration | string | Time required to complete the job.
{AGE}
{_CONTAINERS}
+Selector | string | @batch.v1.JobSpec#selector""",
    "cronjobs.batch": f"""{NAME}
Schedule | string | @batch.v1.CronJobSpec#schedule
Timezone | string | @batch.v1.CronJobSpec#timeZone
Suspend | boolean | @batch.v1.CronJobSpec#suspend
Active | integer | @batch.v1.CronJobStatus#active
Last Schedule | string | @batch.v1.CronJobStatus#lastScheduleTime
{AGE}
{_CONTAINERS}
+Selector | string | @batch.v1.JobSpec#selector""",
    "horizontalpodautoscalers.autoscaling": f"""{NAME}
Reference | string | @autoscaling.v2.HorizontalPodAutoscalerSpec#scaleTargetRef
Targets | string | @autoscaling.v2.HorizontalPodAutoscalerSpec#metrics
MinPods | string | @autoscaling.v2.HorizontalPodAutoscalerSpec#minReplicas
MaxPods | string | @autoscaling.v2.HorizontalPodAutoscalerSpec#maxReplicas
Replicas | string | @autoscaling.v2.HorizontalPodAutoscalerStatus#currentReplicas
{AGE}""",
    "poddisruptionbudgets.policy": f"""{NAME}
Min Available | string | The minimum number of pods that must be available.
Max Unavailable | string | The maximum number of pods that may be unavailable.
Allowed Disruptions | integer | Calculated number of pods that may be disrupted at this time.
{AGE}""",
    "configmaps": f"{NAME}\nData | string | @core.v1.ConfigMap#data\n{AGE}",
    "secrets": f"{NAME}\nType | string | @core.v1.Secret#type\nData | string | @core.v1.Secret#data\n{AGE}",
    "serviceaccounts": f"{NAME}\n{AGE}",
    "events": """Last Seen | string | @core.v1.Event#lastTimestamp
Type | string | @core.v1.Event#type
Reason | string | @core.v1.Event#reason
Object | string | @core.v1.Event#involvedObject
+Subobject | string | @core.v1.ObjectReference#fieldPath
+Source | string | @core.v1.Event#source
Message | string | @core.v1.Event#message
+First Seen | string | @core.v1.Event#firstTimestamp
+Count | string | @core.v1.Event#count
+Name | string/name | @meta.v1.ObjectMeta#name""",
    "leases.coordination.k8s.io": f"{NAME}\nHolder | string | @coordination.v1.LeaseSpec#holderIdentity\n{AGE}",
    "limitranges": f"{NAME}\n{_CREATED}",
    "resourcequotas": f"""{NAME}
Request | string | Request represents a minimum amount of cpu/memory that a container may consume.
Limit | string | Limits control the maximum amount of cpu/memory that a container may use independent of \
contention on the node.
{AGE}""",
    "persistentvolumes": f"""{NAME}
Capacity | string | @core.v1.PersistentVolumeSpec#capacity
Access Modes | string | @core.v1.PersistentVolumeSpec#accessModes
Reclaim Policy | string | @core.v1.PersistentVolumeSpec#persistentVolumeReclaimPolicy
Status | string | @core.v1.PersistentVolumeStatus#phase
Claim | string | @core.v1.PersistentVolumeSpec#claimRef
StorageClass | string | StorageClass of the pv
VolumeAttributesClass | string | VolumeAttributesClass of the pv
Reason | string | @core.v1.PersistentVolumeStatus#reason
{AGE}
+VolumeMode | string | @core.v1.PersistentVolumeSpec#volumeMode""",
    "persistentvolumeclaims": f"""{NAME}
Status | string | @core.v1.PersistentVolumeClaimStatus#phase
Volume | string | @core.v1.PersistentVolumeClaimSpec#volumeName
Capacity | string | @core.v1.PersistentVolumeClaimStatus#capacity
Access Modes | string | @core.v1.PersistentVolumeClaimStatus#accessModes
StorageClass | string | StorageClass of the pvc
VolumeAttributesClass | string | VolumeAttributesClass of the pvc
{AGE}
+VolumeMode | string | @core.v1.PersistentVolumeClaimSpec#volumeMode""",
    "storageclasses.storage.k8s.io": f"""{NAME}
Provisioner | string | @storage.v1.StorageClass#provisioner
ReclaimPolicy | string | @storage.v1.StorageClass#reclaimPolicy
VolumeBindingMode | string | @storage.v1.StorageClass#volumeBindingMode
AllowVolumeExpansion | string | @storage.v1.StorageClass#allowVolumeExpansion
{AGE}""",
    "priorityclasses.scheduling.k8s.io": f"""{NAME}
Value | integer | @scheduling.v1.PriorityClass#value
Global-Default | boolean | @scheduling.v1.PriorityClass#globalDefault
{AGE}
PreemptionPolicy | string | @scheduling.v1.PriorityClass#preemptionPolicy""",
    "roles.rbac.authorization.k8s.io": f"{NAME}\n{_CREATED}",
    "clusterroles.rbac.authorization.k8s.io": f"{NAME}\n{_CREATED}",
    "rolebindings.rbac.authorization.k8s.io": f"""{NAME}
Role | string | RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. \
If the RoleRef cannot be resolved, the Authorizer must return an error.
{AGE}
{_SUBJECTS.format("roleBinding")}""",
    "clusterrolebindings.rbac.authorization.k8s.io": f"""{NAME}
Role | string | RoleRef can only reference a ClusterRole in the global namespace. \
If the RoleRef cannot be resolved, the Authorizer must return an error.
{AGE}
{_SUBJECTS.format("clusterRoleBinding")}""",
    "ingresses.networking.k8s.io": f"""{NAME}
Class | string | The name of the IngressClass resource that should be used for additional configuration
Hosts | string | Hosts that incoming requests are matched against before the ingress rule
Address | string | Address is a list containing ingress points for the load-balancer
Ports | string | Ports of TLS configurations that open
{AGE}""",
    "ingressclasses.networking.k8s.io": f"""{NAME}
Controller | string | Controller that is responsible for handling this class
Parameters | string | A reference to a resource with additional parameters
{AGE}""",
    "networkpolicies.networking.k8s.io": f"{NAME}\nPod-Selector | string | "
    f"@networking.v1.NetworkPolicySpec#podSelector\n{AGE}",
    "validatingwebhookconfigurations.admissionregistration.k8s.io": f"{NAME}\nWebhooks | integer | "
    f"Webhooks indicates the number of webhooks registered in this configuration\n{AGE}",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": f"{NAME}\nWebhooks | integer | "
    f"Webhooks indicates the number of webhooks registered in this configuration\n{AGE}",
    "runtimeclasses.node.k8s.io": f"{NAME}\nHandler | string | @node.v1.RuntimeClass#handler\n{AGE}",
    "scale": """Name | string | @meta.v1.ObjectMeta#name
Desired | integer | @autoscaling.v1.ScaleSpec#replicas
Available | integer | @autoscaling.v1.ScaleStatus#replicas
Age | string | @meta.v1.ObjectMeta#creationTimestamp""",
    "customresourcedefinitions.apiextensions.k8s.io": f"{NAME}\n{_CREATED}",
}
_OTHER = f"{NAME}\n{_CREATED}"
_CUSTOM = f"{NAME}\nAge | date | @meta.v1.ObjectMeta#creationTimestamp"


@cache
def columns(resource: str, custom: bool = False) -> tuple[Column, ...]:
    """The columns of a resource (`pods`, `deployments.apps`, `scale`); kinds without columns of their own show name
    and age.
    """
    return tuple(_column(row) for row in _ROWS.get(resource, _CUSTOM if custom else _OTHER).splitlines())


def columns_of(kind: Kind) -> tuple[Column, ...]:
    """The columns of a built-in kind."""
    return columns("events" if kind.plural == "events" else kind.storage)


def _column(row: str) -> Column:
    name, type_, description = (part.strip() for part in row.split(" | ", 2))
    priority = int(name.startswith("+"))
    type_, _, format_ = type_.partition("/")
    if description.startswith("@"):
        description = describe(*description[1:].split("#"))
    return Column(name.lstrip("+"), type_, format_, description, priority)
