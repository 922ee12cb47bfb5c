#!/usr/bin/env bash
# Provides a real etcd, kube-apiserver and kube-controller-manager for the end-to-end tests.
#
# Prints on stdout only lines NAME=/path, for TEST_ASSET_KUBE_APISERVER, TEST_ASSET_KUBE_CONTROLLER_MANAGER and
# TEST_ASSET_ETCD; everything else goes to stderr. A variable that is set to an executable is printed as it is.
#
# The two Kubernetes programs are built from Debian's source package, because its binary packages hold only kubectl;
# they are cached under "${XDG_CACHE_HOME:-$HOME/.cache}/p2pmirror", so only the first run needs a network and minutes.
source "$(dirname -- "${BASH_SOURCE[0]}")/assets.sh"

readonly kube_release=1.20.2
readonly kube_programs=(kube-apiserver kube-controller-manager)
readonly archive_keys=/usr/share/keyrings/debian-archive-keyring.gpg
arch=
apt_source=()

# Debian's package starts a service on the standard port and at every boot; the tests want only the program.
install_etcd() {
    local deny=/usr/sbin/policy-rc.d
    if [[ ! -e $deny ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$work/policy-rc.d"
        policy=$deny
        as_root install -m 0755 -- "$work/policy-rc.d" "$deny"
    fi
    install_packages etcd-server
    if [[ -n $policy ]]; then
        as_root rm -f -- "$policy"
        policy=
    fi
    if [[ -d /run/systemd/system ]]; then
        step "disable the etcd service" as_root systemctl disable --now etcd.service
    fi
}

etcd_path() {
    local PATH=$PATH:/usr/bin
    type -P etcd
}

# Writes the deb-src twin of every Debian entry that apt has, whichever format its file has: apt itself reads both.
write_source_entries() {
    local uri suite component origin format
    # shellcheck disable=SC2016 # apt expands these, not the shell
    format='$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)'
    apt-get indextargets --format "$format" 'Created-By: Packages' | sort -u |
        while IFS='|' read -r uri suite component origin; do
            if [[ $origin != Debian || $component != main ]]; then continue; fi
            printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$suite"
            if [[ -r $archive_keys ]]; then printf 'Signed-By: %s\n' "$archive_keys"; fi
            printf '\n'
        done >"$1"
    [[ -s $1 ]]
}

# Sets apt_source: apt's options for source packages, with sources file, lists and cache of this run alone, so that
# nothing of the machine's own configuration changes. The download needs no other user: the directory is private.
prepare_apt_source() {
    local apt="$work/apt"
    update_lists # only fetched lists tell which entries are Debian's own
    mkdir -p -- "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial"
    step "derive the deb-src entries from apt's sources" write_source_entries "$apt/parts/source.sources"
    apt_source=(-q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$apt/parts"
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
    # Without the option a mirror that cannot be reached is but a warning.
    step "apt-get update of the source index" apt-get "${apt_source[@]}" -o APT::Update::Error-Mode=any update
}

# Prints the newest version of Debian's source package "kubernetes" that is the wanted release.
source_version() {
    local version newest='' wanted="(^|really)${kube_release//./[.]}([-+~]|\$)"
    while read -r version; do
        if [[ ! $version =~ $wanted ]]; then continue; fi
        if [[ -z $newest ]] || dpkg --compare-versions "$version" gt "$newest"; then newest=$version; fi
    done < <(apt-cache "${apt_source[@]}" showsrc --only-source kubernetes | sed -n 's/^Version: //p')
    printf '%s\n' "$newest"
}

unpack_source() {
    cd -- "$work/source" && apt-get "${apt_source[@]}" source --only-source "kubernetes=$1"
}

# The tree's path decides its import path: Debian's sources are built in GOPATH mode.
move_tree() {
    local trees=("$work"/source/kubernetes-*/)
    [[ ${#trees[@]} == 1 && -d ${trees[0]} ]] || return 1
    mkdir -p -- "$work/go/src/k8s.io" && mv -- "${trees[0]}" "$work/go/src/k8s.io/kubernetes" &&
        chmod -R u+w -- "$work/go/src/k8s.io/kubernetes"
}

# The bundled github.com/modern-go/reflect2 1.0.1 reads maps' types in a way that Go 1.18 ended: a server built with it
# crashes at the first server-side apply. Debian packages 1.0.2, which has the same interface and the correction.
replace_reflect2() {
    local packaged=/usr/share/gocode/src/github.com/modern-go/reflect2
    local vendored="$work/go/src/k8s.io/kubernetes/vendor/github.com/modern-go/reflect2"
    [[ -d $packaged && -d $vendored ]] && rm -rf -- "$vendored" && cp -r --dereference -- "$packaged" "$vendored"
}

# An empty environment: neither another Go on PATH nor a Go setting of the caller may change the build. It is niced
# because it takes every core for minutes.
make_programs() {
    mkdir -p -- "$work/home"
    cd -- "$work/go/src/k8s.io/kubernetes" &&
        nice -n 5 env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C.UTF-8 HOME="$work/home" TMPDIR="$work/home" \
            GOPATH="$work/go" GO111MODULE=off KUBE_GIT_VERSION="v$kube_release" \
            KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR=20 KUBE_GIT_COMMIT=0 KUBE_GIT_TREE_STATE=clean \
            make WHAT="${kube_programs[*]/#/cmd/}" GOLDFLAGS="-s -w"
}

# Prints the version that one of the built programs says it is, to know that it runs here.
check_programs() {
    local program said
    for program in "${kube_programs[@]}"; do
        said=$("$1/$program" --version) || return 1
        [[ $said == "Kubernetes v$kube_release" ]] || {
            printf '%s says "%s", not "Kubernetes v%s"\n' "$program" "$said" "$kube_release"
            return 1
        }
    done
}

cached() {
    local program
    for program in "${kube_programs[@]}"; do
        [[ -x $1/$program ]] || return 1
    done
}

# Prints the directory of the cached programs, if the cache has them.
current_directory() {
    local version
    { read -r version <"$cache_root/current-$arch"; } 2>/dev/null || return 1
    cached "$cache_root/kube-$version-$arch" || return 1
    printf '%s\n' "$cache_root/kube-$version-$arch"
}

build_kubernetes() {
    local version place program
    install_packages dpkg-dev golang-go golang-github-modern-go-reflect2-dev rsync make gcc libc6-dev
    prepare_apt_source
    version=$(source_version)
    [[ -n $version ]] || die "apt's sources have no source package kubernetes of release $kube_release (Debian 12 has)"
    place="$cache_root/kube-$version-$arch"
    mkdir -p -- "$work/source" "$work/built"
    if ! cached "$place"; then
        step "apt-get source kubernetes=$version" unpack_source "$version"
        step "move the source tree into a GOPATH" move_tree
        step "replace the bundled reflect2" replace_reflect2
        step "build ${kube_programs[*]} (minutes)" make_programs
        for program in "${kube_programs[@]}"; do
            step "copy $program" install -m 0755 -- \
                "$work/go/src/k8s.io/kubernetes/_output/bin/$program" "$work/built/$program"
        done
        step "run what was built" check_programs "$work/built"
    else
        step "copy from the cache" cp -- "${kube_programs[@]/#/$place/}" "$work/built/"
    fi
    step "move the programs into the cache" publish "current-$arch" "$version" "$work/built" "$place"
}

main() {
    local apiserver manager etcd directory
    apiserver=$(given TEST_ASSET_KUBE_APISERVER)
    manager=$(given TEST_ASSET_KUBE_CONTROLLER_MANAGER)
    etcd=$(given TEST_ASSET_ETCD)
    if [[ -z $etcd ]] && ! etcd=$(etcd_path); then
        prepare_work
        install_etcd
        etcd=$(etcd_path) || die "the package etcd-server is installed, but there is no program etcd on PATH"
    fi
    if [[ -z $apiserver || -z $manager ]]; then
        arch=$(dpkg --print-architecture)
        if ! directory=$(current_directory); then
            prepare_work
            # The run that held the lock may have built them.
            if ! directory=$(current_directory); then
                build_kubernetes
                directory=$(current_directory) || die "the cache under $cache_root was removed during the build"
            fi
        fi
    fi
    printf 'TEST_ASSET_KUBE_APISERVER=%s\n' "${apiserver:-$directory/kube-apiserver}"
    printf 'TEST_ASSET_KUBE_CONTROLLER_MANAGER=%s\n' "${manager:-$directory/kube-controller-manager}"
    printf 'TEST_ASSET_ETCD=%s\n' "$etcd"
}

trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
main "$@"
