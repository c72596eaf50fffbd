#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gets a cell library ready for synthesis, timing and power, and prints the folder: build/cells/<name> with the library as plain text
# (cells.lib) and what the flow has to know of it (constraints/cells.tcl).
#
#   scripts/cells.sh NAME|FILE     osu018 (what Debian installs), another one of constraints/cells, or a Liberty file (.lib, .lib.gz)
#
# The libraries but osu018 are the user's: CELLS_DIR names the folder that has the file which constraints/cells/NAME.cells names,
# plain or packed with gzip.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ $# -eq 1 && -n "$1" ]] || {
  echo "usage: $0 NAME|FILE" >&2
  exit 2
}
description="constraints/cells/$1.cells"
if [[ -f "$description" ]]; then
  name="$1"
  file="$(sed -nE 's/^liberty *= *//p' "$description")"
  if [[ "$file" != /* ]]; then
    [[ -n "${CELLS_DIR:-}" ]] || {
      echo "CELLS: $name needs $file: CELLS_DIR=folder says where it is, plain or .gz" >&2
      exit 2
    }
    file="$CELLS_DIR/$file"
  fi
  [[ -r "$file" || ! -r "$file.gz" ]] || file="$file.gz"
  [[ -r "$file" ]] || {
    package="$(sed -nE 's/^package *= *//p' "$description")"
    if [[ -n "$package" ]]; then
      echo "CELLS: $name: cell library $file not found (Debian package $package)" >&2
    else
      echo "CELLS: $name: found neither $file nor $file.gz; allowed: CELLS_DIR=the folder that has it" >&2
    fi
    exit 2
  }
elif [[ "$1" =~ \.lib(\.gz)?$ && -r "$1" ]]; then
  file="$1"
  name="$(basename "${file%.gz}" .lib)"
  description=""
else
  names=(constraints/cells/*.cells)
  names=("${names[@]##*/}")
  echo "CELLS: found '$1', allowed: ${names[*]%.cells}, or a Liberty file (.lib, .lib.gz)" >&2
  exit 2
fi

out="build/cells/$name"
stamp="$(cd "$(dirname "$file")" && pwd)/$(basename "$file")"
if [[ ! -s "$out/cells.tcl" || "$(cat "$out/source" 2> /dev/null)" != "$stamp" ]] ||
  [[ -n "$(find "$file" constraints/cells.tcl ${description:+"$description"} -newer "$out/cells.tcl")" ]]; then
  mkdir -p build/cells
  work="$(mktemp -d -p build/cells)"
  trap 'rm -rf "$work"' EXIT
  case "$file" in
    *.gz) gzip -cd "$file" > "$work/cells.lib" ;;
    *) cp "$file" "$work/cells.lib" ;;
  esac
  MCNN_LIBERTY="$work/cells.lib" MCNN_DESCRIPTION="$description" MCNN_OUT="$work" \
    yosys -q -c constraints/cells.tcl > "$work/log" 2> "$work/error" || {
    sed "s|$work/cells.lib|$file|g" "$work/error" >&2
    exit 2
  }
  sed "s|$work/cells.lib|$file|g" "$work/log" >&2
  rm -f "$work/log" "$work/error"
  echo "$stamp" > "$work/source"
  chmod 755 "$work"
  rm -rf "${out:?}"
  mv "$work" "$out"
  trap - EXIT
fi
echo "$out"
