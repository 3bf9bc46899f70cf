#!/usr/bin/env bash
# Installs the system packages that Tandem needs, only those that are missing. Safe to run again.
#   Scripts/setup.sh          what building and searching need
#   Scripts/setup.sh --tests  and what the tests need (Python, for ONNX Runtime as an independent referee)
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

if ! command -v swift >/dev/null 2>&1; then
  fail "no Swift toolchain found. Install Swift 6.1 or later (https://www.swift.org/install) and put it on PATH."
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
read -r major minor <<<"${version:-0 0}"
if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 1 ]; }; then
  fail "Swift $major.$minor is too old: 6.1 or later is needed."
fi

packages=(libopenblas-dev libsqlite3-dev zlib1g-dev pkg-config git ca-certificates dataset-fashion-mnist)
if [ "${1:-}" = "--tests" ]; then
  # Any Python 3.10+ with venv serves; Debian's is installed only where there is none.
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
    packages+=(python3 python3-venv)
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
  say "this is no Debian or Ubuntu system: install the equivalents of ${packages[*]} yourself, then run 'tandem doctor'."
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
# Some images carry pkg-config as pkgconf; either will do.
if command -v pkg-config >/dev/null 2>&1; then
  missing=($(printf '%s\n' "${missing[@]:-}" | grep -vx 'pkg-config' || true))
fi

if [ "${#missing[@]}" -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
      fail "missing packages: ${missing[*]}. Not root and no sudo: ask an administrator to run 'apt-get install ${missing[*]}'."
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq || say "apt-get update failed; trying with the package lists that are here"
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
    fail "could not install ${missing[*]}. Check the network and the package sources, or install them by hand."
fi

if [ "${1:-}" = "--tests" ]; then
  Scripts/python-environment.sh
fi
