package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/keyutil"
)

const tokenHeader = `{"alg":"RS256","typ":"JWT"}`

// claims are those of a service account's token.
type claims struct {
	Issuer     string          `json:"iss"`
	Subject    string          `json:"sub"`
	Audience   []string        `json:"aud"`
	Expires    int64           `json:"exp"`
	IssuedAt   int64           `json:"iat"`
	Kubernetes kubernetesClaim `json:"kubernetes.io"`
}

type kubernetesClaim struct {
	Namespace      string `json:"namespace"`
	ServiceAccount struct {
		Name string `json:"name"`
		UID  string `json:"uid"`
	} `json:"serviceaccount"`
}

// serviceTokens signs the tokens of service accounts and knows them again: JSON web tokens (RFC 7519) with RS256.
type serviceTokens struct {
	issuer  string
	public  *rsa.PublicKey
	private *rsa.PrivateKey
	client  kubernetes.Interface
}

func newServiceTokens(issuer, public, private string, client kubernetes.Interface) (*serviceTokens, error) {
	keys, err := keyutil.PublicKeysFromFile(public)
	if err != nil {
		return nil, err
	}
	key, err := keyutil.PrivateKeyFromFile(private)
	if err != nil {
		return nil, err
	}
	publicKey, isPublic := keys[0].(*rsa.PublicKey)
	privateKey, isPrivate := key.(*rsa.PrivateKey)
	if !isPublic || !isPrivate {
		return nil, fmt.Errorf("%s and %s must hold RSA keys", public, private)
	}
	return &serviceTokens{issuer, publicKey, privateKey, client}, nil
}

func (t *serviceTokens) sign(c claims) (string, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	text := encoded([]byte(tokenHeader)) + "." + encoded(body)
	hash := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, t.private, crypto.SHA256, hash[:])
	return text + "." + encoded(signature), err
}

func encoded(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// AuthenticateToken knows a token that this server signed, while it holds and the account is there.
func (t *serviceTokens) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	c, ok := t.verified(token)
	if !ok || c.Issuer != t.issuer || !slices.Contains(c.Audience, t.issuer) {
		return nil, false, nil
	}
	if time.Now().Unix() >= c.Expires {
		return nil, false, fmt.Errorf("the token expired at %s", time.Unix(c.Expires, 0).UTC())
	}
	named := c.Kubernetes
	account, err := t.client.CoreV1().ServiceAccounts(named.Namespace).
		Get(ctx, named.ServiceAccount.Name, metav1.GetOptions{})
	if err != nil {
		return nil, false, err
	}
	if string(account.UID) != named.ServiceAccount.UID {
		return nil, false, fmt.Errorf("the token is of another service account of the name %s", account.Name)
	}
	info := serviceaccount.UserInfo(account.Namespace, account.Name, string(account.UID))
	return &authenticator.Response{User: info, Audiences: authenticator.Audiences{t.issuer}}, true, nil
}

func (t *serviceTokens) verified(token string) (claims, bool) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] != encoded([]byte(tokenHeader)) {
		return c, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return c, false
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(t.public, crypto.SHA256, hash[:], signature) != nil {
		return c, false
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	return c, err == nil && json.Unmarshal(body, &c) == nil
}

// tokenRequests gives a service account's token to who may create one.
type tokenRequests struct {
	accounts *registry.Store
	tokens   *serviceTokens
}

func (tokenRequests) New() runtime.Object { return &authentication.TokenRequest{} }
func (tokenRequests) Destroy()            {}

// GroupVersionKind is of another group than the service accounts.
func (tokenRequests) GroupVersionKind(schema.GroupVersion) schema.GroupVersionKind {
	return authentication.SchemeGroupVersion.WithKind("TokenRequest")
}

func (r tokenRequests) Create(
	ctx context.Context, name string, object runtime.Object, validate rest.ValidateObjectFunc,
	_ *metav1.CreateOptions,
) (runtime.Object, error) {
	if err := validate(ctx, object); err != nil {
		return nil, err
	}
	found, err := r.accounts.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	account, request := found.(*core.ServiceAccount), object.(*authentication.TokenRequest)
	if len(request.Spec.Audiences) == 0 {
		request.Spec.Audiences = []string{r.tokens.issuer}
	}
	defaultPointer(&request.Spec.ExpirationSeconds, 3600)
	now := time.Now()
	expires := now.Add(time.Duration(*request.Spec.ExpirationSeconds) * time.Second)
	c := claims{
		Issuer: r.tokens.issuer, Audience: request.Spec.Audiences, IssuedAt: now.Unix(), Expires: expires.Unix(),
		Subject: serviceaccount.MakeUsername(account.Namespace, account.Name),
	}
	c.Kubernetes.Namespace = account.Namespace
	c.Kubernetes.ServiceAccount.Name, c.Kubernetes.ServiceAccount.UID = account.Name, string(account.UID)
	token, err := r.tokens.sign(c)
	request.Status = authentication.TokenRequestStatus{Token: token, ExpirationTimestamp: metav1.NewTime(expires)}
	return request, err
}
