package main

import (
	"context"
	"reflect"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/names"
)

// strategy is what distinguishes the writes of one kind: of whole objects, or of a subresource alone.
type strategy struct {
	runtime.ObjectTyper
	names.NameGenerator
	kind kind
	// kept are the parts of the stored object that a write leaves alone.
	kept []string
}

func newStrategy(k kind) strategy {
	s := strategy{scheme, names.SimpleNameGenerator, k, nil}
	if k.hasStatus {
		s.kept = []string{"Status"}
	}
	return s
}

// keeping is the strategy of a subresource, beside the parts of the object that it leaves alone.
func (s strategy) keeping(parts ...string) strategy {
	s.kept = parts
	return s
}

func part(object runtime.Object, name string) reflect.Value {
	return reflect.ValueOf(object).Elem().FieldByName(name)
}

func (s strategy) NamespaceScoped() bool          { return s.kind.namespaced }
func (s strategy) AllowCreateOnUpdate() bool      { return s.kind.createsByPut }
func (s strategy) AllowUnconditionalUpdate() bool { return true }
func (s strategy) Canonicalize(runtime.Object)    {}

func (s strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	if s.kind.hasStatus && !s.kind.keepsStatus {
		part(object, "Status").SetZero()
	}
	if metadata, err := meta.Accessor(object); err == nil && s.kind.counts {
		metadata.SetGeneration(1)
	}
	switch o := object.(type) {
	case *core.Namespace:
		o.Status.Phase = core.NamespaceActive
		o.Spec.Finalizers = []core.FinalizerName{core.FinalizerKubernetes}
		if o.Labels == nil {
			o.Labels = map[string]string{}
		}
		o.Labels[core.LabelMetadataName] = o.Name
	case *core.Pod:
		o.Status.Phase = core.PodPending
	}
}

func (s strategy) PrepareForUpdate(_ context.Context, object, old runtime.Object) {
	for _, name := range s.kept {
		part(object, name).Set(part(old, name))
	}
	if namespace, ok := object.(*core.Namespace); ok && s.keeps("Status") && !s.keeps("ObjectMeta") {
		namespace.Spec.Finalizers = old.(*core.Namespace).Spec.Finalizers
	}
	if !s.kind.counts {
		return
	}
	metadata, err := meta.Accessor(object)
	before, errBefore := meta.Accessor(old)
	if err == nil && errBefore == nil {
		metadata.SetGeneration(before.GetGeneration())
		if !equality.Semantic.DeepEqual(part(object, "Spec").Interface(), part(old, "Spec").Interface()) {
			metadata.SetGeneration(before.GetGeneration() + 1)
		}
	}
}

func (s strategy) keeps(name string) bool {
	for _, kept := range s.kept {
		if kept == name {
			return true
		}
	}
	return false
}

// Validate leaves all but the metadata, which the registry looks at, to a real kube-apiserver.
func (s strategy) Validate(context.Context, runtime.Object) field.ErrorList { return nil }
func (s strategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}
func (s strategy) WarningsOnCreate(context.Context, runtime.Object) []string { return nil }
func (s strategy) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}

// GetResetFields names what a writer cannot own by this way of writing.
func (s strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	set := fieldpath.NewSet()
	for name, path := range map[string]string{"Status": "status", "Spec": "spec"} {
		if s.keeps(name) {
			set.Insert(fieldpath.MakePathOrDie(path))
		}
	}
	return map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(s.kind.version.String()): set}
}

// CheckGracefulDelete gives a pod on a node the time that it asks for; a kubelet takes it away.
func (s strategy) CheckGracefulDelete(_ context.Context, object runtime.Object, options *metav1.DeleteOptions) bool {
	pod, ok := object.(*core.Pod)
	if !ok {
		return false
	}
	period := int64(30)
	if options.GracePeriodSeconds != nil {
		period = *options.GracePeriodSeconds
	} else if pod.Spec.TerminationGracePeriodSeconds != nil {
		period = *pod.Spec.TerminationGracePeriodSeconds
	}
	hasEnded := pod.Status.Phase == core.PodFailed || pod.Status.Phase == core.PodSucceeded
	if pod.Spec.NodeName == "" || hasEnded {
		period = 0
	}
	options.GracePeriodSeconds = &period
	return true
}

// isNamespaceEmptied says whether a write takes the last finalizer from a namespace that is to go.
func isNamespaceEmptied(ctx context.Context, key string, object, old runtime.Object) bool {
	return len(object.(*core.Namespace).Spec.Finalizers) == 0 &&
		registry.ShouldDeleteDuringUpdate(ctx, key, object, old)
}

func predicate(label labels.Selector, field fields.Selector) storage.SelectionPredicate {
	return storage.SelectionPredicate{Label: label, Field: field, GetAttrs: attributes}
}

// attributes are what objects can be selected by.
func attributes(object runtime.Object) (labels.Set, fields.Set, error) {
	metadata, err := meta.Accessor(object)
	if err != nil {
		return nil, nil, err
	}
	set := fields.Set{"metadata.name": metadata.GetName()}
	if metadata.GetNamespace() != "" {
		set["metadata.namespace"] = metadata.GetNamespace()
	}
	switch o := object.(type) {
	case *core.Pod:
		set["spec.nodeName"] = o.Spec.NodeName
		set["spec.restartPolicy"] = string(o.Spec.RestartPolicy)
		set["spec.schedulerName"] = o.Spec.SchedulerName
		set["spec.serviceAccountName"] = o.Spec.ServiceAccountName
		set["status.phase"] = string(o.Status.Phase)
	case *core.Node:
		set["spec.unschedulable"] = "false"
		if o.Spec.Unschedulable {
			set["spec.unschedulable"] = "true"
		}
	case *core.Namespace:
		set["status.phase"] = string(o.Status.Phase)
	case *core.Secret:
		set["type"] = string(o.Type)
	case *core.Event:
		addEventFields(set, o)
	}
	return metadata.GetLabels(), set, nil
}

func addEventFields(set fields.Set, event *core.Event) {
	set["involvedObject.kind"] = event.InvolvedObject.Kind
	set["involvedObject.namespace"] = event.InvolvedObject.Namespace
	set["involvedObject.name"] = event.InvolvedObject.Name
	set["involvedObject.uid"] = string(event.InvolvedObject.UID)
	set["involvedObject.apiVersion"] = event.InvolvedObject.APIVersion
	set["reason"] = event.Reason
	set["type"] = event.Type
	set["reportingComponent"] = event.ReportingController
	set["source"] = event.Source.Component
	if set["source"] == "" {
		set["source"] = event.ReportingController
	}
}
