#!/usr/bin/env bash
# Provides the root directory of a host that boots systemd: prints its path on stdout, everything else goes to stderr.
#
# It is made of Debian's packages by debootstrap, once a release, and kept under
# "${XDG_CACHE_HOME:-~/.cache}/p2pmirror"; only that first run needs a network, and a minute. Nobody writes to it
# afterwards: each host lays a layer of its own over it (systemd-host.sh).
#
#   P2PMIRROR_HOST_RELEASE  codename of the Debian release; bookworm unless it is set
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

readonly release=${P2PMIRROR_HOST_RELEASE:-bookworm}
readonly cache_root="${XDG_CACHE_HOME:-$HOME/.cache}/p2pmirror"
# What the root holds beside a minimal Debian. Another number where what is done to it below changes.
readonly included=systemd,systemd-sysv,dbus
readonly revision=1
work=

# The mirror that apt uses for Debian itself, else the one that debootstrap knows.
mirror() {
    local uri origin component format
    # shellcheck disable=SC2016 # apt expands these, not the shell
    format='$(REPO_URI)|$(ORIGIN)|$(COMPONENT)'
    while IFS='|' read -r uri origin component; do
        if [[ $origin == Debian && $component == main && $uri == http* ]]; then
            printf '%s\n' "$uri"
            return
        fi
    done < <(apt-get indextargets --format "$format" 'Created-By: Packages' 2>/dev/null)
}

# Units that a host of a test has no use for: consoles, and what runs once a day.
trim() {
    local unit
    for unit in getty@.service console-getty.service getty-static.service systemd-logind.service \
        apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
        systemd-timesyncd.service systemd-tmpfiles-clean.timer; do
        ln -sf /dev/null "$1/etc/systemd/system/$unit"
    done
    ln -sf /lib/systemd/system/multi-user.target "$1/etc/systemd/system/default.target"
    rm -rf -- "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*
    : >"$1/etc/machine-id"
    : >"$1/etc/fstab"
}

# In namespaces of its own: debootstrap mounts /proc and /sys in the new root, and whatever ends it must end them.
make_root() {
    local uri
    uri=$(mirror)
    note "making a root of Debian $release (a minute)"
    work=$(mktemp -d -- "$cache_root/host-root.XXXXXX")
    quietly unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
        debootstrap --variant=minbase "--include=$included" "$release" "$work/root" ${uri:+"$uri"}
    trim "$work/root"
    rm -rf -- "$1"
    mv -- "$work/root" "$1"
}

cleanup() {
    if [[ -n $work ]]; then rm -rf -- "$work"; fi
}

main() {
    local place
    ((EUID == 0)) || die "a root directory with its owners can be made by root only; you are $(id -un)"
    place=$cache_root/host-root-$release-$(dpkg --print-architecture)-$revision
    mkdir -p -- "$cache_root"
    trap cleanup EXIT
    exec 9>"$cache_root/host-root.lock"
    flock 9
    if [[ ! -x $place/lib/systemd/systemd ]]; then
        have debootstrap || install_packages debootstrap >&2
        make_root "$place"
    fi
    printf '%s\n' "$place"
}

main "$@"
