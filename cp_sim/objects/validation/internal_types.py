"""The fields of the server's internal types, in order, as far as its sentences show whole objects.

One line a type: `Type: Field ...`, and a field is `GoName[:wireName][=zero]`.  The wire's name is the Go name with a
small first letter unless given.  A line that begins with blanks goes on with the one before.  `zero` is what stands for
nothing: `s` an empty text, `0`, `f` false; `@Type` a struct by value, `*Type` a struct or null, `[Type` a list of
structs or null; without it null.
Sources: `pkg/apis/core/types.go`, and the sentences recorded from kube-apiserver v1.36.
"""

from __future__ import annotations

TYPES = """
PodTemplateSpec: Spec=@PodSpec
PodSpec: Volumes=[Volume InitContainers=[Container Containers=[Container EphemeralContainers=[EphemeralContainer
  RestartPolicy=s TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy:dnsPolicy=s NodeSelector
  ServiceAccountName=s AutomountServiceAccountToken NodeName=s SecurityContext=*PodSecurityContext
  ImagePullSecrets=[LocalObjectReference Hostname=s Subdomain=s SetHostnameAsFQDN Affinity=*Affinity SchedulerName=s
  Tolerations=[Toleration HostAliases=[HostAlias PriorityClassName=s Priority PreemptionPolicy
  DNSConfig:dnsConfig=*PodDNSConfig ReadinessGates=[PodReadinessGate RuntimeClassName Overhead EnableServiceLinks
  TopologySpreadConstraints=[TopologySpreadConstraint OS:os=*PodOS SchedulingGates=[PodSchedulingGate
  ResourceClaims=[PodResourceClaim Resources=*ResourceRequirements HostnameOverride SchedulingGroup
PodSecurityContext: HostNetwork=f HostPID:hostPID=f HostIPC:hostIPC=f ShareProcessNamespace HostUsers
  SELinuxOptions:seLinuxOptions=*SELinuxOptions WindowsOptions=*WindowsOptions RunAsUser RunAsGroup RunAsNonRoot
  SupplementalGroups SupplementalGroupsPolicy FSGroup:fsGroup FSGroupChangePolicy:fsGroupChangePolicy
  Sysctls=[Sysctl SeccompProfile=*SeccompProfile AppArmorProfile=*AppArmorProfile
  SELinuxChangePolicy:seLinuxChangePolicy
SecurityContext: Capabilities=*Capabilities Privileged SELinuxOptions:seLinuxOptions=*SELinuxOptions
  WindowsOptions=*WindowsOptions RunAsUser RunAsGroup RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation
  ProcMount SeccompProfile=*SeccompProfile AppArmorProfile=*AppArmorProfile
Capabilities: Add Drop
SELinuxOptions: User=s Role=s Type=s Level=s
WindowsOptions: GMSACredentialSpecName:gmsaCredentialSpecName GMSACredentialSpec:gmsaCredentialSpec RunAsUserName
  HostProcess
SeccompProfile: Type=s LocalhostProfile
AppArmorProfile: Type=s LocalhostProfile
Sysctl: Name=s Value=s
LocalObjectReference: Name=s
Container: Name=s Image=s Command Args WorkingDir=s Ports=[ContainerPort EnvFrom=[EnvFromSource Env=[EnvVar
  Resources=@ResourceRequirements ResizePolicy=[ContainerResizePolicy RestartPolicy RestartPolicyRules
  VolumeMounts=[VolumeMount VolumeDevices=[VolumeDevice LivenessProbe=*Probe ReadinessProbe=*Probe
  StartupProbe=*Probe Lifecycle=*Lifecycle TerminationMessagePath=s TerminationMessagePolicy=s ImagePullPolicy=s
  SecurityContext=*SecurityContext Stdin=f StdinOnce=f TTY:tty=f
EphemeralContainer: Name=s Image=s Command Args WorkingDir=s Ports=[ContainerPort EnvFrom=[EnvFromSource Env=[EnvVar
  Resources=@ResourceRequirements ResizePolicy=[ContainerResizePolicy RestartPolicy RestartPolicyRules
  VolumeMounts=[VolumeMount VolumeDevices=[VolumeDevice LivenessProbe=*Probe ReadinessProbe=*Probe
  StartupProbe=*Probe Lifecycle=*Lifecycle TerminationMessagePath=s TerminationMessagePolicy=s ImagePullPolicy=s
  SecurityContext=*SecurityContext Stdin=f StdinOnce=f TTY:tty=f TargetContainerName=s
ContainerPort: Name=s HostPort=0 ContainerPort=0 Protocol=s HostIP:hostIP=s
EnvFromSource: Prefix=s ConfigMapRef=*OptionalReference SecretRef=*OptionalReference
OptionalReference: Name=s Optional
EnvVar: Name=s Value=s ValueFrom=*EnvVarSource
EnvVarSource: FieldRef=*ObjectFieldSelector ResourceFieldRef=*ResourceFieldSelector ConfigMapKeyRef=*KeySelector
  SecretKeyRef=*KeySelector FileKeyRef
ObjectFieldSelector: APIVersion:apiVersion=s FieldPath=s
ResourceFieldSelector: ContainerName=s Resource=s Divisor
KeySelector: Name=s Key=s Optional
ResourceRequirements: Limits Requests Claims
ContainerResizePolicy: ResourceName=s RestartPolicy=s
VolumeMount: Name=s ReadOnly=f RecursiveReadOnly MountPath=s SubPath=s MountPropagation SubPathExpr=s
VolumeDevice: Name=s DevicePath=s
Probe: Exec=*ExecAction HTTPGet:httpGet=*HTTPGetAction TCPSocket:tcpSocket=*TCPSocketAction GRPC:grpc=*GRPCAction
  InitialDelaySeconds=0 TimeoutSeconds=0 PeriodSeconds=0 SuccessThreshold=0 FailureThreshold=0
  TerminationGracePeriodSeconds
Lifecycle: PostStart=*LifecycleHandler PreStop=*LifecycleHandler StopSignal
LifecycleHandler: Exec=*ExecAction HTTPGet:httpGet=*HTTPGetAction TCPSocket:tcpSocket=*TCPSocketAction
  Sleep=*SleepAction
ExecAction: Command
HTTPGetAction: Path=s Port=0 Host=s Scheme=s HTTPHeaders:httpHeaders=[HTTPHeader
HTTPHeader: Name=s Value=s
TCPSocketAction: Port=0 Host=s
GRPCAction: Port=0 Service
SleepAction: Seconds=0
Volume: Name=s HostPath=*HostPath EmptyDir=*EmptyDir GCEPersistentDisk:gcePersistentDisk
  AWSElasticBlockStore:awsElasticBlockStore GitRepo Secret=*SecretVolume NFS:nfs=*NFS ISCSI:iscsi Glusterfs
  PersistentVolumeClaim=*ClaimVolume RBD:rbd Quobyte FlexVolume Cinder CephFS:cephfs Flocker
  DownwardAPI:downwardAPI=*DownwardAPIVolume FC:fc AzureFile ConfigMap=*ConfigMapVolume VsphereVolume AzureDisk
  PhotonPersistentDisk Projected=*ProjectedVolume PortworxVolume ScaleIO:scaleIO StorageOS:storageos CSI:csi
  Ephemeral Image=*ImageVolume
HostPath: Path=s Type
EmptyDir: Medium=s SizeLimit
SecretVolume: SecretName=s Items=[KeyToPath DefaultMode Optional
ConfigMapVolume: Name=s Items=[KeyToPath DefaultMode Optional
KeyToPath: Key=s Path=s Mode
NFS: Server=s Path=s ReadOnly=f
ClaimVolume: ClaimName=s ReadOnly=f
DownwardAPIVolume: Items=[DownwardAPIVolumeFile DefaultMode
DownwardAPIVolumeFile: Path=s FieldRef=*ObjectFieldSelector ResourceFieldRef=*ResourceFieldSelector Mode
ProjectedVolume: Sources=[VolumeProjection DefaultMode
VolumeProjection: Secret=*SecretProjection DownwardAPI:downwardAPI=*DownwardAPIProjection
  ConfigMap=*ConfigMapProjection ServiceAccountToken=*ServiceAccountTokenProjection ClusterTrustBundle
  PodCertificate
SecretProjection: Name=s Items=[KeyToPath Optional
ConfigMapProjection: Name=s Items=[KeyToPath Optional
DownwardAPIProjection: Items=[DownwardAPIVolumeFile
ServiceAccountTokenProjection: Audience=s ExpirationSeconds=0 Path=s
ImageVolume: Reference=s PullPolicy=s
Affinity: NodeAffinity=*NodeAffinity PodAffinity=*PodAffinity PodAntiAffinity=*PodAffinity
NodeAffinity: RequiredDuringSchedulingIgnoredDuringExecution=*NodeSelector
  PreferredDuringSchedulingIgnoredDuringExecution=[PreferredSchedulingTerm
NodeSelector: NodeSelectorTerms=[NodeSelectorTerm
NodeSelectorTerm: MatchExpressions=[NodeSelectorRequirement MatchFields=[NodeSelectorRequirement
NodeSelectorRequirement: Key=s Operator=s Values
PreferredSchedulingTerm: Weight=0 Preference=@NodeSelectorTerm
PodAffinity: RequiredDuringSchedulingIgnoredDuringExecution=[PodAffinityTerm
  PreferredDuringSchedulingIgnoredDuringExecution=[WeightedPodAffinityTerm
WeightedPodAffinityTerm: Weight=0 PodAffinityTerm=@PodAffinityTerm
PodAffinityTerm: LabelSelector Namespaces TopologyKey=s NamespaceSelector MatchLabelKeys MismatchLabelKeys
Toleration: Key=s Operator=s Value=s Effect=s TolerationSeconds
HostAlias: IP:ip=s Hostnames
PodDNSConfig: Nameservers Searches Options=[PodDNSConfigOption
PodDNSConfigOption: Name=s Value
PodReadinessGate: ConditionType=s
TopologySpreadConstraint: MaxSkew=0 TopologyKey=s WhenUnsatisfiable=s LabelSelector MinDomains NodeAffinityPolicy
  NodeTaintsPolicy MatchLabelKeys
PodOS: Name=s
PodSchedulingGate: Name=s
PodResourceClaim: Name=s ResourceClaimName ResourceClaimTemplateName
PersistentVolumeClaimSpec: AccessModes Selector Resources=@VolumeResources VolumeName=s StorageClassName VolumeMode
  DataSource=*TypedLocalObjectReference DataSourceRef=*TypedObjectReference VolumeAttributesClassName
VolumeResources: Limits Requests
TypedLocalObjectReference: APIGroup:apiGroup Kind=s Name=s
TypedObjectReference: APIGroup:apiGroup Kind=s Name=s Namespace
PersistentVolumeSource: GCEPersistentDisk:gcePersistentDisk AWSElasticBlockStore:awsElasticBlockStore
  HostPath=*HostPath Glusterfs NFS:nfs=*NFS RBD:rbd Quobyte ISCSI:iscsi FlexVolume Cinder CephFS:cephfs FC:fc
  Flocker AzureFile VsphereVolume AzureDisk PhotonPersistentDisk PortworxVolume ScaleIO:scaleIO Local=*LocalVolume
  StorageOS:storageos CSI:csi=*CSIVolume
LocalVolume: Path=s FSType:fsType
CSIVolume: Driver=s VolumeHandle=s ReadOnly=f FSType:fsType=s VolumeAttributes ControllerPublishSecretRef
  NodeStageSecretRef NodePublishSecretRef ControllerExpandSecretRef NodeExpandSecretRef
"""
