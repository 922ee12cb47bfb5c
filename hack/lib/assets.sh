# shellcheck shell=bash
# Sourced by the programs that provide servers for the end-to-end tests (kube-assets.sh, modern-assets.sh): a build at a
# time, in steps that are quiet unless they fail, and its results in a cache outside of the checkout.
set -euo pipefail

readonly cache_root="${XDG_CACHE_HOME:-$HOME/.cache}/p2pmirror"
work=
policy=
updated=
child=

note() { printf '%s: %s\n' "$(basename -- "$0" .sh)" "$*" >&2; }

die() {
    note "$*"
    exit 1
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n -- "$@"; fi
}

cleanup() {
    local status=$?
    if [[ -n $child ]]; then
        kill -TERM -- "-$child" 2>/dev/null || true
        wait "$child" || true
    fi
    if [[ -n $policy ]]; then as_root rm -f -- "$policy"; fi
    if [[ -n $work ]]; then rm -rf -- "$work"; fi
    exit "$status"
}

# step NAME COMMAND...: runs the command quietly; on failure says which step it was and shows the end of its log.
# It runs in the background and in a process group of its own, so that a signal to this script ends it at once.
step() {
    local name=$1 log="$work/step.log" status=0
    shift
    note "$name"
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    child=$!
    set +m
    wait "$child" || status=$?
    child=
    if ((status != 0)); then
        note "step failed (exit status $status): $name; the end of its log:"
        tail -n 40 -- "$log" >&2
        exit "$status"
    fi
}

# Takes the lock that makes concurrent runs wait for one build, and makes the temporary directory of this run.
# It lies in the cache's directory, because only a rename inside one file system is atomic.
prepare_work() {
    if [[ -n $work ]]; then return; fi
    mkdir -p -- "$cache_root"
    exec 9>"$cache_root/lock"
    if ! flock --nonblock 9; then
        note "waiting for another run"
        flock 9
    fi
    # Whoever left these was killed outright: its children would still hold the lock.
    rm -rf -- "$cache_root"/build.??????
    work=$(mktemp -d -- "$cache_root/build.XXXXXX")
}

# The value of the variable NAME when it names an executable, else nothing.
given() {
    local name=$1
    local value=${!name:-}
    if [[ -n $value && -f $value && -x $value ]]; then
        printf '%s\n' "$value"
    elif [[ -n $value ]]; then
        note "$name=$value is not an executable file: ignored"
    fi
}

installed() {
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Fetches apt's lists, once in a run.
update_lists() {
    if [[ -n $updated ]]; then return; fi
    step "apt-get update" as_root apt-get -q -o DPkg::Lock::Timeout=300 update
    updated=yes
}

# Installs those of the Debian packages that are missing.
install_packages() {
    local package missing=()
    for package in "$@"; do
        if ! installed "$package"; then missing+=("$package"); fi
    done
    if ((${#missing[@]} == 0)); then return; fi
    update_lists
    step "apt-get install ${missing[*]}" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}"
}

# publish NAME VALUE BUILT PLACE: moves the finished directory to its place, and only then says in the cache's file NAME
# that VALUE is the current one.
publish() {
    local name=$1 value=$2 built=$3 place=$4
    rm -rf -- "$place" && mv -- "$built" "$place" &&
        printf '%s\n' "$value" >"$work/current" && mv -- "$work/current" "$cache_root/$name"
}
