package main

import (
	"fmt"

	"github.com/spf13/pflag"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/request/union"
	"k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	authorizerunion "k8s.io/apiserver/pkg/authorization/union"
	"k8s.io/apiserver/pkg/registry/rest"
	genericserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/kubernetes"
)

// access says who asks, and what they may.
type access struct {
	clientCA, tokenFile, mode     string
	issuer, publicKey, signingKey string
	tokens                        *serviceTokens
	authorizer                    authorizer.Authorizer
}

func (a *access) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&a.clientCA, "client-ca-file", "", "CA whose certificates name clients")
	flags.StringVar(&a.tokenFile, "token-auth-file", "", "CSV file with a token, user, uid and groups a line")
	flags.StringVar(&a.mode, "authorization-mode", "RBAC", "RBAC, the only one there is")
	flags.StringVar(&a.issuer, "service-account-issuer", "", "who signs the tokens of service accounts")
	flags.StringVar(&a.publicKey, "service-account-key-file", "", "public RSA key of these tokens")
	flags.StringVar(&a.signingKey, "service-account-signing-key-file", "", "private RSA key of these tokens")
}

// apply sets who is let in and what each may do.
func (a *access) apply(config *genericserver.RecommendedConfig, client kubernetes.Interface) error {
	if a.mode != "RBAC" {
		return fmt.Errorf("--authorization-mode is %q; this server knows RBAC alone", a.mode)
	}
	factory := config.SharedInformerFactory
	var requests []authenticator.Request
	if a.clientCA != "" {
		ca, err := dynamiccertificates.NewDynamicCAContentFromFile("client-ca", a.clientCA)
		if err != nil {
			return err
		}
		if err := config.Authentication.ApplyClientCert(ca, config.SecureServing); err != nil {
			return err
		}
		requests = append(requests, x509.NewDynamic(ca.VerifyOptions, x509.CommonNameUserConversion))
	}
	if a.tokenFile != "" {
		tokens, err := tokenfile.NewCSV(a.tokenFile)
		if err != nil {
			return err
		}
		requests = append(requests, bearertoken.New(tokens))
	}
	if a.issuer != "" {
		tokens, err := newServiceTokens(a.issuer, a.publicKey, a.signingKey, client)
		if err != nil {
			return err
		}
		a.tokens = tokens
		requests = append(requests, bearertoken.New(tokens))
		config.Authentication.APIAudiences = authenticator.Audiences{a.issuer}
	}
	config.Authentication.Authenticator = union.NewFailOnError(
		group.NewAuthenticatedGroupAdder(union.New(requests...)),
		anonymous.NewAuthenticator([]apiserver.AnonymousAuthCondition{}),
	)
	a.authorizer = authorizerunion.New(
		authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup), newRBAC(factory.Rbac().V1()),
	)
	config.Authorization.Authorizer = a.authorizer
	return nil
}

// reviews are the questions whether somebody may do something, by group.
func (a *access) reviews() map[string]map[string]rest.Storage {
	return map[string]map[string]rest.Storage{
		authorizationv1.GroupName: {
			"selfsubjectaccessreviews": selfReview{a.authorizer},
			"subjectaccessreviews":     subjectReview{a.authorizer},
		},
		authenticationv1.GroupName: {"selfsubjectreviews": whoAmI{}},
	}
}
