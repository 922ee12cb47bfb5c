package main

import (
	"context"

	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
)

// selfReview answers what the one who asks may do.
type selfReview struct{ authorizer authorizer.Authorizer }

func (selfReview) New() runtime.Object     { return &authorization.SelfSubjectAccessReview{} }
func (selfReview) Destroy()                {}
func (selfReview) NamespaceScoped() bool   { return false }
func (selfReview) GetSingularName() string { return "selfsubjectaccessreview" }

func (r selfReview) Create(
	ctx context.Context, object runtime.Object, _ rest.ValidateObjectFunc, _ *metav1.CreateOptions,
) (runtime.Object, error) {
	review := object.(*authorization.SelfSubjectAccessReview)
	who, ok := request.UserFrom(ctx)
	if !ok {
		return nil, errors.NewBadRequest("the request has no user")
	}
	review.Status = answer(ctx, r.authorizer, who, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return review, nil
}

// subjectReview answers what somebody else may do.
type subjectReview struct{ authorizer authorizer.Authorizer }

func (subjectReview) New() runtime.Object     { return &authorization.SubjectAccessReview{} }
func (subjectReview) Destroy()                {}
func (subjectReview) NamespaceScoped() bool   { return false }
func (subjectReview) GetSingularName() string { return "subjectaccessreview" }

func (r subjectReview) Create(
	ctx context.Context, object runtime.Object, _ rest.ValidateObjectFunc, _ *metav1.CreateOptions,
) (runtime.Object, error) {
	review := object.(*authorization.SubjectAccessReview)
	who := &user.DefaultInfo{Name: review.Spec.User, Groups: review.Spec.Groups, UID: review.Spec.UID}
	review.Status = answer(ctx, r.authorizer, who, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return review, nil
}

func answer(
	ctx context.Context, a authorizer.Authorizer, who user.Info, resource *authorization.ResourceAttributes,
	path *authorization.NonResourceAttributes,
) authorization.SubjectAccessReviewStatus {
	record := authorizer.AttributesRecord{User: who}
	if resource != nil {
		record.ResourceRequest = true
		record.Verb, record.Namespace, record.Name = resource.Verb, resource.Namespace, resource.Name
		record.APIGroup, record.APIVersion = resource.Group, resource.Version
		record.Resource, record.Subresource = resource.Resource, resource.Subresource
	} else if path != nil {
		record.Verb, record.Path = path.Verb, path.Path
	}
	decision, reason, err := a.Authorize(ctx, record)
	status := authorization.SubjectAccessReviewStatus{Allowed: decision == authorizer.DecisionAllow, Reason: reason}
	if err != nil {
		status.EvaluationError = err.Error()
	}
	return status
}

// whoAmI answers who asks.
type whoAmI struct{}

func (whoAmI) New() runtime.Object     { return &authentication.SelfSubjectReview{} }
func (whoAmI) Destroy()                {}
func (whoAmI) NamespaceScoped() bool   { return false }
func (whoAmI) GetSingularName() string { return "selfsubjectreview" }

func (whoAmI) Create(
	ctx context.Context, object runtime.Object, _ rest.ValidateObjectFunc, _ *metav1.CreateOptions,
) (runtime.Object, error) {
	review := object.(*authentication.SelfSubjectReview)
	who, ok := request.UserFrom(ctx)
	if !ok {
		return nil, errors.NewBadRequest("the request has no user")
	}
	review.Status.UserInfo = authentication.UserInfo{
		Username: who.GetName(), UID: who.GetUID(), Groups: who.GetGroups(),
	}
	return review, nil
}
