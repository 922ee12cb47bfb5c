#!/usr/bin/env bash
# Runs a container as a host's kubelet would: systemd-pod.sh FILE PROGRAM ARGUMENT...
#
# It is called in the namespaces of a host (systemd-host.sh). The container gets mounts, host name and control groups of
# its own, the host's processes, and what FILE says, one word and its values a line:
#
#   mount TYPE SOURCE TARGET ro|rw   a hostPath volume of that type ("-" for none), mounted as Kubernetes does: what is
#                                    mounted below SOURCE comes along, and ro makes SOURCE alone read-only
#   secret DIRECTORY TARGET          a read-only copy of DIRECTORY
#   privileged                       with every capability; else without any and without a way to new ones
#   read-only-root                   the image's own files cannot be changed
#   environment NAME=VALUE
#
# The image is /opt/image of the host with /opt/p2pmirror in it. What is not said here is not there: in particular a
# filter of system calls, which the container runtime's default profile would be for one that is not privileged.
set -euo pipefail

readonly root=/run/pod/root
privileged=
read_only_root=
environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)

die() {
    printf 'systemd-pod: %s\n' "$*" >&2
    exit 1
}

# Where a path of the container is, with its links as the container has them: /var/run is one.
place() { printf '%s%s\n' "$root" "$(chroot "$root" realpath --canonicalize-missing -- "$1")"; }

host_path() {
    local type=$1 source=$2 target mode=$4
    target=$(place "$3")
    case $type in
        DirectoryOrCreate) mkdir -p -- "$source" ;;
        Directory) [[ -d $source ]] || die "hostPath type check failed: $source is not a directory" ;;
        -) ;;
        *) die "unknown type of hostPath: $type" ;;
    esac
    mkdir -p -- "$target"
    mount --rbind "$source" "$target"
    if [[ $mode == ro ]]; then mount -o remount,bind,ro "$target"; fi
}

secret() {
    local target
    target=$(place "$2")
    mkdir -p -- "$target"
    mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs "$target"
    cp -R -- "$1/." "$target/"
    mount -o remount,ro "$target"
}

image() {
    mkdir -p /run/pod
    mount -t tmpfs -o mode=755 tmpfs /run/pod
    mkdir /run/pod/upper /run/pod/work "$root"
    mount -t overlay -o lowerdir=/opt/image,upperdir=/run/pod/upper,workdir=/run/pod/work overlay "$root"
    mkdir -p "$root/opt/p2pmirror" "$root/mnt/before"
    mount --rbind /opt/p2pmirror "$root/opt/p2pmirror"
    mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
    mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
}

read_file() {
    local word one two three four
    while read -r word one two three four; do
        case $word in
            mount) host_path "$one" "$two" "$three" "$four" ;;
            secret) secret "$one" "$two" ;;
            environment) environment+=("$one") ;;
            privileged) privileged=yes ;;
            read-only-root) read_only_root=yes ;;
            '') ;;
            *) die "$1: unknown word $word" ;;
        esac
    done <"$1"
}

inside() {
    local file=$1 limits=()
    shift
    image
    read_file "$file"
    if [[ -z $privileged ]]; then
        mount -o remount,bind,ro "$root/sys"
        limits=(setpriv --no-new-privs --bounding-set=-all --inh-caps=-all)
    fi
    if [[ -n $read_only_root ]]; then mount -o remount,bind,ro "$root"; fi
    cd -- "$root"
    pivot_root . mnt/before
    exec chroot . /bin/sh -c 'umount -l /mnt/before && exec "$@"' sh \
        "${limits[@]}" env -i "${environment[@]}" "$@" </dev/null
}

main() {
    if [[ ${1-} == --inside ]]; then
        shift
        inside "$@"
    fi
    (($# >= 2)) || die "usage: systemd-pod.sh FILE PROGRAM ARGUMENT..."
    exec unshare --mount --propagation private --uts --ipc --cgroup -- bash "$0" --inside "$@"
}

main "$@"
