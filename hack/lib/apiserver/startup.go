package main

import (
	"context"
	"time"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crds "k8s.io/apiextensions-apiserver/pkg/client/informers/externalversions/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/user"
	discoveryendpoint "k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	genericserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// listGroups lists at /apis the groups of the CRDs beside the built-in ones. A kube-apiserver's aggregator does that
// there, and the CRD server alone has no such list.
func listGroups(server *genericserver.GenericAPIServer, definitions crds.CustomResourceDefinitionInformer) {
	handler := discoveryendpoint.WrapAggregatedDiscoveryToHandler(
		server.DiscoveryGroupManager, server.AggregatedDiscoveryGroupManager, server.PeerAggregatedDiscoveryManager,
	)
	server.Handler.GoRestfulContainer.Add(handler.GenerateWebService("/apis", metav1.APIGroupList{}))
	update := func(any) {
		groups := map[string][]string{}
		for _, object := range definitions.Informer().GetStore().List() {
			definition := object.(*apiextensions.CustomResourceDefinition)
			for _, version := range definition.Spec.Versions {
				if version.Served {
					groups[definition.Spec.Group] = append(groups[definition.Spec.Group], version.Name)
				}
			}
		}
		for name, versions := range groups {
			server.DiscoveryGroupManager.AddGroup(served(name, versions))
		}
	}
	_, err := definitions.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: update, UpdateFunc: func(_, new any) { update(new) },
		DeleteFunc: func(object any) {
			if definition, ok := object.(*apiextensions.CustomResourceDefinition); ok {
				server.DiscoveryGroupManager.RemoveGroup(definition.Spec.Group)
			}
			update(object)
		},
	})
	must(err)
}

// served is what discovery says of a group; the first version is preferred.
func served(name string, versions []string) metav1.APIGroup {
	g := metav1.APIGroup{Name: name}
	seen := map[string]bool{}
	for _, version := range versions {
		if !seen[version] {
			entry := metav1.GroupVersionForDiscovery{GroupVersion: name + "/" + version, Version: version}
			g.Versions = append(g.Versions, entry)
			seen[version] = true
		}
	}
	g.PreferredVersion = g.Versions[0]
	return g
}

// firstObjects creates the namespaces and the roles that every cluster has, as far as anything here rests on them.
func firstObjects(client kubernetes.Interface) genericserver.PostStartHookFunc {
	return func(hook genericserver.PostStartHookContext) error {
		return wait.PollUntilContextCancel(hook, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			return createFirst(ctx, client) == nil, nil
		})
	}
}

func createFirst(ctx context.Context, client kubernetes.Interface) error {
	options := metav1.CreateOptions{}
	for _, name := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
		namespace := &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		_, err := client.CoreV1().Namespaces().Create(ctx, namespace, options)
		if err != nil && !errors.IsAlreadyExists(err) {
			return err
		}
	}
	for name, first := range firstRoles {
		role := &rbac.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: first.rules}
		_, err := client.RbacV1().ClusterRoles().Create(ctx, role, options)
		if err != nil && !errors.IsAlreadyExists(err) {
			return err
		}
		binding := &rbac.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: name},
			Subjects:   []rbac.Subject{{APIGroup: rbac.GroupName, Kind: rbac.GroupKind, Name: first.group}},
		}
		_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, binding, options)
		if err != nil && !errors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

// firstRoles are those of https://kubernetes.io/docs/reference/access-authn-authz/rbac that give rights to everybody.
var firstRoles = map[string]struct {
	group string
	rules []rbac.PolicyRule
}{
	"cluster-admin": {user.SystemPrivilegedGroup, []rbac.PolicyRule{
		{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}},
		{NonResourceURLs: []string{"*"}, Verbs: []string{"*"}},
	}},
	"system:discovery": {user.AllAuthenticated, []rbac.PolicyRule{{
		NonResourceURLs: []string{
			"/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version", "/version/",
			"/healthz", "/livez", "/readyz",
		},
		Verbs: []string{"get"},
	}}},
	"system:basic-user": {user.AllAuthenticated, []rbac.PolicyRule{
		{
			APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"selfsubjectaccessreviews"},
			Verbs: []string{"create"},
		},
		{
			APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"selfsubjectreviews"},
			Verbs: []string{"create"},
		},
	}},
}
