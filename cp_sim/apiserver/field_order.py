"""The order in which Go writes the fields of its types: it shows where an error quotes an object.

Source: the structs in `k8s.io/api/*/types.go`; fields that are not listed follow in the order of their names.
"""

from __future__ import annotations

_LINES = """
admissionregistration.v1.RuleWithOperations operations apiGroups apiVersions resources scope
admissionregistration.v1.ValidatingWebhook name clientConfig rules failurePolicy matchPolicy namespaceSelector
  objectSelector sideEffects timeoutSeconds admissionReviewVersions
apiextensions.v1.CustomResourceDefinitionCondition type status lastTransitionTime reason message
apiextensions.v1.CustomResourceDefinitionNames plural singular shortNames kind listKind categories
apiextensions.v1.CustomResourceDefinitionSpec group names scope versions conversion
apiextensions.v1.CustomResourceDefinitionStatus conditions acceptedNames storedVersions
apiextensions.v1.CustomResourceDefinitionVersion name served storage deprecated deprecationWarning schema subresources
  additionalPrinterColumns selectableFields
apiextensions.v1.JSONSchemaProps type properties
apps.v1.DaemonSetSpec selector template updateStrategy minReadySeconds revisionHistoryLimit
apps.v1.DaemonSetStatus currentNumberScheduled numberMisscheduled desiredNumberScheduled numberReady
  observedGeneration updatedNumberScheduled numberAvailable numberUnavailable collisionCount conditions
apps.v1.DaemonSetUpdateStrategy type rollingUpdate
apps.v1.DeploymentCondition type status lastUpdateTime lastTransitionTime reason message
apps.v1.DeploymentSpec replicas selector template strategy minReadySeconds revisionHistoryLimit paused
  progressDeadlineSeconds
apps.v1.DeploymentStatus observedGeneration replicas updatedReplicas readyReplicas availableReplicas
  unavailableReplicas terminatingReplicas conditions collisionCount
apps.v1.DeploymentStrategy type rollingUpdate
apps.v1.ReplicaSetSpec replicas minReadySeconds selector template
apps.v1.ReplicaSetStatus replicas fullyLabeledReplicas readyReplicas availableReplicas terminatingReplicas
  observedGeneration conditions
apps.v1.RollingUpdateDaemonSet maxUnavailable maxSurge
apps.v1.RollingUpdateDeployment maxUnavailable maxSurge
apps.v1.StatefulSetSpec replicas selector template volumeClaimTemplates serviceName podManagementPolicy updateStrategy
  revisionHistoryLimit minReadySeconds persistentVolumeClaimRetentionPolicy ordinals
apps.v1.StatefulSetStatus observedGeneration replicas readyReplicas currentReplicas updatedReplicas currentRevision
  updateRevision collisionCount conditions availableReplicas
apps.v1.StatefulSetUpdateStrategy type rollingUpdate
autoscaling.v1.ScaleStatus replicas selector
autoscaling.v2.CrossVersionObjectReference kind name apiVersion
autoscaling.v2.HorizontalPodAutoscalerCondition type status lastTransitionTime
autoscaling.v2.HorizontalPodAutoscalerSpec scaleTargetRef minReplicas maxReplicas metrics behavior
autoscaling.v2.HorizontalPodAutoscalerStatus observedGeneration lastScaleTime currentReplicas desiredReplicas
  currentMetrics conditions
autoscaling.v2.MetricSpec type resource
autoscaling.v2.MetricStatus type resource
autoscaling.v2.MetricTarget type averageUtilization
autoscaling.v2.MetricValueStatus averageValue averageUtilization
autoscaling.v2.ResourceMetricStatus name current
batch.v1.CronJobSpec schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend jobTemplate
  successfulJobsHistoryLimit failedJobsHistoryLimit
batch.v1.JobSpec parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit
  backoffLimitPerIndex maxFailedIndexes selector manualSelector template ttlSecondsAfterFinished completionMode
  suspend podReplacementPolicy managedBy
batch.v1.JobStatus conditions startTime completionTime active succeeded failed terminating completedIndexes
  failedIndexes uncountedTerminatedPods ready
coordination.v1.LeaseSpec holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy
  preferredHolder
core.v1.ConfigMapProjection name items
core.v1.Container name image command args workingDir ports envFrom env resources resizePolicy restartPolicy
  restartPolicyRules volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle
  terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty
core.v1.ContainerPort name hostPort containerPort protocol hostIP
core.v1.ContainerState waiting running terminated
core.v1.ContainerStateTerminated exitCode signal reason message startedAt finishedAt containerID
core.v1.ContainerStateWaiting reason message
core.v1.ContainerStatus name state lastState ready restartCount image imageID containerID started allocatedResources
  resources volumeMounts
core.v1.DownwardAPIVolumeFile path fieldRef
core.v1.EndpointAddress ip hostname nodeName targetRef
core.v1.EndpointPort name port protocol appProtocol
core.v1.EndpointSubset addresses notReadyAddresses ports
core.v1.EnvVar name value valueFrom
core.v1.EventSource component host
core.v1.HTTPGetAction path port host scheme httpHeaders
core.v1.LimitRangeItem type max min default defaultRequest maxLimitRequestRatio
core.v1.NodeAddress type address
core.v1.NodeCondition type status lastHeartbeatTime lastTransitionTime reason message
core.v1.NodeSpec podCIDR podCIDRs providerID unschedulable taints configSource externalID
core.v1.NodeStatus capacity allocatable phase conditions addresses daemonEndpoints nodeInfo images volumesInUse
  volumesAttached config
core.v1.NodeSystemInfo machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeletVersion
  kubeProxyVersion operatingSystem architecture swap
core.v1.ObjectReference kind namespace name uid apiVersion resourceVersion fieldPath
core.v1.PersistentVolumeClaimSpec accessModes selector resources volumeName storageClassName volumeMode dataSource
  dataSourceRef volumeAttributesClassName
core.v1.PersistentVolumeClaimStatus phase accessModes capacity conditions
core.v1.PersistentVolumeSpec capacity hostPath local nfs csi accessModes claimRef persistentVolumeReclaimPolicy
  storageClassName mountOptions volumeMode nodeAffinity volumeAttributesClassName
core.v1.PersistentVolumeStatus phase message reason lastPhaseTransitionTime
core.v1.PodCondition type observedGeneration status lastProbeTime lastTransitionTime reason message
core.v1.PodSpec volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds
  activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount automountServiceAccountToken nodeName
  hostNetwork hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain affinity
  schedulerName tolerations hostAliases priorityClassName priority dnsConfig readinessGates runtimeClassName
  enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os hostUsers
  schedulingGates resourceClaims resources
core.v1.PodStatus observedGeneration phase conditions message reason nominatedNodeName hostIP hostIPs podIP podIPs
  startTime initContainerStatuses containerStatuses qosClass ephemeralContainerStatuses resize resourceClaimStatuses
core.v1.Probe exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold
  failureThreshold terminationGracePeriodSeconds
core.v1.ProjectedVolumeSource sources defaultMode
core.v1.ReplicationControllerSpec replicas minReadySeconds selector template
core.v1.ReplicationControllerStatus replicas fullyLabeledReplicas readyReplicas availableReplicas observedGeneration
  conditions
core.v1.ResourceQuotaSpec hard scopes scopeSelector
core.v1.ResourceQuotaStatus hard used
core.v1.ResourceRequirements limits requests claims
core.v1.ServicePort name protocol appProtocol port targetPort nodePort
core.v1.ServiceSpec ports selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP
  loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses
  sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass
  internalTrafficPolicy trafficDistribution
core.v1.Taint key value effect timeAdded
core.v1.Toleration key operator value effect tolerationSeconds
core.v1.VolumeMount name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr
discovery.v1.Endpoint addresses conditions hostname targetRef deprecatedTopology nodeName zone hints
discovery.v1.EndpointPort name protocol port appProtocol
meta.v1.Condition type status observedGeneration lastTransitionTime reason message
meta.v1.LabelSelectorRequirement key operator values
meta.v1.ManagedFieldsEntry manager operation apiVersion time fieldsType fieldsV1 subresource
meta.v1.ObjectMeta name generateName namespace selfLink uid resourceVersion generation creationTimestamp
  deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields
meta.v1.OwnerReference apiVersion kind name uid controller blockOwnerDeletion
networking.v1.HTTPIngressPath path pathType backend
networking.v1.IngressSpec ingressClassName defaultBackend tls rules
networking.v1.NetworkPolicyPort protocol port endPort
networking.v1.NetworkPolicySpec podSelector ingress egress policyTypes
policy.v1.PodDisruptionBudgetSpec minAvailable selector maxUnavailable unhealthyPodEvictionPolicy
policy.v1.PodDisruptionBudgetStatus observedGeneration disruptedPods disruptionsAllowed currentHealthy desiredHealthy
  expectedPods conditions
rbac.v1.PolicyRule verbs apiGroups resources resourceNames nonResourceURLs
rbac.v1.RoleRef apiGroup kind name
rbac.v1.Subject kind apiGroup name namespace
"""

ORDER: dict[str, dict[str, int]] = {}
for _line in _LINES.replace("\n  ", " ").strip().splitlines():
    _name, *_fields = _line.split()
    ORDER[_name] = {field: place for place, field in enumerate(_fields)}
