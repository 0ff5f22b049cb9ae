"""The table behind `kinds.py`: one line a kind, groups and kinds in the order of aggregated discovery.

A line reads `plural Kind short,names | traits | subresources`.  Traits: `cluster` (not namespaced), `generation`
(the registry counts `metadata.generation`), `keeps-status` (a status given on create is stored), `returned` (DELETE
answers with the object), `put-creates` (PUT on a missing object creates it), `conditional` (PUT needs a
resourceVersion), `orphans` (DELETE leaves dependents by default), `virtual` (answers are made, nothing is stored),
`name=` (style of names), `all` and `api-extensions` (categories).
"""

from __future__ import annotations

GROUPS: tuple[tuple[str, str, str], ...] = (
    (
        "",
        "v1",
        """
bindings Binding | virtual |
componentstatuses ComponentStatus cs | cluster |
configmaps ConfigMap cm | |
endpoints Endpoints ep | put-creates |
events Event ev | put-creates name=path |
limitranges LimitRange limits | put-creates |
namespaces Namespace ns | cluster name=label returned | finalize status
nodes Node no | cluster keeps-status | proxy status
persistentvolumeclaims PersistentVolumeClaim pvc | returned | status
persistentvolumes PersistentVolume pv | cluster returned | status
pods Pod po | all generation returned | \
attach binding ephemeralcontainers eviction exec log portforward proxy resize status
podtemplates PodTemplate | generation returned |
replicationcontrollers ReplicationController rc | all generation returned orphans | scale status
resourcequotas ResourceQuota quota | returned | status
secrets Secret | |
serviceaccounts ServiceAccount sa | returned | token
services Service svc | all name=label returned put-creates | proxy status
""",
    ),
    (
        "apiregistration.k8s.io",
        "v1",
        """
apiservices APIService | cluster api-extensions conditional | status
""",
    ),
    (
        "apps",
        "v1",
        """
controllerrevisions ControllerRevision | |
daemonsets DaemonSet ds | all generation | status
deployments Deployment deploy | all generation | scale status
replicasets ReplicaSet rs | all generation | scale status
statefulsets StatefulSet sts | all generation name=label | scale status
""",
    ),
    (
        "events.k8s.io",
        "v1",
        """
events Event ev | put-creates name=path |
""",
    ),
    (
        "authentication.k8s.io",
        "v1",
        """
selfsubjectreviews SelfSubjectReview | cluster virtual |
tokenreviews TokenReview | cluster virtual |
""",
    ),
    (
        "authorization.k8s.io",
        "v1",
        """
localsubjectaccessreviews LocalSubjectAccessReview | virtual |
selfsubjectaccessreviews SelfSubjectAccessReview | cluster virtual |
selfsubjectrulesreviews SelfSubjectRulesReview | cluster virtual |
subjectaccessreviews SubjectAccessReview | cluster virtual |
""",
    ),
    (
        "autoscaling",
        "v2",
        """
horizontalpodautoscalers HorizontalPodAutoscaler hpa | all | status
""",
    ),
    (
        "batch",
        "v1",
        """
cronjobs CronJob cj | all generation | status
jobs Job | all generation returned orphans | status
""",
    ),
    (
        "certificates.k8s.io",
        "v1",
        """
certificatesigningrequests CertificateSigningRequest csr | cluster | approval status
""",
    ),
    (
        "networking.k8s.io",
        "v1",
        """
ingressclasses IngressClass | cluster generation |
ingresses Ingress ing | generation | status
ipaddresses IPAddress ip | cluster generation |
networkpolicies NetworkPolicy netpol | generation |
servicecidrs ServiceCIDR | cluster generation | status
""",
    ),
    (
        "policy",
        "v1",
        """
poddisruptionbudgets PodDisruptionBudget pdb | generation conditional name=path | status
""",
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        """
clusterrolebindings ClusterRoleBinding | cluster name=path put-creates |
clusterroles ClusterRole | cluster name=path put-creates |
rolebindings RoleBinding | name=path put-creates |
roles Role | name=path put-creates |
""",
    ),
    (
        "storage.k8s.io",
        "v1",
        """
csidrivers CSIDriver | cluster returned conditional generation |
csinodes CSINode | cluster returned conditional |
csistoragecapacities CSIStorageCapacity | returned conditional |
storageclasses StorageClass sc | cluster returned |
volumeattachments VolumeAttachment | cluster returned conditional | status
volumeattributesclasses VolumeAttributesClass vac | cluster returned |
""",
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        """
mutatingadmissionpolicies MutatingAdmissionPolicy | cluster api-extensions generation conditional |
mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding | cluster api-extensions generation conditional |
mutatingwebhookconfigurations MutatingWebhookConfiguration | cluster api-extensions generation conditional |
validatingadmissionpolicies ValidatingAdmissionPolicy | cluster api-extensions generation conditional | status
validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding | cluster api-extensions generation conditional |
validatingwebhookconfigurations ValidatingWebhookConfiguration | cluster api-extensions generation conditional |
""",
    ),
    (
        "apiextensions.k8s.io",
        "v1",
        """
customresourcedefinitions CustomResourceDefinition crd,crds | cluster api-extensions generation returned conditional \
| status
""",
    ),
    (
        "scheduling.k8s.io",
        "v1",
        """
priorityclasses PriorityClass pc | cluster generation |
""",
    ),
    (
        "coordination.k8s.io",
        "v1",
        """
leases Lease | put-creates conditional |
""",
    ),
    (
        "node.k8s.io",
        "v1",
        """
runtimeclasses RuntimeClass | cluster conditional |
""",
    ),
    (
        "discovery.k8s.io",
        "v1",
        """
endpointslices EndpointSlice | generation |
""",
    ),
    (
        "resource.k8s.io",
        "v1",
        """
deviceclasses DeviceClass | cluster generation returned |
resourceclaims ResourceClaim | returned | status
resourceclaimtemplates ResourceClaimTemplate | returned |
resourceslices ResourceSlice | cluster generation returned |
""",
    ),
    (
        "flowcontrol.apiserver.k8s.io",
        "v1",
        """
flowschemas FlowSchema | cluster generation name=path | status
prioritylevelconfigurations PriorityLevelConfiguration | cluster generation name=path | status
""",
    ),
)

# (key in KINDS, key of the stored form, group, version, line)
OTHER_VERSIONS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "horizontalpodautoscalers.v1.autoscaling",
        "horizontalpodautoscalers.autoscaling",
        "autoscaling",
        "v1",
        "horizontalpodautoscalers HorizontalPodAutoscaler hpa | all | status",
    ),
)

_ALL = ("create", "delete", "get", "patch", "update")

# subresource -> (kind of its body, with * for the parent's; (group, version) of that kind, None: the parent's; verbs).
# What is not here is the parent itself with get, patch, update.
SUBRESOURCES: dict[str, tuple[str, tuple[str, str] | None, tuple[str, ...]]] = {
    "scale": ("Scale", ("autoscaling", "v1"), ("get", "patch", "update")),
    "finalize": ("*", None, ("update",)),
    "proxy": ("*ProxyOptions", None, _ALL),
    "attach": ("PodAttachOptions", None, ("create", "get")),
    "exec": ("PodExecOptions", None, ("create", "get")),
    "portforward": ("PodPortForwardOptions", None, ("create", "get")),
    "log": ("*", None, ("get",)),
    "binding": ("Binding", None, ("create",)),
    "eviction": ("Eviction", ("policy", "v1"), ("create",)),
    "token": ("TokenRequest", ("authentication.k8s.io", "v1"), ("create",)),
}

# Where the key in etcd is not `/registry/<plural>`.
STORE_PREFIXES: dict[str, str] = {
    "nodes": "minions",
    "services": "services/specs",
    "endpoints": "services/endpoints",
    "replicationcontrollers": "controllers",
    "ingresses.networking.k8s.io": "ingress",
    "apiservices.apiregistration.k8s.io": "apiregistration.k8s.io/apiservices",
    "customresourcedefinitions.apiextensions.k8s.io": "apiextensions.k8s.io/customresourcedefinitions",
}

# Where discovery's storageVersionHash is still that of an older version.
HASHED_VERSIONS: dict[str, str] = {"customresourcedefinitions.apiextensions.k8s.io": "v1beta1"}

_NOT_SUPPORTED = "field label not supported: {}"
_INVOLVED = " ".join(
    f"involvedObject.{field}"
    for field in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
)

# resource -> (selectable fields beside metadata.name and metadata.namespace, text of the refusal)
FIELDS: dict[str, tuple[str, str]] = {
    "pods": (
        "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork "
        "status.phase status.podIP status.podIPs status.nominatedNodeName",
        _NOT_SUPPORTED,
    ),
    "nodes": ("spec.unschedulable", _NOT_SUPPORTED),
    "replicationcontrollers": ("status.replicas", _NOT_SUPPORTED),
    "events": (_INVOLVED + " reason reportingComponent source type", _NOT_SUPPORTED),
    "events.events.k8s.io": (
        "regarding.kind regarding.namespace regarding.name regarding.uid regarding.apiVersion "
        "regarding.resourceVersion regarding.fieldPath reason reportingController type",
        _NOT_SUPPORTED,
    ),
    "namespaces": ("status.phase", _NOT_SUPPORTED),
    "secrets": ("type", _NOT_SUPPORTED),
    "services": ("spec.clusterIP spec.type", _NOT_SUPPORTED),
    "jobs.batch": ("status.successful", 'field label "{}" not supported for Job'),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName", _NOT_SUPPORTED),
}
