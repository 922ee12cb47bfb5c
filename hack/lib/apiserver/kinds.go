package main

import (
	apps "k8s.io/api/apps/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	genericserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	flowcontrol "k8s.io/apiserver/pkg/util/flowcontrol/request"
)

// kind is a built-in kind that is served.
type kind struct {
	version    schema.GroupVersion
	plural     string
	singular   string
	short      []string
	object     runtime.Object
	list       runtime.Object
	namespaced bool
	// hasStatus is whether the status is a subresource, which plain writes leave alone.
	hasStatus bool
	// counts is whether the generation counts the changes of the specification.
	counts bool
	// keepsStatus is whether an object may come with a status when it is created.
	keepsStatus bool
	// createsByPut is whether a PUT of what is not there creates it.
	createsByPut bool
}

// eventSeconds is how long an Event is kept.
const eventSeconds = 3600

var builtins = []kind{
	{version: core.SchemeGroupVersion, plural: "namespaces", singular: "namespace", short: []string{"ns"},
		object: &core.Namespace{}, list: &core.NamespaceList{}, hasStatus: true},
	{version: core.SchemeGroupVersion, plural: "nodes", singular: "node", short: []string{"no"},
		object: &core.Node{}, list: &core.NodeList{}, hasStatus: true, keepsStatus: true},
	{version: core.SchemeGroupVersion, plural: "pods", singular: "pod", short: []string{"po"},
		object: &core.Pod{}, list: &core.PodList{}, namespaced: true, hasStatus: true, counts: true},
	{version: core.SchemeGroupVersion, plural: "events", singular: "event", short: []string{"ev"},
		object: &core.Event{}, list: &core.EventList{}, namespaced: true, createsByPut: true},
	{version: core.SchemeGroupVersion, plural: "services", singular: "service", short: []string{"svc"},
		object: &core.Service{}, list: &core.ServiceList{}, namespaced: true, hasStatus: true, createsByPut: true},
	{version: core.SchemeGroupVersion, plural: "serviceaccounts", singular: "serviceaccount", short: []string{"sa"},
		object: &core.ServiceAccount{}, list: &core.ServiceAccountList{}, namespaced: true},
	{version: core.SchemeGroupVersion, plural: "configmaps", singular: "configmap", short: []string{"cm"},
		object: &core.ConfigMap{}, list: &core.ConfigMapList{}, namespaced: true},
	{version: core.SchemeGroupVersion, plural: "secrets", singular: "secret",
		object: &core.Secret{}, list: &core.SecretList{}, namespaced: true},
	{version: core.SchemeGroupVersion, plural: "endpoints", singular: "endpoints", short: []string{"ep"},
		object: &core.Endpoints{}, list: &core.EndpointsList{}, namespaced: true, createsByPut: true},
	{version: apps.SchemeGroupVersion, plural: "daemonsets", singular: "daemonset", short: []string{"ds"},
		object: &apps.DaemonSet{}, list: &apps.DaemonSetList{}, namespaced: true, hasStatus: true, counts: true},
	{version: apps.SchemeGroupVersion, plural: "statefulsets", singular: "statefulset", short: []string{"sts"},
		object: &apps.StatefulSet{}, list: &apps.StatefulSetList{}, namespaced: true, hasStatus: true, counts: true},
	{version: apps.SchemeGroupVersion, plural: "deployments", singular: "deployment", short: []string{"deploy"},
		object: &apps.Deployment{}, list: &apps.DeploymentList{}, namespaced: true, hasStatus: true, counts: true},
	{version: apps.SchemeGroupVersion, plural: "controllerrevisions", singular: "controllerrevision",
		object: &apps.ControllerRevision{}, list: &apps.ControllerRevisionList{}, namespaced: true},
	{version: coordination.SchemeGroupVersion, plural: "leases", singular: "lease",
		object: &coordination.Lease{}, list: &coordination.LeaseList{}, namespaced: true, createsByPut: true},
	{version: discovery.SchemeGroupVersion, plural: "endpointslices", singular: "endpointslice",
		object: &discovery.EndpointSlice{}, list: &discovery.EndpointSliceList{}, namespaced: true},
	{version: networking.SchemeGroupVersion, plural: "networkpolicies", singular: "networkpolicy",
		short: []string{"netpol"}, object: &networking.NetworkPolicy{}, list: &networking.NetworkPolicyList{},
		namespaced: true, counts: true},
	{version: policy.SchemeGroupVersion, plural: "poddisruptionbudgets", singular: "poddisruptionbudget",
		short: []string{"pdb"}, object: &policy.PodDisruptionBudget{}, list: &policy.PodDisruptionBudgetList{},
		namespaced: true, hasStatus: true, counts: true},
	{version: rbac.SchemeGroupVersion, plural: "roles", singular: "role",
		object: &rbac.Role{}, list: &rbac.RoleList{}, namespaced: true, createsByPut: true},
	{version: rbac.SchemeGroupVersion, plural: "rolebindings", singular: "rolebinding",
		object: &rbac.RoleBinding{}, list: &rbac.RoleBindingList{}, namespaced: true, createsByPut: true},
	{version: rbac.SchemeGroupVersion, plural: "clusterroles", singular: "clusterrole",
		object: &rbac.ClusterRole{}, list: &rbac.ClusterRoleList{}, createsByPut: true},
	{version: rbac.SchemeGroupVersion, plural: "clusterrolebindings", singular: "clusterrolebinding",
		object: &rbac.ClusterRoleBinding{}, list: &rbac.ClusterRoleBindingList{}, createsByPut: true},
}

// builtin is the storage of a kind, with the names that discovery gives it.
type builtin struct {
	*registry.Store
	kind kind
}

func (b builtin) ShortNames() []string    { return b.kind.short }
func (b builtin) GetSingularName() string { return b.kind.singular }

func newBuiltin(k kind, getter generic.RESTOptionsGetter) (builtin, error) {
	resource := schema.GroupResource{Group: k.version.Group, Resource: k.plural}
	s := newStrategy(k)
	store := &registry.Store{
		NewFunc:                   k.object.DeepCopyObject,
		NewListFunc:               k.list.DeepCopyObject,
		PredicateFunc:             predicate,
		DefaultQualifiedResource:  resource,
		SingularQualifiedResource: schema.GroupResource{Group: k.version.Group, Resource: k.singular},
		CreateStrategy:            s,
		UpdateStrategy:            s,
		DeleteStrategy:            s,
		ResetFieldsStrategy:       s,
		TableConvertor:            rest.NewDefaultTableConvertor(resource),
	}
	switch k.plural {
	case "namespaces":
		store.ShouldDeleteDuringUpdate = isNamespaceEmptied
	case "events":
		store.TTLFunc = func(runtime.Object, uint64, bool) (uint64, error) { return eventSeconds, nil }
	}
	err := store.CompleteWithOptions(&generic.StoreOptions{RESTOptions: getter, AttrFunc: attributes})
	return builtin{store, k}, err
}

// install serves the built-in kinds and the requests that are no objects.
func (s *settings) install(
	server *genericserver.GenericAPIServer, tracker flowcontrol.StorageObjectCountTracker,
) error {
	groups := map[string]map[string]rest.Storage{}
	for _, k := range builtins {
		if groups[k.version.Group] == nil {
			groups[k.version.Group] = map[string]rest.Storage{}
		}
		b, err := newBuiltin(k, s.getter(k.version, tracker))
		if err != nil {
			return err
		}
		for name, storage := range b.storages(&s.access) {
			groups[k.version.Group][name] = storage
		}
		if k.plural == "events" {
			groups[events.GroupName] = map[string]rest.Storage{k.plural: b}
		}
	}
	for group, storages := range s.access.reviews() {
		groups[group] = storages
	}
	return installGroups(server, groups)
}

func installGroups(server *genericserver.GenericAPIServer, groups map[string]map[string]rest.Storage) error {
	var infos []*genericserver.APIGroupInfo
	for group, storages := range groups {
		info := genericserver.NewDefaultAPIGroupInfo(group, scheme, runtime.NewParameterCodec(scheme), codecs)
		info.VersionedResourcesStorageMap["v1"] = storages
		if group != core.GroupName {
			infos = append(infos, &info)
		} else if err := server.InstallLegacyAPIGroup(genericserver.DefaultLegacyAPIPrefix, &info); err != nil {
			return err
		}
	}
	return server.InstallAPIGroups(infos...)
}

// getter gives the storage of kinds of one version, as the flags for etcd say.
func (s *settings) getter(
	version schema.GroupVersion, tracker flowcontrol.StorageObjectCountTracker,
) generic.RESTOptionsGetter {
	backend := s.etcd.StorageConfig
	backend.Codec = codecs.LegacyCodec(version)
	backend.StorageObjectCountTracker = tracker
	return s.etcd.CreateRESTOptionsGetter(&options.SimpleStorageFactory{StorageConfig: backend}, nil)
}
