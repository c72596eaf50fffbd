#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Speeds of the three engines on one core, each with what it was measured on: the median of three runs.
#
#   scripts/bench.sh [build folder]
set -euo pipefail
build="${1:-build}"
folder="$build/bench"
mkdir -p "$folder"

cpu="$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
echo "$cpu, $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg); $(c++ --version | head -n 1), $(verilator --version | cut -d ' ' -f 1-2)"

# value NAME FILE: a number of a result file.
value() { sed -n "s/^  \"$1\": \([0-9.e+-]*\),*$/\1/p" "$2"; }

# measure LABEL WHAT OPTIONS...
measure() {
  local label="$1" what="$2" speeds="" run
  shift 2
  for run in 1 2 3; do
    "$build/mcnn" "$@" --result "$folder/$what.json" > "$folder/$what.log"
    speeds+="$(value images_per_second_per_core "$folder/$what.json")"$'\n'
  done
  printf '%-34s %8.0f images/s on one core   mcnn %s\n' "$label" \
    "$(sort -g <<< "$speeds" | sed '/^$/d' | sed -n 2p)" "$*"
}

measure "RTL, typical card" rtl sim --device typical --jobs 1 --count 2000 --check 0
measure "chip model, typical card" model model --device typical --jobs 1 --count 10000
measure "integer network" integer integer --jobs 1 --count 10000
peak="$( { "$build/mcnn" sim --count 2000 --check 0 > /dev/null & pid=$!; peak=0
  while kill -0 $pid 2> /dev/null; do
    now="$(awk '/^VmHWM/ { print $2 }' /proc/$pid/status 2> /dev/null || true)"
    [[ -n "$now" ]] && peak="$now"
    sleep 0.1
  done
  wait $pid; echo "$peak"; } )"
printf '%-34s %8.0f MB                      mcnn sim --count 2000 --check 0\n' "memory, RTL on all cores" "$((peak / 1024))"
