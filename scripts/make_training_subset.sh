#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the committed training subset data/mnist/train6k-*: the first 6,000 (10 %) of the 60,000 MNIST training images, in
# their order. They come from the files that `make data` fetches. The result does not depend on the machine.
#
#   scripts/make_training_subset.sh [folder with the MNIST files] [destination]
set -euo pipefail
cd "$(dirname "$0")/.."
source="${1:-build/mnist}"
destination="${2:-data/mnist}"
count=6000
pixels=$((28 * 28))
for name in train-images-idx3-ubyte train-labels-idx1-ubyte; do
  if [[ ! -f "$source/$name.gz" ]]; then
    echo "$0: $source/$name.gz: no such file; make data fetches it" >&2
    exit 2
  fi
done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
big_endian() { printf "\\x$(printf '%02x' $(($1 >> 24 & 255)))\\x$(printf '%02x' $(($1 >> 16 & 255)))\\x$(printf '%02x' $(($1 >> 8 & 255)))\\x$(printf '%02x' $(($1 & 255)))"; }

# IDX: magic number, number of items (both 32 bits, big endian), then for images rows and columns, then the items.
gzip -dc "$source/train-images-idx3-ubyte.gz" > "$work/images"
gzip -dc "$source/train-labels-idx1-ubyte.gz" > "$work/labels"
{
  head -c 4 "$work/images"
  big_endian "$count"
  tail -c +9 "$work/images" | head -c $((8 + count * pixels)) || true
} > "$work/train6k-images-idx3-ubyte"
{
  head -c 4 "$work/labels"
  big_endian "$count"
  tail -c +9 "$work/labels" | head -c "$count" || true
} > "$work/train6k-labels-idx1-ubyte"
for name in train6k-images-idx3-ubyte train6k-labels-idx1-ubyte; do
  gzip -9 -n "$work/$name"
  cp "$work/$name.gz" "$destination/$name.gz"
  echo "$destination/$name.gz"
done
