#!/usr/bin/env bash
# Sets MotionPair up in .venv: Python 3.11, pinned packages, and the system libraries that engines load.
# A second call does nothing while pyproject.toml, constraints.txt and this script stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

extras=${MOTIONPAIR_EXTRAS:-render,train,audit,dev}
stamp=.venv/.setup-done
wanted=$(cat pyproject.toml constraints.txt scripts/setup.sh <(echo "$extras" "$PWD") | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 2; }

# How apt may be run: as root, through sudo without a password, or not at all.
apt() {
    local prefix=()
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        prefix=(sudo -n)
    fi
    command -v apt-get >/dev/null || return 1
    say "installing system packages: $*"
    "${prefix[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${prefix[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

is_311() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

make_venv() {
    if [ -x .venv/bin/python ] && is_311 .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; then return; fi
    rm -rf .venv
    local python
    for python in python3.11 python3; do
        if command -v "$python" >/dev/null && is_311 "$python"; then
            "$python" -m venv .venv
            return
        fi
    done
    # No Python 3.11 with venv here: uv brings one.
    if ! command -v uv >/dev/null; then
        if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
            apt python3 python3-venv || fail "Python is missing; run: sudo apt-get install -y python3 python3-venv"
        fi
        if is_311 python3; then python3 -m venv .venv; return; fi
        say "no Python 3.11 on this machine: fetching one through uv"
        python3 -m venv .venv-uv
        .venv-uv/bin/pip install -q uv
        export PATH="$PWD/.venv-uv/bin:$PATH"
    fi
    uv venv -q --seed --python 3.11 .venv
    rm -rf .venv-uv
}

make_venv
say "installing Python packages ($extras) into .venv; a first time takes a few minutes"
.venv/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[$extras]"

# The packages with system libraries that the engines need and this machine lacks.
missing_packages() {
    .venv/bin/python -m render.engines.blender.libraries || true
    .venv/bin/python -m render.engines.pyrender_draft.libraries || true
}

missing=$(missing_packages | tr ' ' '\n' | sort -u | xargs)
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    apt $missing || fail "system libraries are missing; run: sudo apt-get install -y $missing"
    [ -z "$(missing_packages)" ] || fail "still missing after apt: $missing"
fi

# The body model takes about a minute to build, once; bakes then take about a second a character.
cache=${MOTIONPAIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/motionpair/characters}
if [ ! -d "$cache/anny" ]; then
    say "building the body model into $cache"
    mkdir -p "$cache"
    .venv/bin/python -m render.characters.bake "$cache" </dev/null >/dev/null
fi
echo "$wanted" >"$stamp"
say "done"
