#!/usr/bin/env bash
# Provides real programs containerd of three lines of releases for the tests that compare with them.
#
# Prints on stdout only lines NAME=/path, for TEST_ASSET_CONTAINERD_1_6, TEST_ASSET_CONTAINERD_1_7 and
# TEST_ASSET_CONTAINERD_2; everything else goes to stderr. A variable that is set to an executable is printed as it is.
#
# They are Debian's own, of bookworm, trixie and sid, unpacked and not installed: apt has sources, lists and state of
# this run alone. They are cached under "${XDG_CACHE_HOME:-$HOME/.cache}/p2pmirror" by their versions, so only the first
# run needs a network. Where a suite has moved on to another line it fails, and says so.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

readonly cache_root="${XDG_CACHE_HOME:-$HOME/.cache}/p2pmirror"
readonly archive_keys=/usr/share/keyrings/debian-archive-keyring.gpg
# Variable, suite, and how the package's version must begin.
readonly assets=("TEST_ASSET_CONTAINERD_1_6 bookworm 1.6." "TEST_ASSET_CONTAINERD_1_7 trixie 1.7."
    "TEST_ASSET_CONTAINERD_2 sid 2.")
arch=$(dpkg --print-architecture)
readonly arch
work=
apt=()

cleanup() {
    local status=$?
    if [[ -n $work ]]; then rm -rf -- "$work"; fi
    exit "$status"
}

# One run at a time; the temporary directory lies in the cache's, because only a rename inside one file system is
# atomic.
prepare_work() {
    if [[ -n $work ]]; then return; fi
    mkdir -p -- "$cache_root"
    exec 9>"$cache_root/containerd.lock"
    if ! flock --nonblock 9; then
        note "waiting for another run"
        flock 9
    fi
    rm -rf -- "$cache_root"/containerd-build.??????
    work=$(mktemp -d -- "$cache_root/containerd-build.XXXXXX")
}

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

# Sets apt: options for one suite alone.
prepare_suite() {
    local suite=$1 place="$work/$1" mirror
    if ! mirror=$(debian_mirror); then
        # Only fetched lists tell which entries are Debian's own.
        quietly as_root apt-get -qq -o DPkg::Lock::Timeout=300 update
        mirror=$(debian_mirror) ||
            die "apt has no entry of Debian's main archive, from whose mirror $suite could be read"
    fi
    mkdir -p -- "$place/parts" "$place/state/lists/partial" "$place/cache/archives/partial"
    : >"$place/state/status"
    {
        printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$mirror" "$suite"
        if [[ -r $archive_keys ]]; then printf 'Signed-By: %s\n' "$archive_keys"; fi
    } >"$place/parts/$suite.sources"
    apt=(-q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$place/parts" -o "Dir::State=$place/state"
        -o "Dir::State::status=$place/state/status" -o "Dir::Cache=$place/cache" -o APT::Sandbox::User=root
        -o Acquire::Retries=3)
    note "reading Debian $suite"
    quietly apt-get "${apt[@]}" -o APT::Update::Error-Mode=any update
}

# get SUITE LINE: the suite's containerd is in the cache afterwards.
get() {
    local suite=$1 line=$2 version place
    prepare_suite "$suite"
    version=$(apt-cache "${apt[@]}" policy containerd | sed -n 's/^  Candidate: \([^(].*\)/\1/p')
    [[ -n $version ]] || die "Debian $suite has no package containerd"
    [[ $version == "$line"* ]] ||
        die "Debian $suite has containerd $version, and $0 is written for $line: set it there, and run hack/oracle"
    note "unpacking containerd $version"
    mkdir -p -- "$work/$suite/package" "$work/$suite/root" "$work/$suite/built"
    (cd -- "$work/$suite/package" && quietly apt-get "${apt[@]}" download containerd)
    quietly dpkg -x "$work/$suite/package"/containerd_*.deb "$work/$suite/root"
    install -m 0755 -- "$work/$suite/root/usr/bin/containerd" "$work/$suite/built/"
    "$work/$suite/built/containerd" --version >&2 || die "containerd $version does not run here"
    place="$cache_root/containerd-$version-$arch"
    rm -rf -- "$place"
    mv -- "$work/$suite/built" "$place"
    printf '%s\n' "$version" >"$work/current"
    mv -- "$work/current" "$cache_root/containerd-$suite-$arch"
}

# Prints the program of a suite, if the cache has it.
cached() {
    local version
    { read -r version <"$cache_root/containerd-$1-$arch"; } 2>/dev/null || return 1
    [[ -x $cache_root/containerd-$version-$arch/containerd ]] || return 1
    printf '%s\n' "$cache_root/containerd-$version-$arch/containerd"
}

main() {
    local asset variable suite line value
    for asset in "${assets[@]}"; do
        read -r variable suite line <<<"$asset"
        value=${!variable:-}
        if [[ -n $value ]]; then
            [[ -f $value && -x $value ]] || die "$variable=$value is no program"
        elif ! value=$(cached "$suite"); then
            prepare_work
            # The run that held the lock may have got it.
            cached "$suite" >/dev/null || get "$suite" "$line"
            value=$(cached "$suite") || die "the cache under $cache_root was removed meanwhile"
        fi
        printf '%s=%s\n' "$variable" "$value"
    done
}

trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
main "$@"
