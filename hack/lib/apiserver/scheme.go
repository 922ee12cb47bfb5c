package main

import (
	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiserver "k8s.io/apiextensions-apiserver/pkg/apiserver"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/storage/storagebackend"
)

// scheme has each type of the newest API twice: as its version and as the internal one. A kube-apiserver has internal
// types of its own; with one version of each kind no conversion is needed.
var (
	scheme = newScheme()
	codecs = serializer.NewCodecFactory(scheme)
)

var installers = map[schema.GroupVersion]func(*runtime.Scheme) error{
	core.SchemeGroupVersion:           core.AddToScheme,
	apps.SchemeGroupVersion:           apps.AddToScheme,
	authentication.SchemeGroupVersion: authentication.AddToScheme,
	authorization.SchemeGroupVersion:  authorization.AddToScheme,
	coordination.SchemeGroupVersion:   coordination.AddToScheme,
	discovery.SchemeGroupVersion:      discovery.AddToScheme,
	events.SchemeGroupVersion:         events.AddToScheme,
	networking.SchemeGroupVersion:     networking.AddToScheme,
	policy.SchemeGroupVersion:         policy.AddToScheme,
	rbac.SchemeGroupVersion:           rbac.AddToScheme,
}

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for version, install := range installers {
		must(install(s))
		must(s.SetVersionPriority(version))
	}
	for version := range installers {
		if version == events.SchemeGroupVersion {
			continue
		}
		internal := schema.GroupVersion{Group: version.Group, Version: runtime.APIVersionInternal}
		for name := range s.KnownTypes(version) {
			object, err := s.New(version.WithKind(name))
			must(err)
			if isUnversioned, _ := s.IsUnversioned(object); !isUnversioned && isObjectOrList(object) {
				s.AddKnownTypeWithName(internal.WithKind(name), object)
			}
		}
	}
	// Events have two names, and are stored under the older one.
	internalEvents := schema.GroupVersion{Group: events.GroupName, Version: runtime.APIVersionInternal}
	s.AddKnownTypes(internalEvents, &core.Event{}, &core.EventList{})
	must(addEventConversions(s))
	must(addFieldLabels(s))
	addDefaults(s)
	meta.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"})
	return s
}

func isObjectOrList(object runtime.Object) bool {
	_, isObject := object.(meta.ObjectMetaAccessor)
	_, isList := object.(meta.ListMetaAccessor)
	return isObject || isList
}

// storageBackend stores what the codec of the CRD server writes; each built-in kind has a codec of its own.
func storageBackend() *storagebackend.Config {
	return storagebackend.NewDefaultConfig(
		etcdPrefix, apiserver.Codecs.LegacyCodec(apiextensions.SchemeGroupVersion),
	)
}

// addEventConversions converts between the two views of an Event, as kube-apiserver's pkg/apis/events/v1 does.
func addEventConversions(s *runtime.Scheme) error {
	toCore := func(in *events.Event, out *core.Event) {
		*out = core.Event{
			ObjectMeta: in.ObjectMeta, InvolvedObject: in.Regarding, Related: in.Related,
			Reason: in.Reason, Message: in.Note, Type: in.Type, Action: in.Action, EventTime: in.EventTime,
			ReportingController: in.ReportingController, ReportingInstance: in.ReportingInstance,
			Source: in.DeprecatedSource, FirstTimestamp: in.DeprecatedFirstTimestamp,
			LastTimestamp: in.DeprecatedLastTimestamp, Count: in.DeprecatedCount,
		}
		if in.Series != nil {
			out.Series = &core.EventSeries{Count: in.Series.Count, LastObservedTime: in.Series.LastObservedTime}
		}
	}
	fromCore := func(in *core.Event, out *events.Event) {
		*out = events.Event{
			ObjectMeta: in.ObjectMeta, Regarding: in.InvolvedObject, Related: in.Related,
			Reason: in.Reason, Note: in.Message, Type: in.Type, Action: in.Action, EventTime: in.EventTime,
			ReportingController: in.ReportingController, ReportingInstance: in.ReportingInstance,
			DeprecatedSource: in.Source, DeprecatedFirstTimestamp: in.FirstTimestamp,
			DeprecatedLastTimestamp: in.LastTimestamp, DeprecatedCount: in.Count,
		}
		if in.Series != nil {
			out.Series = &events.EventSeries{Count: in.Series.Count, LastObservedTime: in.Series.LastObservedTime}
		}
	}
	add := func(from, to runtime.Object, convert func(from, to any)) error {
		return s.AddConversionFunc(from, to, func(a, b any, _ conversion.Scope) error {
			convert(a, b)
			return nil
		})
	}
	err := add(&events.Event{}, &core.Event{}, func(a, b any) { toCore(a.(*events.Event), b.(*core.Event)) })
	if err != nil {
		return err
	}
	err = add(&core.Event{}, &events.Event{}, func(a, b any) { fromCore(a.(*core.Event), b.(*events.Event)) })
	if err != nil {
		return err
	}
	return add(&core.EventList{}, &events.EventList{}, func(a, b any) {
		from, to := a.(*core.EventList), b.(*events.EventList)
		to.ListMeta, to.Items = from.ListMeta, make([]events.Event, len(from.Items))
		for i := range from.Items {
			fromCore(&from.Items[i], &to.Items[i])
		}
	})
}

// addFieldLabels names the fields by which objects can be selected beside name and namespace.
func addFieldLabels(s *runtime.Scheme) error {
	known := map[schema.GroupVersionKind][]string{
		core.SchemeGroupVersion.WithKind("Pod"): {
			"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
		},
		core.SchemeGroupVersion.WithKind("Node"):      {"spec.unschedulable"},
		core.SchemeGroupVersion.WithKind("Namespace"): {"status.phase"},
		core.SchemeGroupVersion.WithKind("Secret"):    {"type"},
		core.SchemeGroupVersion.WithKind("Event"): {
			"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
			"involvedObject.apiVersion", "reason", "reportingComponent", "source", "type",
		},
	}
	for kind, labels := range known {
		names := map[string]string{}
		for _, label := range labels {
			names[label] = label
		}
		if err := addLabels(s, kind, names); err != nil {
			return err
		}
	}
	return addLabels(s, events.SchemeGroupVersion.WithKind("Event"), map[string]string{
		"regarding.kind": "involvedObject.kind", "regarding.namespace": "involvedObject.namespace",
		"regarding.name": "involvedObject.name", "regarding.uid": "involvedObject.uid",
		"regarding.apiVersion": "involvedObject.apiVersion", "reason": "reason",
		"reportingController": "reportingComponent", "type": "type",
	})
}

func addLabels(s *runtime.Scheme, kind schema.GroupVersionKind, names map[string]string) error {
	return s.AddFieldLabelConversionFunc(kind, func(label, value string) (string, string, error) {
		if name, ok := names[label]; ok {
			return name, value, nil
		}
		return runtime.DefaultMetaV1FieldSelectorConversion(label, value)
	})
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
