#!/usr/bin/env bash
# Lints, builds everything in release mode (the numeric tests need it) and runs every test.
set -euo pipefail
cd "$(dirname "$0")/.."

swift format lint --strict --recursive --parallel Package.swift Sources Tests \
  Benchmarks/Package.swift Benchmarks/Sources
swift build -c release --build-tests
# The end-to-end tests run the built executable; it was built by the line above.
swift test -c release --skip-build
