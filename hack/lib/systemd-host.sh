#!/usr/bin/env bash
# Boots a host of a test, and is its power: systemd-host.sh ROOT KIT STATE CGROUP
#
# Real systemd runs as process 1 of namespaces of its own (mounts, processes, host name, IPC and control groups; the
# network is the caller's), and / is what pivot_root left there, so that "nsenter -t PROCESS" lands in the host as
# "nsenter -t 1" does on a real one. It runs in the foreground: kill it, and the power is off. What is in STATE stays,
# and the next boot finds it.
#
#   ROOT    of systemd-root.sh; stays as it is, and is the host's /opt/image, from which containers are made
#   KIT     a directory, the host's /opt/p2pmirror
#   STATE   a directory on a tmpfs: disk/ is what the host has changed of ROOT, init.pid its first process
#   CGROUP  a directory of its own in a cgroup2 hierarchy, or in the named hierarchy "systemd" of cgroup v1
set -euo pipefail

die() {
    printf 'systemd-host: %s\n' "$*" >&2
    exit 1
}

device_files() {
    local name
    mount -t tmpfs -o mode=755,nosuid tmpfs dev
    for name in null zero full random urandom tty; do
        : >"dev/$name"
        mount --bind "/dev/$name" "dev/$name"
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
}

# The control groups below CGROUP, which the namespace shows as the root of their hierarchy. Of version 1 the host gets
# the named hierarchy alone: it is not to see the controllers, in whose hierarchies it has no place of its own.
control_groups() {
    if [[ $(stat --file-system --format=%T "$1") == cgroup2fs ]]; then
        mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
    else
        mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs sys/fs/cgroup
        mkdir sys/fs/cgroup/systemd
        mount -t cgroup -o none,name=systemd,nosuid,nodev,noexec cgroup sys/fs/cgroup/systemd
        head -n 1 /proc/cgroups >run/cgroups
        mount --bind run/cgroups proc/cgroups
    fi
}

file_systems() {
    mount -t proc -o nosuid,nodev,noexec proc proc
    # The machine's own settings are no host's to change.
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro,nosuid,nodev,noexec proc/sys
    mount -t sysfs -o nosuid,nodev,noexec sysfs sys
    mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
    control_groups "$1"
    # What is mounted below stays writable, as in a container: systemd then leaves the machine's devices alone.
    mount -o remount,bind,ro,nosuid,nodev,noexec sys
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
    device_files
    # Each boot is another one, also where the machine's is not.
    cat /proc/sys/kernel/random/uuid >run/boot-id
    mount --bind run/boot-id proc/sys/kernel/random/boot_id
}

# The second half, as process 1 of the new namespaces; /proc is still the caller's, and so is the number that it tells.
inside() {
    local root=$1 kit=$2 state=$3 cgroup=$4 pid
    read -r pid _ </proc/self/stat
    mkdir -p -- "$state/disk" "$state/work" "$state/root"
    mount -t overlay -o "lowerdir=$root,upperdir=$state/disk,workdir=$state/work" overlay "$state/root"
    cd -- "$state/root"
    mkdir -p opt/image opt/p2pmirror mnt/before
    mount --bind "$root" opt/image
    mount -o remount,bind,ro opt/image
    mount --rbind "$kit" opt/p2pmirror
    file_systems "$cgroup"
    [[ -s etc/machine-id ]] || tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
    hostname "${state##*/}"
    hostname >etc/hostname
    printf '%s\n' "$pid" >"$state/init.pid.new"
    mv -- "$state/init.pid.new" "$state/init.pid"
    pivot_root . mnt/before
    exec chroot . /bin/sh -c 'umount -l /mnt/before && exec env -i container=p2pmirror \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=console --show-status=false' </dev/null
}

main() {
    if [[ ${1-} == --inside ]]; then
        shift
        inside "$@"
    fi
    (($# == 4)) || die "usage: systemd-host.sh ROOT KIT STATE CGROUP"
    mkdir -p -- "$3" "$4"
    rm -f -- "$3/init.pid"
    # A new control group namespace begins at the group of its first process.
    printf '%s\n' "$$" >"$4/cgroup.procs" || die "the control group $4 takes no process"
    exec unshare --mount --propagation private --pid --uts --ipc --cgroup --fork --kill-child=KILL -- \
        "$BASH" "$0" --inside "$@"
}

main "$@"
