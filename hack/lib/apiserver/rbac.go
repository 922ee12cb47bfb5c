package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	informers "k8s.io/client-go/informers/rbac/v1"
	listers "k8s.io/client-go/listers/rbac/v1"
)

// roleAuthorizer allows what a rule of a bound role allows, as
// https://kubernetes.io/docs/reference/access-authn-authz/rbac says. It knows no aggregated roles, and does not hinder
// who writes roles from giving more than they have.
type roleAuthorizer struct {
	roles           listers.RoleLister
	bindings        listers.RoleBindingLister
	clusterRoles    listers.ClusterRoleLister
	clusterBindings listers.ClusterRoleBindingLister
}

func newRBAC(all informers.Interface) authorizer.Authorizer {
	return &roleAuthorizer{
		all.Roles().Lister(), all.RoleBindings().Lister(), all.ClusterRoles().Lister(), all.ClusterRoleBindings().Lister(),
	}
}

func (r *roleAuthorizer) Authorize(
	_ context.Context, attributes authorizer.Attributes,
) (authorizer.Decision, string, error) {
	clusterBindings, err := r.clusterBindings.List(labels.Everything())
	if err != nil {
		return authorizer.DecisionNoOpinion, "", err
	}
	for _, binding := range clusterBindings {
		if appliesTo(binding.Subjects, "", attributes.GetUser()) && r.allows(binding.RoleRef, "", attributes) {
			return authorizer.DecisionAllow, fmt.Sprintf("RBAC: ClusterRoleBinding %q", binding.Name), nil
		}
	}
	namespace := attributes.GetNamespace()
	if namespace == "" {
		return authorizer.DecisionNoOpinion, "", nil
	}
	bindings, err := r.bindings.RoleBindings(namespace).List(labels.Everything())
	if err != nil {
		return authorizer.DecisionNoOpinion, "", err
	}
	for _, binding := range bindings {
		if appliesTo(binding.Subjects, namespace, attributes.GetUser()) && r.allows(binding.RoleRef, namespace, attributes) {
			return authorizer.DecisionAllow, fmt.Sprintf("RBAC: RoleBinding %s/%s", namespace, binding.Name), nil
		}
	}
	return authorizer.DecisionNoOpinion, "", nil
}

// allows says whether a rule of the role does; a role that is not there allows nothing.
func (r *roleAuthorizer) allows(role rbac.RoleRef, namespace string, attributes authorizer.Attributes) bool {
	var rules []rbac.PolicyRule
	if role.Kind == "ClusterRole" {
		if found, err := r.clusterRoles.Get(role.Name); err == nil {
			rules = found.Rules
		}
	} else if found, err := r.roles.Roles(namespace).Get(role.Name); err == nil {
		rules = found.Rules
	}
	return slices.ContainsFunc(rules, func(rule rbac.PolicyRule) bool { return ruleAllows(rule, attributes) })
}

func appliesTo(subjects []rbac.Subject, namespace string, who user.Info) bool {
	return slices.ContainsFunc(subjects, func(subject rbac.Subject) bool {
		switch subject.Kind {
		case rbac.UserKind:
			return subject.Name == who.GetName()
		case rbac.GroupKind:
			return slices.Contains(who.GetGroups(), subject.Name)
		case rbac.ServiceAccountKind:
			home := subject.Namespace
			if home == "" {
				home = namespace
			}
			return home != "" && serviceaccount.MatchesUsername(home, subject.Name, who.GetName())
		}
		return false
	})
}

func ruleAllows(rule rbac.PolicyRule, a authorizer.Attributes) bool {
	if !has(rule.Verbs, a.GetVerb()) {
		return false
	}
	if !a.IsResourceRequest() {
		return slices.ContainsFunc(rule.NonResourceURLs, func(url string) bool {
			prefix, isPrefix := strings.CutSuffix(url, "*")
			return url == a.GetPath() || isPrefix && strings.HasPrefix(a.GetPath(), prefix)
		})
	}
	resource := a.GetResource()
	if a.GetSubresource() != "" {
		resource += "/" + a.GetSubresource()
	}
	isResource := has(rule.Resources, resource) ||
		a.GetSubresource() != "" && slices.Contains(rule.Resources, "*/"+a.GetSubresource())
	isName := len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, a.GetName())
	return isResource && isName && has(rule.APIGroups, a.GetAPIGroup())
}

func has(names []string, name string) bool {
	return slices.Contains(names, "*") || slices.Contains(names, name)
}
