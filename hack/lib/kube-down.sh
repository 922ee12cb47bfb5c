#!/usr/bin/env bash
# Stops what kube-up.sh started: kube-down.sh DIR. Returns when no process is left; the files stay.
set -euo pipefail

readonly grace_seconds=10

# Whether the process PID of the state directory DIR runs: a zombie does not, and the id of one that ended may be
# another's by now.
running() {
    local pid=$1 dir=$2 state
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) || return 1
    [[ -n $state && $state != Z && $state != X ]] || return 1
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -F -e "$dir/" >/dev/null
}

# gone_within SECONDS PID DIR
gone_within() {
    local tries
    for ((tries = $1 * 20; tries > 0; tries--)); do
        running "$2" "$3" || return 0
        sleep 0.05
    done
    return 1
}

stop() {
    local dir=$1 name=$2 pid
    [[ -e $dir/$name.pid ]] || return 0
    pid=$(<"$dir/$name.pid")
    if [[ $pid =~ ^[0-9]+$ ]] && running "$pid" "$dir"; then
        kill -TERM "$pid" 2>/dev/null || true
        if ! gone_within "$grace_seconds" "$pid" "$dir"; then
            kill -KILL "$pid" 2>/dev/null || true
            if ! gone_within "$grace_seconds" "$pid" "$dir"; then
                printf 'kube-down: %s (process %s) does not end\n' "$name" "$pid" >&2
                return 1
            fi
        fi
    fi
    rm -f -- "$dir/$name.pid"
}

main() {
    if (($# != 1)) || [[ ! -d $1 ]]; then
        printf 'usage: kube-down.sh DIR, the state directory of kube-up.sh\n' >&2
        exit 2
    fi
    local dir name status=0
    dir=$(cd -- "$1" && pwd)
    # Clients before their servers, so that none logs a storm of failed connections.
    for name in kube-controller-manager kube-apiserver etcd; do
        stop "$dir" "$name" || status=1
    done
    return "$status"
}

main "$@"
