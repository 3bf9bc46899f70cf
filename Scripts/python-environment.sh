#!/bin/sh
# Creates .venv in the package root with the Python packages that the tests compare against
# (Tests/Python/requirements.txt). Does nothing when it is up to date; --force starts afresh.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
environment="$root/.venv"
requirements="$root/Tests/Python/requirements.txt"
stamp="$environment/installed-requirements.txt"

fail() {
  echo "python-environment: $1" >&2
  exit 1
}

case "${1:-}" in
  "") if [ -x "$environment/bin/python3" ] && cmp -s "$requirements" "$stamp"; then exit 0; fi ;;
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

# Two processes may start at once (make -j); the second waits, then finds the work done.
if command -v flock >/dev/null 2>&1 && [ -z "${TANDEM_PYTHON_LOCKED:-}" ]; then
  TANDEM_PYTHON_LOCKED=1 exec flock "$root/Tests/Python/requirements.txt" "$0" "$@"
fi

echo "python-environment: installing $(grep -v '^#' "$requirements" | tr '\n' ' ')into $environment" >&2
rm -rf "$environment"
"$python" -m venv "$environment" || fail "$python -m venv failed (Debian and Ubuntu: apt-get install python3-venv)"
"$environment/bin/python3" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
  --requirement "$requirements" \
  || fail "pip could not install the packages; is PyPI (or the mirror that pip is set to) reachable?"
cp "$requirements" "$stamp.new"
mv "$stamp.new" "$stamp"
