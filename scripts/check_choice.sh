#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a make command was asked for, checked before minutes are spent on building it: names and files that are not there, with
# what is allowed instead. Exit status 2 then, and nothing is built.
#
#   scripts/check_choice.sh [--rtl] [NAME=value...]      the variables of the Makefile; empty ones are left out
#
# --rtl: the command simulates the RTL, so CONFIG is a name of constraints/*.params and no file. Whether a network fits is for the
# mapper to say; where BUILD holds a mcnn that is newer than its sources, it is asked about a configuration that it does not have yet.
set -euo pipefail
cd "$(dirname "$0")/.."
data="${MCNN_DATA_DIR:-data}"

rtl=no
if [[ "${1:-}" == --rtl ]]; then
  rtl=yes
  shift
fi
declare -A chosen=()
for word in "$@"; do
  [[ -z "${word#*=}" ]] || chosen["${word%%=*}"]="${word#*=}"
done

# refuse NAME ALLOWED
refuse() {
  echo "$1: found '${chosen[$1]}', allowed: $2" >&2
  exit 2
}
# files FOLDER ENDING: "FOLDER/a.json, FOLDER/b.json"; names FOLDER ENDING: "a, b"
listed() { printf '%s\n' "$@" | paste -sd, | sed 's/,/, /g'; }
files() { listed "$1"/*"$2"; }
names() {
  local list=("$1"/*"$2")
  list=("${list[@]##*/}")
  listed "${list[@]%"$2"}"
}

config="${chosen[CONFIG]:-}"
params="constraints/$config.params"
if [[ "$config" == */* || "$config" == *.params ]]; then
  params="$config"
  [[ "$rtl" == no ]] || refuse CONFIG "$(names constraints .params): names of constraints/*.params; the RTL is built of nothing else"
fi
if [[ -n "$config" && ! -f "$params" ]]; then
  refuse CONFIG "$(names constraints .params), or for commands on the chip model a file with the ending .params"
fi

if [[ -n "${chosen[NETWORK]:-}" && ! -f "${chosen[NETWORK]}" ]]; then
  refuse NETWORK "a network file: $(files "$data/networks" .json), or yours"
fi

device="${chosen[DEVICE]:-}"
if [[ -n "$device" && ! -f "$data/devices/$device.toml" && ! -f "$device" ]]; then
  refuse DEVICE "$(names "$data/devices" .toml), or a file"
fi

cells="${chosen[CELLS]:-}"
if [[ -n "$cells" && ! -f "constraints/cells/$cells.cells" && ! (-f "$cells" && "$cells" =~ \.lib(\.gz)?$) ]]; then
  refuse CELLS "$(names constraints/cells .cells), or a Liberty file (.lib, .lib.gz)"
fi

[[ -z "${chosen[PLAN]:-}" || -f "${chosen[PLAN]}" ]] ||
  refuse PLAN "a file: $(files sweeps .toml), or yours"
[[ "${chosen[MAPPING]:-default}" =~ ^(default|sliding|paper)$ ]] || refuse MAPPING "default, sliding, paper"
[[ "${chosen[PROGRAM]:-loop}" =~ ^(loop|direct)$ ]] || refuse PROGRAM "loop, direct"
for name in COUNT FIRST SEED JOBS CHECK; do
  [[ "${chosen[$name]:-0}" =~ ^[0-9]+$ ]] || refuse "$name" "a whole number of 0 or more"
done

mcnn="${chosen[BUILD]:-build}/mcnn"
newer_source() {
  local rooms=()
  for room in common behavioral_models host cli; do
    [[ ! -d "$room" ]] || rooms+=("$room")
  done
  [[ -n "$(find "${rooms[@]}" \( -name '*.cpp' -o -name '*.h' \) -newer "$mcnn" -print -quit)" ]]
}
if [[ -n "$config" && -x "$mcnn" && "$params" -nt "$mcnn" ]] && ! newer_source; then
  question=(map --config "$config")
  for name in DEVICE NETWORK MAPPING; do
    [[ -z "${chosen[$name]:-}" ]] || question+=("--${name,,}" "${chosen[$name]}")
  done
  "$mcnn" "${question[@]}" > /dev/null || exit 2
fi
