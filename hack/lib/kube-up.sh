#!/usr/bin/env bash
# Starts etcd, kube-apiserver and kube-controller-manager on loopback: kube-up.sh DIR, DIR absent or empty.
#
# Leaves them running and in DIR:
#   kubeconfig            a client certificate of group system:masters
#   kubeconfig-token      a static token of group system:masters
#   run-NAME              runs the program NAME in the foreground with the same arguments, port and data, and writes
#                         NAME.pid: a test that killed the process starts it again with this
#   NAME.pid, NAME.log    of etcd, kube-apiserver and kube-controller-manager
#   audit.log             a line of JSON for each request that was answered, where KUBE_AUDIT is set
# kube-down.sh DIR stops them. Nothing here is for more than a test: etcd neither authenticates nor syncs to disk.
set -euo pipefail

readonly deadline_seconds=60
readonly service_range=10.0.0.0/24
readonly service_address=10.0.0.1
readonly issuer=https://kubernetes.default.svc
# The controllers that the tests rely on: garbage collection, DaemonSets, namespaces and service accounts.
readonly controllers=garbagecollector,daemonset,namespace,serviceaccount,serviceaccount-token
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
dir=
started=

note() { printf 'kube-up: %s\n' "$*" >&2; }

die() {
    note "$*"
    exit 1
}

# A start that failed leaves no process, and says why on stderr.
cleanup() {
    local status=$? log
    if ((status != 0)) && [[ -n $started ]]; then
        for log in "$dir"/*.log; do
            note "the end of $log:"
            tail -n 15 -- "$log" >&2
        done
        "$here/kube-down.sh" "$dir" || true
    fi
    exit "$status"
}

# Creates the state directory; it holds private keys.
make_directory() {
    umask 077
    mkdir -p -- "$1"
    dir=$(cd -- "$1" && pwd)
    if [[ -n $(ls -A -- "$dir") ]]; then
        die "the directory $dir is not empty: a cluster starts from an empty one"
    fi
    mkdir -- "$dir/pki" "$dir/etcd"
}

load_assets() {
    local line lines
    lines=$("$here/kube-assets.sh")
    while IFS= read -r line; do
        case $line in
            TEST_ASSET_KUBE_APISERVER=*) apiserver=${line#*=} ;;
            TEST_ASSET_KUBE_CONTROLLER_MANAGER=*) manager=${line#*=} ;;
            TEST_ASSET_ETCD=*) etcd=${line#*=} ;;
        esac
    done <<<"$lines"
}

# quiet COMMAND...: shows what the command says only if it fails; openssl reports progress on stderr.
quiet() {
    local said
    said=$("$@" 2>&1) || die "$1 ${2-} failed: $said"
}

new_key() { quiet openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/pki/$1.key"; }

# certificate NAME SUBJECT EXTENSION...: a key and a certificate that the cluster's CA signed.
certificate() {
    local name=$1 subject=$2 extension
    shift 2
    new_key "$name"
    for extension in "$@" "keyUsage=critical,digitalSignature" "basicConstraints=critical,CA:FALSE" \
        "subjectKeyIdentifier=hash" "authorityKeyIdentifier=keyid"; do
        printf '%s\n' "$extension"
    done >"$dir/pki/$name.ext"
    quiet openssl req -new -key "$dir/pki/$name.key" -subj "$subject" -out "$dir/pki/$name.csr"
    quiet openssl x509 -req -in "$dir/pki/$name.csr" -CA "$dir/pki/ca.crt" -CAkey "$dir/pki/ca.key" \
        -set_serial "0x$(openssl rand -hex 8)" -days 30 -extfile "$dir/pki/$name.ext" -out "$dir/pki/$name.crt"
    rm -- "$dir/pki/$name.ext" "$dir/pki/$name.csr"
}

make_credentials() {
    local names="DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
    new_key ca
    quiet openssl req -x509 -new -key "$dir/pki/ca.key" -subj /CN=test-ca -days 30 -out "$dir/pki/ca.crt" \
        -addext "keyUsage=critical,keyCertSign,cRLSign"
    certificate server /CN=kube-apiserver extendedKeyUsage=serverAuth \
        "subjectAltName=$names,IP:127.0.0.1,IP:::1,IP:$service_address"
    certificate admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
    # Signs the service accounts' tokens.
    quiet openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$dir/pki/sa.key"
    quiet openssl pkey -in "$dir/pki/sa.key" -pubout -out "$dir/pki/sa.pub"
    token=$(openssl rand -hex 16)
    printf '%s,token-admin,token-admin,"system:masters"\n' "$token" >"$dir/pki/tokens.csv"
}

data() { base64 <"$dir/pki/$1" | tr -d '\n'; }

# kubeconfig FILE USER-LINE...: the lines are the fields of the user.
kubeconfig() {
    local file=$1
    shift
    {
        printf 'apiVersion: v1\nkind: Config\ncurrent-context: test\n'
        printf 'clusters:\n- name: test\n  cluster:\n'
        printf '    server: https://127.0.0.1:%s\n' "$port"
        printf '    certificate-authority-data: %s\n' "$(data ca.crt)"
        printf 'contexts:\n- name: test\n  context:\n    cluster: test\n    user: admin\n'
        printf 'users:\n- name: admin\n  user:\n'
        printf '    %s\n' "$@"
    } >"$dir/$file"
}

# A port below the ephemeral range, so that no outgoing connection or listener on port 0 can take it meanwhile.
free_port() {
    local candidate tries
    for ((tries = 0; tries < 100; tries++)); do
        candidate=$((20000 + (RANDOM * 32768 + RANDOM) % 10000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    die "found no free port between 20000 and 29999 on 127.0.0.1"
}

# runner NAME PROGRAM ARGUMENT...: writes the script run-NAME.
runner() {
    local name=$1
    shift
    {
        printf '#!/usr/bin/env bash\nset -euo pipefail\n'
        printf 'printf "%%s\\n" "$$" >%q\nmv -- %q %q\n' "$dir/$name.pid.new" "$dir/$name.pid.new" "$dir/$name.pid"
        printf 'exec %q' "$1"
        printf ' \\\n    %q' "${@:2}"
        printf '\n'
    } >"$dir/run-$name"
    chmod 0700 -- "$dir/run-$name"
}

write_etcd() {
    local url="http://127.0.0.1:$etcd_port" extra=()
    # Older releases do not know the flag.
    if "$etcd" --help 2>&1 | grep -e --unsafe-no-fsync >/dev/null; then extra=(--unsafe-no-fsync); fi
    runner etcd "$etcd" --name=test "--data-dir=$dir/etcd" "--listen-client-urls=$url" "--advertise-client-urls=$url" \
        --listen-peer-urls=http://127.0.0.1:0 "${extra[@]}"
}

# known_flags PROGRAM FLAG...: sets "known" to those of the flags that the program knows. Releases have dropped some,
# and --help does not show each that a release still takes.
known_flags() {
    local program=$1 flag
    shift
    known=()
    for flag in "$@"; do
        if "$program" "$flag" --version >/dev/null 2>&1; then known+=("$flag"); fi
    done
}

# Sets "audit" to the flags of a log of all requests, without their bodies, if one is wanted.
write_audit() {
    audit=()
    if [[ -z ${KUBE_AUDIT-} ]]; then return; fi
    printf '{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [%s]}\n' \
        '{"level": "Metadata"}' >"$dir/audit.json"
    audit=("--audit-policy-file=$dir/audit.json" "--audit-log-path=$dir/audit.log")
}

write_apiserver() {
    local known audit
    write_audit
    "$apiserver" --version >/dev/null || die "$apiserver --version fails: it does not run on this machine"
    # No endpoints of the service "kubernetes": a loopback address is not valid there.
    known_flags "$apiserver" --insecure-port=0 --advertise-address=127.0.0.1 --endpoint-reconciler-type=none \
        "--service-cluster-ip-range=$service_range" --allow-privileged=true \
        --disable-admission-plugins=ServiceAccount \
        --enable-admission-plugins=OwnerReferencesPermissionEnforcement --profiling=false
    runner kube-apiserver "$apiserver" --bind-address=127.0.0.1 "--secure-port=$port" \
        "--etcd-servers=http://127.0.0.1:$etcd_port" \
        "--cert-dir=$dir/pki" "--tls-cert-file=$dir/pki/server.crt" "--tls-private-key-file=$dir/pki/server.key" \
        "--client-ca-file=$dir/pki/ca.crt" "--token-auth-file=$dir/pki/tokens.csv" \
        --authorization-mode=RBAC "--service-account-issuer=$issuer" \
        "--service-account-key-file=$dir/pki/sa.pub" "--service-account-signing-key-file=$dir/pki/sa.key" \
        "${known[@]}" "${audit[@]}"
}

write_manager() {
    local known
    "$manager" --version >/dev/null || die "$manager --version fails: it does not run on this machine"
    # --port was the insecure one.
    known_flags "$manager" --port=0 --profiling=false
    runner kube-controller-manager "$manager" "--kubeconfig=$dir/kubeconfig" "--controllers=$controllers" \
        "--service-account-private-key-file=$dir/pki/sa.key" "--root-ca-file=$dir/pki/ca.crt" \
        --leader-elect=false --secure-port=0 "${known[@]}"
}

# Starts NAME in a session of its own and with its log as the only output: who reads ours must see its end.
start() {
    local name=$1 pid
    setsid "$dir/run-$name" >>"$dir/$name.log" 2>&1 </dev/null 9>&- &
    pid=$!
    disown "$pid"
    started=yes
    until [[ -s $dir/$name.pid ]]; do
        kill -0 "$pid" 2>/dev/null || die "$name did not start"
        sleep 0.05
    done
}

ask() { # PATH: asks the apiserver as the administrator
    curl --noproxy '*' --silent --fail --output /dev/null --max-time 5 --cacert "$dir/pki/ca.crt" \
        --cert "$dir/pki/admin.crt" --key "$dir/pki/admin.key" "https://127.0.0.1:$port$1"
}

etcd_healthy() {
    curl --noproxy '*' --silent --fail --output /dev/null --max-time 5 "http://127.0.0.1:$etcd_port/health"
}

# wait_for WHAT NAME COMMAND...: until the command succeeds while NAME runs, or the deadline of the whole start is over.
wait_for() {
    local what=$1 name=$2 pid
    shift 2
    pid=$(<"$dir/$name.pid")
    until "$@"; do
        kill -0 "$pid" 2>/dev/null || die "$name ended before $what"
        ((SECONDS < deadline)) || die "$what: not within $deadline_seconds s"
        sleep 0.1
    done
    # Success of another process on the same port is none.
    kill -0 "$pid" 2>/dev/null || die "$name ended"
}

main() {
    (($# == 1)) || die "usage: kube-up.sh DIR"
    local command
    for command in openssl curl setsid flock; do
        type -P "$command" >/dev/null || die "the program $command is not on PATH"
    done
    make_directory "$1"
    load_assets
    make_credentials
    # One start at a time from the choice of the ports until they are taken.
    exec 9>"${TMPDIR:-/tmp}/kube-up-$UID.lock"
    flock --timeout 300 9 || die "another start holds the lock for more than 300 s"
    deadline=$((SECONDS + deadline_seconds))
    etcd_port=$(free_port)
    port=$(free_port)
    until [[ $port != "$etcd_port" ]]; do port=$(free_port); done
    kubeconfig kubeconfig "client-certificate-data: $(data admin.crt)" "client-key-data: $(data admin.key)"
    kubeconfig kubeconfig-token "token: $token"
    write_etcd
    write_apiserver
    write_manager
    start etcd
    wait_for "etcd is healthy" etcd etcd_healthy
    start kube-apiserver
    wait_for "/readyz says ok" kube-apiserver ask /readyz
    exec 9>&-
    start kube-controller-manager
    wait_for "the controllers run" kube-controller-manager ask /api/v1/namespaces/default/serviceaccounts/default
}

trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
main "$@"
