#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages of the named groups (scripts/packages.txt) that are missing: as root, or with sudo
# where that asks for no password or a person can type it. Otherwise prints the command to type and stops.
# Nothing missing: one dpkg-query.
#
#   scripts/install_dependencies.sh build [lint] [coverage] [fuzz] [synth] [sta] [train] [pytorch] [sweep] [data] [report-test] [slurm]
set -euo pipefail

if [[ $# -eq 0 ]]; then
  echo "usage: $0 GROUP..." >&2
  exit 2
fi
list="$(dirname "$0")/packages.txt"

packages=()
for group in "$@"; do
  mapfile -t of_group < <(awk -v group="$group" '$1 == group { print $2 }' "$list")
  if [[ ${#of_group[@]} -eq 0 ]]; then
    echo "$0: no package group '$group' in $list" >&2
    exit 2
  fi
  packages+=("${of_group[@]}")
done

if ! command -v dpkg-query > /dev/null; then
  echo "This is not a Debian system. Install what these packages hold, then run make again:" >&2
  echo "  ${packages[*]}" >&2
  echo "or set MCNN_SKIP_INSTALL=1 if all of it is there." >&2
  [[ -n "${MCNN_SKIP_INSTALL:-}" ]] && exit 0
  exit 1
fi
[[ -n "${MCNN_SKIP_INSTALL:-}" ]] && exit 0

installed="$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2> /dev/null |
  awk '$1 == "installed" { print $2 }' || true)"
missing=()
for package in "${packages[@]}"; do
  grep -qxF "$package" <<< "$installed" || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if [[ $EUID -eq 0 ]]; then
  as_root=()
elif command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [[ -t 0 ]]; }; then
  as_root=(sudo)
else
  {
    echo "Packages are missing and this user may not install them. As root, type"
    echo
    echo "  apt-get update && ${install[*]}"
    echo
    echo "and run make again."
  } >&2
  exit 1
fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}"
