#!/bin/sh
# Creates .venv-peers in the package root with the runtimes that compare.py measures Tandem against. Does nothing when
# it is up to date; --force starts afresh. PyTorch is optional: without it the environment is complete all the same.
set -eu
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$folder/../.." && pwd)
environment="$root/.venv-peers"
stamp="$environment/installed-requirements.txt"

fail() {
  echo "peers: $1" >&2
  exit 1
}

wanted=$(cat "$folder/requirements.txt" "$folder/requirements-pytorch.txt")
case "${1:-}" in
  "") if [ -x "$environment/bin/python3" ] && [ "$wanted" = "$(cat "$stamp" 2>/dev/null)" ]; then exit 0; fi ;;
  --force) ;;
  *) fail "unknown option '$1' (the only one is --force)" ;;
esac

python=""
for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 \
    && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
      2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || fail "no Python 3.11 to 3.13 with the venv module was found; \
install it (Debian and Ubuntu: apt-get install python3 python3-venv) or name one with PYTHON=/path/to/python3"

install() {
  "$environment/bin/python3" -m pip install --quiet --disable-pip-version-check --only-binary :all: "$@"
}

echo "peers: installing $(printf '%s\n' "$wanted" | grep -v '^#' | tr '\n' ' ')into $environment" >&2
rm -rf "$environment"
"$python" -m venv "$environment" || fail "$python -m venv failed (Debian and Ubuntu: apt-get install python3-venv)"
# One by one: a runtime that has no wheel for this platform is left out by compare.py, and the others are measured.
install numpy onnx --constraint "$folder/requirements.txt" \
  || fail "pip could not install numpy and onnx; is PyPI (or the mirror that pip is set to) reachable?"
grep -v '^#' "$folder/requirements.txt" "$folder/requirements-pytorch.txt" --no-filename | while read -r package; do
  install "$package" --constraint "$folder/requirements.txt" \
    || echo "peers: $package could not be installed; it will be left out" >&2
done
printf '%s' "$wanted" > "$stamp.new"
mv "$stamp.new" "$stamp"
