// An API server for tests: the newest Kubernetes API machinery with the built-in kinds that p2pmirror meets.
//
// Debian packages the libraries that a kube-apiserver is made of (generic registry, watch cache, storage, server-side
// apply, CRDs with CEL), and not the kube-apiserver itself. This program puts them together. It takes those flags of a
// kube-apiserver that kube-up.sh gives, stores in etcd, serves CRDs by the apiextensions server as it is, and beside
// them built-in kinds whose storage is the generic registry's. What is not here, because it stands in kube-apiserver's
// own source: validation of built-in kinds beyond their metadata, most defaults, columns of their tables, allocation of
// Services' addresses, aggregation of other servers, admission other than that of namespaces, priority and fairness.
//
// modern-assets.sh builds it.
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"
	apiserver "k8s.io/apiextensions-apiserver/pkg/apiserver"
	crdoptions "k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/version/verflag"
	netutils "k8s.io/utils/net"

	definitions "p2pmirror/openapi"
)

const etcdPrefix = "/registry"

type settings struct {
	run     *options.ServerRunOptions
	etcd    *options.EtcdOptions
	serving *options.SecureServingOptionsWithLoopback
	audit   *options.AuditOptions
	access  access
}

func main() {
	s := settings{
		run:     options.NewServerRunOptions(),
		etcd:    options.NewEtcdOptions(storageBackend()),
		serving: options.NewSecureServingOptions().WithLoopback(),
		audit:   options.NewAuditOptions(),
	}
	command := &cobra.Command{
		Use:          "apiserver",
		Short:        "Serves CRDs and built-in kinds for tests",
		SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return s.run.ComponentGlobalsRegistry.Set()
		},
		RunE: func(c *cobra.Command, _ []string) error {
			verflag.PrintAndExitIfRequested()
			return s.serve(c.Context())
		},
	}
	command.SetContext(genericserver.SetupSignalContext())
	s.run.AddUniversalFlags(command.Flags())
	s.etcd.AddFlags(command.Flags())
	s.serving.AddFlags(command.Flags())
	s.audit.AddFlags(command.Flags())
	s.access.addFlags(command.Flags())
	verflag.AddFlags(command.Flags())
	os.Exit(cli.Run(command))
}

func (s *settings) serve(ctx context.Context) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config.LoopbackClientConfig)
	if err != nil {
		return err
	}
	config.SharedInformerFactory = informers.NewSharedInformerFactory(client, 0)
	if err := s.access.apply(config, client); err != nil {
		return err
	}
	if err := admitByNamespace(config, client); err != nil {
		return err
	}
	servers, err := (&apiserver.Config{GenericConfig: config, ExtraConfig: s.crds(config)}).Complete().
		New(genericserver.NewEmptyDelegate())
	if err != nil {
		return err
	}
	server := servers.GenericAPIServer
	if err := s.install(server, config.StorageObjectCountTracker); err != nil {
		return err
	}
	listGroups(server, servers.Informers.Apiextensions().V1().CustomResourceDefinitions())
	if err := server.AddPostStartHook("first-objects", firstObjects(client)); err != nil {
		return err
	}
	return server.PrepareRun().RunWithContext(ctx)
}

// config is that of the one server which serves everything.
func (s *settings) config() (*genericserver.RecommendedConfig, error) {
	if err := s.run.Complete(); err != nil {
		return nil, err
	}
	if err := s.serving.MaybeDefaultWithSelfSignedCerts(
		"localhost", nil, []net.IP{netutils.ParseIPSloppy("127.0.0.1")},
	); err != nil {
		return nil, fmt.Errorf("no certificate to serve with: %w", err)
	}
	config := genericserver.NewRecommendedConfig(apiserver.Codecs)
	if err := s.run.ApplyTo(&config.Config); err != nil {
		return nil, err
	}
	if err := s.serving.ApplyToConfig(&config.Config); err != nil {
		return nil, err
	}
	if err := s.etcd.ApplyTo(&config.Config); err != nil {
		return nil, err
	}
	if err := s.audit.ApplyTo(&config.Config); err != nil {
		return nil, err
	}
	config.MergedResourceConfig = apiserver.DefaultAPIResourceConfigSource()
	config.EnableProfiling = false
	get := openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(definitions.GetOpenAPIDefinitions)
	namer := openapinamer.NewDefinitionNamer(apiserver.Scheme, clientscheme.Scheme)
	config.OpenAPIConfig = genericserver.DefaultOpenAPIConfig(get, namer)
	config.OpenAPIV3Config = genericserver.DefaultOpenAPIV3Config(get, namer)
	return config, nil
}

func (s *settings) crds(config *genericserver.RecommendedConfig) apiserver.ExtraConfig {
	return apiserver.ExtraConfig{
		CRDRESTOptionsGetter: crdoptions.NewCRDRESTOptionsGetter(
			*s.etcd, config.ResourceTransformers, config.StorageObjectCountTracker,
		),
		MasterCount: 1,
	}
}

// admitByNamespace refuses to create in a namespace that is not there or ends.
func admitByNamespace(config *genericserver.RecommendedConfig, client kubernetes.Interface) error {
	plugin, err := lifecycle.NewLifecycle(sets.New("default", "kube-system", "kube-public"))
	if err != nil {
		return err
	}
	plugin.SetExternalKubeInformerFactory(config.SharedInformerFactory)
	plugin.SetExternalKubeClientSet(client)
	config.AdmissionControl = plugin
	return plugin.ValidateInitialization()
}
