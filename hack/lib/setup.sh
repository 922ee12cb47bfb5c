# shellcheck shell=bash
# Sourced by the programs in hack/: finds the tree, installs the Debian packages that are missing, checks the Swift
# toolchain, and measures. It installs nothing that is there already, and says each thing that it installs.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root
readonly swift_minimum=6.2
# Package.swift optimizes the sources of debug builds then: tests end in a fraction of the time.
export P2PMIRROR_OPTIMIZE=1

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    note "$*"
    exit 1
}

# The header comment of the calling program is its manual.
print_usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

wants_help() { [[ ${1-} == -h || ${1-} == --help ]]; }

have() { type -P "$1" >/dev/null; }

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif have sudo; then
        sudo -- "$@"
    else
        die "\"$*\" needs root, and there is no sudo"
    fi
}

# quietly COMMAND...: shows what the command says only if it fails.
quietly() {
    local said status=0
    said=$("$@" 2>&1 </dev/null) || status=$?
    if ((status != 0)); then
        printf '%s\n' "$said" | tail -n 40 >&2
        die "failed (exit status $status): $*"
    fi
}

# install_packages PACKAGE...: with apt, quietly.
install_packages() {
    if (($# == 0)); then return; fi
    have apt-get || die "missing, and there is no apt-get to install them with (names are Debian's): $*"
    note "installing $*"
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 update
    quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# What building needs. Libraries are asked for by pkg-config, as the build does, so another package with them will do.
build_packages() {
    if ! have pkg-config; then
        printf '%s\n' pkg-config libcurl4-openssl-dev libyaml-dev
        return
    fi
    pkg-config --exists libcurl || printf 'libcurl4-openssl-dev\n'
    pkg-config --exists yaml-0.1 || printf 'libyaml-dev\n'
}

# What the tests need beside that: TLS servers in Python, certificates, and an unmodified kubectl.
test_packages() {
    build_packages
    have python3 || printf 'python3\n'
    have openssl || printf 'openssl\n'
    have kubectl || printf 'kubernetes-client\n'
}

# What hack/e2e needs beside that: a real kube-apiserver is asked for its health with curl.
e2e_packages() {
    test_packages
    have curl || printf 'curl\n'
}

check_swift() {
    local where="get it from https://www.swift.org/install/linux and put its usr/bin on PATH"
    local said version
    have swift || die "Swift $swift_minimum or newer is needed, and there is no program swift on PATH: $where"
    said=$(swift --version 2>&1) || die "\"swift --version\" fails: $said"
    version=$(sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' <<<"$said" | head -n 1)
    [[ -n $version ]] || die "\"swift --version\" names no version: $said"
    if [[ $(printf '%s\n' "$swift_minimum" "$version" | sort -V | head -n 1) != "$swift_minimum" ]]; then
        die "Swift $swift_minimum or newer is needed, $(type -P swift) is $version: $where"
    fi
}

# prepare build|test|e2e: everything that is needed is there afterwards, and the tree is the working directory.
prepare() {
    local packages
    check_swift
    mapfile -t packages < <("$1_packages")
    install_packages "${packages[@]}"
    cd -- "$root"
}

# The clock in milliseconds.
now() { printf '%s\n' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }

# seconds_since MILLISECONDS: with one decimal.
seconds_since() {
    local tenths=$((($(now) - $1) / 100))
    printf '%d.%d s\n' "$((tenths / 10))" "$((tenths % 10))"
}
