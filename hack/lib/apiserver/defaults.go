package main

import (
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// addDefaults fills in what controllers rely on and what shows in objects that p2pmirror compares; a kube-apiserver
// fills in more (pkg/apis/*/v1/defaults.go).
func addDefaults(s *runtime.Scheme) {
	s.AddTypeDefaultingFunc(&core.Pod{}, func(o any) { defaultPod(&o.(*core.Pod).Spec) })
	s.AddTypeDefaultingFunc(&core.Service{}, func(o any) { defaultService(&o.(*core.Service).Spec) })
	s.AddTypeDefaultingFunc(&apps.DaemonSet{}, func(o any) { defaultDaemonSet(&o.(*apps.DaemonSet).Spec) })
	s.AddTypeDefaultingFunc(&apps.StatefulSet{}, func(o any) { defaultStatefulSet(&o.(*apps.StatefulSet).Spec) })
	s.AddTypeDefaultingFunc(&networking.NetworkPolicy{}, func(o any) {
		defaultNetworkPolicy(&o.(*networking.NetworkPolicy).Spec)
	})
	s.AddTypeDefaultingFunc(&apps.Deployment{}, func(o any) { defaultPod(&o.(*apps.Deployment).Spec.Template.Spec) })
	s.AddTypeDefaultingFunc(&rbac.RoleBinding{}, func(o any) {
		binding := o.(*rbac.RoleBinding)
		defaultRole(&binding.RoleRef, binding.Subjects)
	})
	s.AddTypeDefaultingFunc(&rbac.ClusterRoleBinding{}, func(o any) {
		binding := o.(*rbac.ClusterRoleBinding)
		defaultRole(&binding.RoleRef, binding.Subjects)
	})
}

// defaultTo sets what is not set.
func defaultTo[T comparable](field *T, value T) {
	var none T
	if *field == none {
		*field = value
	}
}

func defaultPointer[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}

func defaultDaemonSet(spec *apps.DaemonSetSpec) {
	defaultPod(&spec.Template.Spec)
	defaultPointer(&spec.RevisionHistoryLimit, 10)
	defaultTo(&spec.UpdateStrategy.Type, apps.RollingUpdateDaemonSetStrategyType)
	if spec.UpdateStrategy.Type == apps.RollingUpdateDaemonSetStrategyType {
		defaultPointer(&spec.UpdateStrategy.RollingUpdate, apps.RollingUpdateDaemonSet{})
		defaultPointer(&spec.UpdateStrategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		defaultPointer(&spec.UpdateStrategy.RollingUpdate.MaxSurge, intstr.FromInt32(0))
	}
}

func defaultStatefulSet(spec *apps.StatefulSetSpec) {
	defaultPod(&spec.Template.Spec)
	defaultPointer(&spec.Replicas, 1)
	defaultPointer(&spec.RevisionHistoryLimit, 10)
	defaultTo(&spec.PodManagementPolicy, apps.OrderedReadyPodManagement)
	defaultTo(&spec.UpdateStrategy.Type, apps.RollingUpdateStatefulSetStrategyType)
	if spec.UpdateStrategy.Type == apps.RollingUpdateStatefulSetStrategyType {
		defaultPointer(&spec.UpdateStrategy.RollingUpdate, apps.RollingUpdateStatefulSetStrategy{})
		defaultPointer(&spec.UpdateStrategy.RollingUpdate.Partition, 0)
	}
	for i := range spec.VolumeClaimTemplates {
		claim := &spec.VolumeClaimTemplates[i]
		defaultTo(&claim.APIVersion, "v1")
		defaultTo(&claim.Kind, "PersistentVolumeClaim")
		defaultPointer(&claim.Spec.VolumeMode, core.PersistentVolumeFilesystem)
		defaultTo(&claim.Status.Phase, core.ClaimPending)
	}
}

func defaultNetworkPolicy(spec *networking.NetworkPolicySpec) {
	for _, rule := range spec.Ingress {
		defaultPolicyPorts(rule.Ports)
	}
	for _, rule := range spec.Egress {
		defaultPolicyPorts(rule.Ports)
	}
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []networking.PolicyType{networking.PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, networking.PolicyTypeEgress)
		}
	}
}

func defaultPolicyPorts(ports []networking.NetworkPolicyPort) {
	for i := range ports {
		defaultPointer(&ports[i].Protocol, core.ProtocolTCP)
	}
}

func defaultPod(spec *core.PodSpec) {
	defaultTo(&spec.RestartPolicy, core.RestartPolicyAlways)
	defaultTo(&spec.DNSPolicy, core.DNSClusterFirst)
	defaultTo(&spec.SchedulerName, core.DefaultSchedulerName)
	defaultPointer(&spec.TerminationGracePeriodSeconds, core.DefaultTerminationGracePeriodSeconds)
	defaultPointer(&spec.SecurityContext, core.PodSecurityContext{})
	defaultTo(&spec.DeprecatedServiceAccount, spec.ServiceAccountName)
	for _, containers := range [][]core.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			defaultContainer(&containers[i])
		}
	}
	for i := range spec.Volumes {
		if path := spec.Volumes[i].HostPath; path != nil {
			defaultPointer(&path.Type, core.HostPathUnset)
		}
	}
}

func defaultContainer(container *core.Container) {
	defaultTo(&container.TerminationMessagePath, core.TerminationMessagePathDefault)
	defaultTo(&container.TerminationMessagePolicy, core.TerminationMessageReadFile)
	defaultTo(&container.ImagePullPolicy, core.PullIfNotPresent)
	for i := range container.Ports {
		defaultTo(&container.Ports[i].Protocol, core.ProtocolTCP)
	}
	for i := range container.Env {
		if from := container.Env[i].ValueFrom; from != nil && from.FieldRef != nil {
			defaultTo(&from.FieldRef.APIVersion, "v1")
		}
	}
	for _, probe := range []*core.Probe{container.LivenessProbe, container.ReadinessProbe, container.StartupProbe} {
		if probe == nil {
			continue
		}
		defaultTo(&probe.TimeoutSeconds, 1)
		defaultTo(&probe.PeriodSeconds, 10)
		defaultTo(&probe.SuccessThreshold, 1)
		defaultTo(&probe.FailureThreshold, 3)
		if probe.HTTPGet != nil {
			defaultTo(&probe.HTTPGet.Path, "/")
			defaultTo(&probe.HTTPGet.Scheme, core.URISchemeHTTP)
		}
	}
}

func defaultService(spec *core.ServiceSpec) {
	defaultTo(&spec.Type, core.ServiceTypeClusterIP)
	defaultTo(&spec.SessionAffinity, core.ServiceAffinityNone)
	for i := range spec.Ports {
		port := &spec.Ports[i]
		defaultTo(&port.Protocol, core.ProtocolTCP)
		defaultTo(&port.TargetPort, intstr.FromInt32(port.Port))
	}
}

func defaultRole(role *rbac.RoleRef, subjects []rbac.Subject) {
	defaultTo(&role.APIGroup, rbac.GroupName)
	for i := range subjects {
		if subjects[i].Kind != rbac.ServiceAccountKind {
			defaultTo(&subjects[i].APIGroup, rbac.GroupName)
		}
	}
}
