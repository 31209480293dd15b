#!/bin/sh
# Write requirements.lock and requirements-dev.lock: versions and hashes, no download address.
set -eu
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
[ -x "$uv" ] || uv=uv

# setuptools builds the project itself, without the network.
compile() {
    echo 'setuptools>=77' | "$uv" pip compile --quiet --universal --python-version 3.12 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header --upgrade "$@" pyproject.toml -
}

compile --output-file requirements.lock >/dev/null
compile --extra dev --constraint requirements.lock --output-file requirements-dev.lock >/dev/null
if grep -nE '://|^ *(--(extra-)?index-url|-i |--find-links)' requirements.lock requirements-dev.lock; then
    echo "A download address is in the lock; it must not be." >&2
    exit 1
fi
