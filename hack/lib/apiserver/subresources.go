package main

import (
	"context"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	storageerr "k8s.io/apiserver/pkg/storage/errors"
	"k8s.io/apiserver/pkg/util/dryrun"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// storages are the storage of the kind and those of its subresources, by their names in paths.
func (b builtin) storages(a *access) map[string]rest.Storage {
	all := map[string]rest.Storage{b.kind.plural: b}
	if b.kind.hasStatus {
		all[b.kind.plural+"/status"] = b.subresource("Spec")
	}
	switch b.kind.plural {
	case "namespaces":
		all["namespaces"] = namespaces{b}
		all["namespaces/finalize"] = b.subresource("Status", "ObjectMeta")
	case "pods":
		all["pods/binding"] = binding{b.Store}
	case "serviceaccounts":
		if a.tokens != nil {
			all["serviceaccounts/token"] = tokenRequests{b.Store, a.tokens}
		}
	}
	return all
}

// subresource writes a part of the object and leaves the other parts alone.
func (b builtin) subresource(kept ...string) partREST {
	store := *b.Store
	s := newStrategy(b.kind).keeping(kept...)
	store.CreateStrategy, store.DeleteStrategy = nil, nil
	store.UpdateStrategy, store.ResetFieldsStrategy = s, s
	return partREST{&store}
}

type partREST struct{ store *registry.Store }

func (p partREST) New() runtime.Object { return p.store.New() }
func (p partREST) Destroy()            {}

func (p partREST) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	return p.store.Get(ctx, name, options)
}

func (p partREST) Update(
	ctx context.Context, name string, info rest.UpdatedObjectInfo, onCreate rest.ValidateObjectFunc,
	onUpdate rest.ValidateObjectUpdateFunc, _ bool, options *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	return p.store.Update(ctx, name, info, onCreate, onUpdate, false, options)
}

func (p partREST) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return p.store.GetResetFields()
}

// namespaces are deleted in two steps: first they say that they end, and they go when all finalizers are off.
type namespaces struct{ builtin }

func (n namespaces) Delete(
	ctx context.Context, name string, validate rest.ValidateObjectFunc, options *metav1.DeleteOptions,
) (runtime.Object, bool, error) {
	found, err := n.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, false, err
	}
	namespace := found.(*core.Namespace)
	if len(namespace.Spec.Finalizers) == 0 {
		return n.builtin.Delete(ctx, name, validate, options)
	}
	if namespace.DeletionTimestamp != nil {
		return namespace, false, nil
	}
	key, err := n.KeyFunc(ctx, name)
	if err != nil {
		return nil, false, err
	}
	preconditions := storage.Preconditions{UID: &namespace.UID}
	if options != nil && options.Preconditions != nil && options.Preconditions.UID != nil {
		preconditions.UID = options.Preconditions.UID
	}
	ending := &core.Namespace{}
	err = n.Storage.GuaranteedUpdate(ctx, key, ending, false, &preconditions,
		storage.SimpleUpdate(func(stored runtime.Object) (runtime.Object, error) {
			namespace := stored.(*core.Namespace)
			if err := validate(ctx, namespace); err != nil {
				return nil, err
			}
			if namespace.DeletionTimestamp == nil {
				now := metav1.Now()
				namespace.DeletionTimestamp = &now
			}
			namespace.Status.Phase = core.NamespaceTerminating
			return namespace, nil
		}), options != nil && dryrun.IsDryRun(options.DryRun), nil)
	if err != nil {
		return nil, false, storageerr.InterpretUpdateError(err, n.DefaultQualifiedResource, name)
	}
	return ending, false, nil
}

// binding puts a pod on a node, as a scheduler asks for.
type binding struct{ pods *registry.Store }

func (binding) New() runtime.Object { return &core.Binding{} }
func (binding) Destroy()            {}

func (b binding) Create(
	ctx context.Context, name string, object runtime.Object, validate rest.ValidateObjectFunc,
	options *metav1.CreateOptions,
) (runtime.Object, error) {
	if err := validate(ctx, object); err != nil {
		return nil, err
	}
	target := object.(*core.Binding).Target.Name
	key, err := b.pods.KeyFunc(ctx, name)
	if err != nil {
		return nil, err
	}
	err = b.pods.Storage.GuaranteedUpdate(ctx, key, &core.Pod{}, false, nil,
		storage.SimpleUpdate(func(stored runtime.Object) (runtime.Object, error) {
			pod := stored.(*core.Pod)
			if pod.DeletionTimestamp != nil || pod.Spec.NodeName != "" {
				return nil, errors.NewConflict(core.Resource("pods/binding"), name,
					errors.NewBadRequest("the pod is being deleted, or is on node "+pod.Spec.NodeName))
			}
			pod.Spec.NodeName = target
			pod.Status.Conditions = append(pod.Status.Conditions, core.PodCondition{
				Type: core.PodScheduled, Status: core.ConditionTrue, LastTransitionTime: metav1.Now(),
			})
			return pod, nil
		}), dryrun.IsDryRun(options.DryRun), nil)
	if err != nil {
		return nil, storageerr.InterpretUpdateError(err, core.Resource("pods/binding"), name)
	}
	return &metav1.Status{Status: metav1.StatusSuccess}, nil
}
