#!/bin/sh
# Make .venv what a lock file says: setup.sh run | dev. Does nothing when it is that already.
set -u
cd "$(dirname "$0")/.." || exit 1

environment() {
    [ "$(.venv/bin/python -c 'import sys; print(sys.version_info >= (3, 12))' 2>/dev/null)" = True ] &&
        [ "$(cat .venv/.place 2>/dev/null)" = "$PWD" ] && return 0
    python=$(sh tools/python.sh 2>/dev/null) || {
        [ -n "${PYTHON:-}" ] || sh tools/packages.sh python || return 1
        python=$(sh tools/python.sh) || return 1
    }
    echo "Making .venv with $python" >&2
    rm -rf .venv
    "$python" -m venv .venv && printf '%s' "$PWD" >.venv/.place
}

# The marks are written last, so that what was cut short is done again.
packages() {
    lock=$1
    mark=.venv/.mark-${lock%.lock}
    sum=$(cat "$lock" pyproject.toml | cksum)
    [ "$(cat "$mark" 2>/dev/null)" = "$sum" ] && return 0
    echo "Installing $lock into .venv" >&2
    pip="-m pip --disable-pip-version-check --quiet install"
    # shellcheck disable=SC2086 # words, not one word
    .venv/bin/python $pip --require-hashes --only-binary :all: -r "$lock" &&
        .venv/bin/python $pip --no-deps --no-build-isolation --no-index --editable . &&
        printf '%s' "$sum" >"$mark"
}

database() {
    [ -n "${DATDAI_DATABASE_URL:-}${DATDAI_DATABASE_URL_FILE:-}" ] && [ "$1" = run ] && return 0
    check='import sys
from core.errors import DatdaiError
from database.cluster import cluster_owner, find_binaries
try:
    cluster_owner(), find_binaries()
except DatdaiError as problem:
    sys.exit(str(problem))'
    .venv/bin/python -c "$check" 2>/dev/null && return 0
    sh tools/packages.sh database && .venv/bin/python -c "$check"
}

environment || exit 1
case $1 in
run)
    packages requirements.lock && database run
    ;;
dev)
    packages requirements.lock && packages requirements-dev.lock && database dev && sh tools/packages.sh clients
    ;;
esac || exit 1
