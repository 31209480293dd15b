#!/bin/sh
# Install what must come from the system's own packages: packages.sh python | database | clients
# Debian and Ubuntu only; elsewhere one sentence says what is needed.
set -u

say() {
    echo "$*" >&2
}

refuse() {
    say "$*"
    exit 1
}

# Set $root to the words that make a command run as root; fail when there is no way.
become_root() {
    root=
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    root='sudo -n'
    sudo -n true 2>/dev/null && return 0
    root=sudo
    [ "${1:-}" = may-ask ] && [ -t 0 ]
}

refresh() {
    [ -n "${refreshed:-}" ] && return 0
    refreshed=yes
    $root apt-get update -q >/dev/null || say "apt-get update failed; going on with the lists that are here."
}

# What is here already is left as it is: a new release of a server's package would change a running server.
install() {
    say "Installing $*"
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-upgrade --no-install-recommends "$@" >/dev/null
}

candidate() {
    apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *//p' | grep -v '(none)'
}

refuse_old_python() {
    refuse "This system's own Python is older than 3.12. Install a newer one, with pyenv (pyenv install 3.13) or" \
        "uv (uv python install 3.13), which is then found; or name one: make run PYTHON=/path/to/python3.13"
}

python() {
    offered=$(candidate python3)
    [ -n "$offered" ] && dpkg --compare-versions "$offered" lt 3.12 && refuse_old_python
    become_root may-ask || refuse "Python 3.12 or newer with venv is missing; ask an administrator for: apt-get install python3-venv"
    refresh
    offered=$(candidate python3)
    dpkg --compare-versions "${offered:-0}" ge 3.12 || refuse_old_python
    install python3-venv || refuse "python3-venv could not be installed; see the message of apt-get above."
}

# The newest release that has PostGIS; one whose server is here already is preferred.
release() {
    offered=$(apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' | sed 's/^postgresql-\([0-9]*\)-.*/\1/' | sort -rn)
    for number in $offered; do
        [ "$number" -ge 15 ] && [ -x "/usr/lib/postgresql/$number/bin/initdb" ] && echo "$number" && return
    done
    for number in $offered; do
        [ "$number" -ge 15 ] && echo "$number" && return
    done
}

database() {
    become_root may-ask ||
        refuse "PostgreSQL 15 or newer with PostGIS 3 is missing; ask an administrator for: apt-get install postgresql postgresql-postgis"
    [ -n "$(release)" ] || refresh
    number=$(release)
    [ -n "$number" ] || refuse "This system's packages hold no PostgreSQL 15 or newer with PostGIS 3; install both."
    # The package would make and start a cluster of its own, which nobody here asked for.
    fragments=/etc/postgresql-common/createcluster.d
    $root mkdir -p "$fragments"
    echo 'create_main_cluster = false' | $root tee "$fragments/datdai.conf" >/dev/null
    trap '$root rm -f "$fragments/datdai.conf"' EXIT
    install "postgresql-$number" "postgresql-$number-postgis-3" || { refresh; install "postgresql-$number" "postgresql-$number-postgis-3"; } ||
        refuse "PostgreSQL could not be installed; see the message of apt-get above."
}

# Client programs that the tests drive; a test whose client is missing is skipped and says so.
clients() {
    missing=
    for package in curl gdal-bin chromium python3-qgis libhttp-oai-perl; do
        dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
    done
    [ -z "$missing" ] && return
    become_root || { say "Not installed, so the tests that drive them are skipped:$missing"; return; }
    refresh
    for package in $missing; do
        { [ -n "$(candidate "$package")" ] && install "$package"; } ||
            say "$package could not be installed; the tests that drive it are skipped."
    done
}

command -v apt-get >/dev/null 2>&1 || {
    case $1 in
    python) refuse "Python 3.12 or newer with venv is missing; install it, or name it: make run PYTHON=..." ;;
    database) refuse "PostgreSQL 15 or newer with PostGIS 3 is missing; install both, or set DATDAI_DATABASE_URL." ;;
    *) exit 0 ;;
    esac
}
"$1"
