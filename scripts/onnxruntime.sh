#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts onnxruntime, which the importer is compared with in a test (onnxruntime_test), into a folder: the npm package
# onnxruntime-node with the library that it carries (186 MB). Nothing else is fetched. A second run does nothing.
#
#   scripts/onnxruntime.sh [folder]     (build/onnxruntime)
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:-build/onnxruntime}"
package="onnxruntime-node@1.20.1"
module="$folder/node_modules/onnxruntime-node"
if [[ -f "$module/package.json" ]]; then
  echo "onnxruntime is in $folder"
  exit 0
fi
command -v npm > /dev/null || scripts/install_dependencies.sh data
mkdir -p "$(dirname "$folder")"
work="$(mktemp -d "$(dirname "$folder")/onnxruntime.XXXXXX")"
trap 'rm -rf "$work"' EXIT
# Its install script would fetch libraries for accelerators.
npm install --prefix "$work" --no-audit --no-fund --ignore-scripts --loglevel=error "$package"
mkdir -p "$folder"
mv "$work/node_modules" "$folder/"
echo "onnxruntime is in $folder"
