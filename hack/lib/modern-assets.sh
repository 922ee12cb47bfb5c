#!/usr/bin/env bash
# Provides an API server of the newest Kubernetes machinery, an etcd and a kubectl of its time for the end-to-end tests.
#
# Prints on stdout only lines NAME=/path, for TEST_ASSET_KUBE_APISERVER, TEST_ASSET_ETCD and TEST_ASSET_KUBECTL;
# everything else goes to stderr. VERSIONS beside the server says what it was built from.
#
# Debian sid has the machinery as Go packages, and neither sid nor another release has the source of a whole newer
# kube-apiserver. The server is the program in hack/lib/apiserver on these packages. They are unpacked in a directory of
# this run alone, nothing of sid is installed; the results are cached under "${XDG_CACHE_HOME:-$HOME/.cache}/p2pmirror"
# by their versions, so only the first run needs a network and minutes.
#
# It is written for the releases below. Where sid has moved on it fails, and says so: then set them here to what sid
# has, run hack/e2e, and mend what the newer release refuses.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/assets.sh"

readonly machinery_release=0.36 # Kubernetes 1.36
readonly go_release=1.27
readonly etcd_release=3.5
readonly kubectl_release=1.36

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly machinery=(api apimachinery apiserver apiextensions-apiserver client-go component-base)
readonly wanted=(golang-k8s-apiextensions-apiserver-dev golang-k8s-apiserver-dev golang-k8s-api-dev
    golang-k8s-kube-openapi-dev golang-github-kubernetes-gengo-dev "golang-$go_release-go" etcd-server kubectl)
# Large, and no part of what is built: packages of tests and clients that others depend on.
readonly left_out=(golang-golang-x-tools golang-golang-x-image-dev golang-gonum-v1-gonum-dev golang-gonum-v1-plot-dev
    golang-google-api-dev golang-google-cloud-dev golang-mongodb-mongo-driver-dev golang-github-apache-arrow-go-dev
    golang-github-aws-aws-sdk-go-v2-dev golang-github-charmbracelet-bubbletea-dev golang-github-cloudflare-circl-dev
    golang-github-google-pprof-dev golang-github-jung-kurt-gofpdf-dev golang-github-klauspost-compress-dev
    golang-github-nats-io-nats-server-dev golang-github-nxadm-tail-dev golang-github-pierrec-lz4-dev
    golang-github-pjbgf-sha1cd-dev)
# Whose OpenAPI definitions the server has.
readonly api_groups=(core apps authentication authorization autoscaling coordination discovery events networking
    policy rbac)
readonly programs=(apiserver etcd kubectl)
readonly archive_keys=/usr/share/keyrings/debian-archive-keyring.gpg
arch=
sid=()

# Prints where this machine gets Debian's packages from.
debian_mirror() {
    local uri component label format
    # shellcheck disable=SC2016 # apt expands these, not the shell
    format='$(REPO_URI)|$(COMPONENT)|$(LABEL)'
    while IFS='|' read -r uri component label; do
        if [[ $component == main && $label == Debian ]]; then
            printf '%s\n' "$uri"
            return
        fi
    done < <(apt-get indextargets --format "$format" 'Created-By: Packages')
    return 1
}

# Sets sid: apt's options for sid alone, with sources, lists, state and cache of this run, and no package installed.
prepare_sid() {
    local apt="$work/apt" mirror
    mirror=$(debian_mirror) || {
        update_lists # only fetched lists tell which entries are Debian's own
        mirror=$(debian_mirror) || die "apt has no entry of Debian's main archive, from whose mirror sid could be read"
    }
    mkdir -p -- "$apt/parts" "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/state/status"
    {
        printf 'Types: deb\nURIs: %s\nSuites: sid\nComponents: main\n' "$mirror"
        if [[ -r $archive_keys ]]; then printf 'Signed-By: %s\n' "$archive_keys"; fi
    } >"$apt/parts/sid.sources"
    sid=(-q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$apt/parts" -o "Dir::State=$apt/state"
        -o "Dir::State::status=$apt/state/status" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root
        -o Acquire::Retries=3)
    step "apt-get update of Debian sid" apt-get "${sid[@]}" -o APT::Update::Error-Mode=any update
}

# The version that sid has of a package; nothing where it has none.
sid_version() { apt-cache "${sid[@]}" policy "$1" | sed -n 's/^  Candidate: \([^(].*\)/\1/p'; }

# require PACKAGE RELEASE VARIABLE: sid has the package in that release.
require() {
    local package=$1 release=$2 variable=$3 version upstream
    version=$(sid_version "$package")
    if [[ -z $version ]]; then
        die "Debian sid has no package $package (any more): see what took its place, and set $variable in $0"
    fi
    upstream=${version#*:}
    if [[ $upstream != "$release".* ]]; then
        die "Debian sid has $package $version, and $0 is written for $release: set $variable there to" \
            "$(cut -d. -f1,2 <<<"$upstream"), run hack/e2e, and mend what that release refuses"
    fi
}

check_releases() {
    local name lines
    lines=$(for name in "${machinery[@]}"; do sid_version "golang-k8s-$name-dev" | cut -d. -f1,2; done | sort -u)
    if (($(wc -l <<<"$lines") > 1)); then
        die "Debian sid is between two releases of golang-k8s-*-dev (${lines//$'\n'/ and }): wait until all have one," \
            "or take $cache_root from a machine that has built before"
    fi
    for name in "${machinery[@]}"; do require "golang-k8s-$name-dev" "$machinery_release" machinery_release; done
    require "golang-$go_release-go" "$go_release" go_release
    require etcd-server "$etcd_release" etcd_release
    require kubectl "$kubectl_release" kubectl_release
}

# Prints the packages that are unpacked: what apt would install, less what is no Go source.
closure() {
    apt-get "${sid[@]}" install --simulate --no-install-recommends "${wanted[@]}" |
        sed -n 's/^Inst \([^ ]*\).*/\1/p' | grep -E '^(golang-|etcd-server$|kubectl$)' |
        grep -vxF -f <(printf '%s\n' "${left_out[@]}")
}

fetch_packages() {
    local packages
    mapfile -t packages < <(closure)
    ((${#packages[@]} > ${#wanted[@]})) || return 1
    mkdir -p -- "$work/packages"
    cd -- "$work/packages" && apt-get "${sid[@]}" download "${packages[@]}"
}

unpack_packages() {
    mkdir -p -- "$work/root"
    # shellcheck disable=SC2016 # the inner shell expands these
    find "$work/packages" -name '*.deb' -print0 | xargs -0 -n 1 -P "$(nproc)" sh -c 'dpkg -x "$1" "$0"' "$work/root"
}

# in_gopath PROGRAM...: with sid's Go and sources, in an empty environment: neither another Go on PATH nor a Go setting
# of the caller may change the build. It is niced because it takes every core for minutes.
in_gopath() {
    local root="$work/root/usr"
    mkdir -p -- "$work/home"
    nice -n 5 env -i PATH="$root/lib/go-$go_release/bin:/usr/bin:/bin" LC_ALL=C.UTF-8 HOME="$work/home" \
        TMPDIR="$work/home" GOROOT="$root/lib/go-$go_release" GOPATH="$work/go:$root/share/gocode" GO111MODULE=off \
        GOTOOLCHAIN=local GOFLAGS=-trimpath CGO_ENABLED=0 "$@"
}

# The definitions are generated, as Kubernetes itself does it: the packages have only the types.
generate_openapi() {
    local groups=("${api_groups[@]/#/k8s.io/api/}") apis=k8s.io/apimachinery/pkg
    : >"$work/header"
    in_gopath go build -o "$work/openapi-gen" k8s.io/kube-openapi/cmd/openapi-gen &&
        in_gopath "$work/openapi-gen" --go-header-file "$work/header" --report-filename "$work/report" \
            --output-dir "$work/go/src/p2pmirror/openapi" --output-pkg p2pmirror/openapi "${groups[@]/%//v1}" \
            "$apis/api/resource" "$apis/util/intstr" "$apis/apis/meta/v1" "$apis/runtime" "$apis/version" \
            k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1
}

# build_server VERSION
build_server() {
    local version=$1 at=k8s.io/component-base/version settings
    settings="-s -w -X $at.gitVersion=v$version -X $at.gitMajor=${version%%.*}"
    settings+=" -X $at.gitMinor=$(cut -d. -f2 <<<"$version") -X $at.gitCommit=0 -X $at.gitTreeState=clean"
    in_gopath go build -ldflags "$settings" -o "$work/built/apiserver" p2pmirror/apiserver
}

# Notes down what the programs were built from, and prints the version of the machinery as Kubernetes counts it.
note_versions() {
    local name package
    for name in "${wanted[@]}"; do printf '%s %s\n' "$name" "$(sid_version "$name")"; done >"$work/built/VERSIONS"
    package=$(sid_version golang-k8s-apiserver-dev)
    printf '1%s\n' "$(sed 's/^0//; s/[-+~].*//' <<<"$package")"
}

# Runs what was built: on a machine that is older than sid that says more than a list of packages.
check_programs() {
    local said
    said=$("$work/built/apiserver" --version) || return 1
    if [[ $said != "Kubernetes v$1" ]]; then
        printf 'apiserver says "%s", not "Kubernetes v%s"\n' "$said" "$1"
        return 1
    fi
    "$work/built/etcd" --version && "$work/built/kubectl" version --client
}

# What the result depends on beside sid's versions.
recipe() {
    { cat -- "$here/apiserver"/*.go && printf '%s\n' "$machinery_release" "${wanted[@]}" "${api_groups[@]}"; } |
        sha256sum | cut -c 1-12
}

cached() {
    local program
    for program in "${programs[@]}"; do
        [[ -x $1/$program ]] || return 1
    done
}

# Prints the directory of the cached programs, if the cache has those of this recipe.
current_directory() {
    local from place
    { read -r from place <"$cache_root/modern-current-$arch"; } 2>/dev/null || return 1
    if [[ $from != "$(recipe)" ]] || ! cached "$cache_root/$place"; then return 1; fi
    printf '%s\n' "$cache_root/$place"
}

build_all() {
    local version place
    prepare_sid
    check_releases
    mkdir -p -- "$work/built" "$work/go/src/p2pmirror"
    version=$(note_versions)
    place="modern-$(sid_version golang-k8s-apiserver-dev)-$(recipe)-$arch"
    step "fetch the packages of Kubernetes $version from Debian sid" fetch_packages
    step "unpack them" unpack_packages
    cp -R -- "$here/apiserver" "$work/go/src/p2pmirror/apiserver"
    step "generate the OpenAPI definitions (a minute)" generate_openapi
    step "build the API server (minutes)" build_server "$version"
    step "copy etcd and kubectl" cp -- "$work/root/usr/bin/etcd" "$work/root/usr/bin/kubectl" "$work/built/"
    step "run what was built" check_programs "$version"
    step "move the programs into the cache" \
        publish "modern-current-$arch" "$(recipe) $place" "$work/built" "$cache_root/$place"
}

main() {
    local directory
    arch=$(dpkg --print-architecture)
    if ! directory=$(current_directory); then
        prepare_work
        # The run that held the lock may have built them.
        if ! directory=$(current_directory); then
            build_all
            directory=$(current_directory) || die "the cache under $cache_root was removed during the build"
        fi
    fi
    printf 'TEST_ASSET_KUBE_APISERVER=%s\n' "$directory/apiserver"
    printf 'TEST_ASSET_ETCD=%s\n' "$directory/etcd"
    printf 'TEST_ASSET_KUBECTL=%s\n' "$directory/kubectl"
}

trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
main "$@"
