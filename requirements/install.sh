#!/bin/sh
# Make .venv hold what requirements/<run|dev>.txt pins. Called by the Makefile when its stamp is missing or older.
set -eu
cd "$(dirname "$0")/.."
kind=$1

say() { printf 'esp32-stream: %s\n' "$*" >&2; }

# Works where `python3` is older than another installed one, and where a version manager leaves names that do not run.
find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$name"
            return
        fi
    done
    found=$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null || echo none)
    say "Python 3.11 or newer is needed, found ${found}; install one, or name it: make PYTHON=/path/to/python3.11"
    exit 1
}

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        say "this Python lacks venv; on Debian and Ubuntu: apt-get install python${version}-venv"
        exit 1
    fi
    say "first use: making .venv (half a minute, once)"
    rm -rf .venv
    "$python" -m venv .venv
fi
say "installing requirements/${kind}.txt"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "requirements/${kind}.txt"
# dev.txt holds everything of run.txt, with the same pins (a test compares them).
if [ "$kind" = dev ]; then touch .venv/run.stamp; fi
touch ".venv/${kind}.stamp"
