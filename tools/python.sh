#!/bin/sh
# Print the first Python that really runs at 3.12 or newer and can make virtual environments.
# PYTHON= wins; then PATH, then what pyenv and uv hold. A shim that exists but fails is passed over.
set -u

works() {
    [ -n "$1" ] && [ -x "$1" ] &&
        "$1" -c 'import sys, ssl, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

take() {
    if works "$1"; then
        printf '%s\n' "$1"
        exit 0
    fi
}

if [ -n "${PYTHON:-}" ]; then
    take "$(command -v "$PYTHON" 2>/dev/null)"
    echo "PYTHON=$PYTHON is no Python of 3.12 or newer with venv and ensurepip." >&2
    exit 1
fi

for name in python3.13 python3.12 python3.14 python3; do
    IFS=:
    for folder in $PATH; do
        take "$folder/$name"
    done
    unset IFS
done
home=${HOME:-/nonexistent}
for version in 3.13 3.12 3.14; do
    for python in "${PYENV_ROOT:-$home/.pyenv}/versions/$version"*/bin/python \
        "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-$home/.local/share}/uv/python}/cpython-$version"*/bin/python; do
        take "$python"
    done
done
if command -v uv >/dev/null 2>&1; then
    take "$(UV_PYTHON_DOWNLOADS=never uv python find --no-project '>=3.12' 2>/dev/null)"
fi
echo "No Python of 3.12 or newer with venv and ensurepip was found; install one (Debian, Ubuntu: python3-venv; else" \
    "pyenv or uv) or name it: make run PYTHON=/path/to/python3.13" >&2
exit 1
