#!/usr/bin/env bash
# Runs a command among hosts with real systemd: systemd-site.sh WORK ROOT PROGRAM GROUPS COMMAND...
#
# Called as process 1 of new namespaces (hack/systemd makes them): whatever the command leaves behind, processes and
# mounts, ends with this process. The network has a loopback interface and no way out.
#
#   WORK     a directory for logs, and for the mounts of this run
#   ROOT     of systemd-root.sh
#   PROGRAM  p2pmirror, as it was built here, with p2pmirror-sandbox beside it
#   GROUPS   name of the control group for all hosts
#
# With P2PMIRROR_TEST_REAL a real API server runs among them, of the programs that TEST_ASSET_* name.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here work=$1 host_root=$2 program=$3 groups=$4
shift 4

die() {
    printf 'systemd-site: %s\n' "$*" >&2
    exit 1
}

# The programs with the libraries that they were built with, for hosts and containers of another Debian.
make_kit() {
    local kit=$1 name library
    mkdir -p -- "$kit/lib"
    for name in p2pmirror p2pmirror-sandbox; do
        : >"$kit/$name"
        mount --bind "${program%/*}/$name" "$kit/$name"
    done
    while read -r library; do
        cp --dereference -- "$library" "$kit/lib/"
    done < <(ldd "$kit"/p2pmirror* | sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p')
    cp -- "$here/systemd-pod.sh" "$kit/"
    cat >"$kit/run" <<'END'
#!/bin/sh
exec /opt/p2pmirror/lib/ld-linux*.so.* --library-path /opt/p2pmirror/lib "/opt/p2pmirror/${0##*/run-}" "$@"
END
    chmod 0755 "$kit/run"
    for name in p2pmirror p2pmirror-sandbox; do ln -s run "$kit/run-$name"; done
}

# The hierarchy of systemd: that of version 2 where the kernel has one, else the named one of version 1.
mount_hierarchy() {
    mount -t cgroup2 none "$1" 2>/dev/null || mount -t cgroup -o none,name=systemd none "$1" ||
        die "systemd does not boot without control groups, and neither cgroup2 nor name=systemd can be mounted here"
}

# What confines services and containers beside privileges is the machine's kernel's, and the same for all hosts.
say_security_modules() {
    local modules
    mount -t securityfs none "$work/site" 2>/dev/null || return 0
    modules=$(cat "$work/site/lsm" 2>/dev/null || true)
    umount "$work/site"
    printf 'systemd-site: security modules of this kernel: %s\n' "${modules:-not told}" >&2
    if [[ ,$modules, != *,selinux,* && ,$modules, != *,apparmor,* ]]; then
        printf 'systemd-site: neither SELinux nor AppArmor is in force, so nothing here is shown under one\n' >&2
    fi
}

ip link set lo up
mkdir -p -- "$work/logs" "$work/site"
mount -t tmpfs -o mode=755 tmpfs "$work/site"
mkdir -- "$work/site/hosts" "$work/site/hierarchy"
say_security_modules
mount_hierarchy "$work/site/hierarchy"
mkdir -- "$work/site/hierarchy/$groups"
make_kit "$work/site/kit"

kubeconfig=()
if [[ -n ${P2PMIRROR_TEST_REAL-} ]]; then
    "$here/kube-up.sh" "$work/kube"
    kubeconfig=("P2PMIRROR_TEST_KUBECONFIG=$work/kube/kubeconfig")
fi
status=0
env "${kubeconfig[@]}" "P2PMIRROR_TEST_SITE=$work/site" "P2PMIRROR_TEST_CGROUP=$work/site/hierarchy/$groups" \
    "P2PMIRROR_TEST_HOST_ROOT=$host_root" "P2PMIRROR_TEST_LOGS=$work/logs" "$@" || status=$?
exit "$status"
