#!/bin/sh
# Regenerates Sources/ONNXInterchange/Generated/onnx.pb.swift from the onnx.proto inside PyPI's `onnx` package
# (the version in Tests/Python/requirements.txt). Needs protoc (Debian: protobuf-compiler); protoc-gen-swift is
# built from the swift-protobuf version that Package.swift names. Building the plugin takes about a minute.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
command -v protoc >/dev/null 2>&1 || {
  echo "regenerate-onnx-proto: protoc is missing (Debian and Ubuntu: apt-get install protobuf-compiler)" >&2
  exit 1
}
"$root/Scripts/python-environment.sh"
proto=$("$root/.venv/bin/python3" -c \
  'import importlib.util, os; print(os.path.dirname(importlib.util.find_spec("onnx").origin))')

if [ -n "${PROTOC_GEN_SWIFT:-}" ]; then
  plugin=$PROTOC_GEN_SWIFT
else
  version=$(sed -n 's|.*apple/swift-protobuf", exact: "\([0-9.]*\)".*|\1|p' "$root/Package.swift")
  package=$(mktemp -d)
  trap 'rm -rf "$package"' EXIT
  mkdir -p "$package/Sources/Generator"
  echo "import SwiftProtobuf" >"$package/Sources/Generator/Generator.swift"
  cat >"$package/Package.swift" <<MANIFEST
// swift-tools-version: 6.1
import PackageDescription
let package = Package(
  name: "Generator",
  dependencies: [.package(url: "https://github.com/apple/swift-protobuf", exact: "$version")],
  targets: [
    .target(name: "Generator", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")])
  ])
MANIFEST
  (cd "$package" && swift build -c release --product protoc-gen-swift >&2)
  plugin="$package/.build/release/protoc-gen-swift"
fi

protoc --proto_path="$proto" --plugin="protoc-gen-swift=$plugin" \
  --swift_opt=Visibility=Package --swift_out="$root/Sources/ONNXInterchange/Generated" onnx.proto
