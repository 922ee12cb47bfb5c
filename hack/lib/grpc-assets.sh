#!/usr/bin/env bash
# Provides a gRPC server that is not ours for the tests of hack/grpc: grpcio from PyPI, in a virtual environment.
#
# Prints on stdout only the line TEST_ASSET_GRPC_PYTHON=/path, a Python that has it; everything else goes to stderr. A
# variable of that name that is set to an executable is printed as it is.
#
# It is cached under "${XDG_CACHE_HOME:-$HOME/.cache}/p2pmirror" by its versions, so only the first run needs a network.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

readonly cache_root="${XDG_CACHE_HOME:-$HOME/.cache}/p2pmirror"
# The server, the compiler of definitions and the health service are released together.
readonly grpcio=1.85.3 tools=1.85.1
work=

cleanup() {
    local status=$?
    if [[ -n $work ]]; then rm -rf -- "$work"; fi
    exit "$status"
}

# A virtual environment is bound to its path, so it is made where it stays, and is whole once it has the mark.
get() {
    local place=$1
    exec 9>"$cache_root/grpc.lock"
    if ! flock --nonblock 9; then
        note "waiting for another run"
        flock 9
    fi
    # The run that held the lock may have got it.
    if [[ -e $place/complete ]]; then return; fi
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
    rm -rf -- "$place"
    work=$place
    note "installing grpcio $grpcio"
    quietly python3 -m venv "$place"
    quietly "$place/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
        "grpcio==$grpcio" "grpcio-tools==$tools" "grpcio-health-checking==$tools"
    quietly "$place/bin/python" -c 'import grpc, grpc_tools.protoc, grpc_health.v1.health'
    touch -- "$place/complete"
    work=
}

main() {
    local place value=${TEST_ASSET_GRPC_PYTHON:-}
    if [[ -n $value ]]; then
        [[ -f $value && -x $value ]] || die "TEST_ASSET_GRPC_PYTHON=$value is no program"
    else
        have python3 || install_packages python3
        mkdir -p -- "$cache_root"
        place="$cache_root/grpcio-$grpcio-$(python3 -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))')"
        [[ -e $place/complete ]] || get "$place"
        value=$place/bin/python
    fi
    printf 'TEST_ASSET_GRPC_PYTHON=%s\n' "$value"
}

trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
main "$@"
