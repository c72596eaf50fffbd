#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Synthesis onto the OSU 0.18 um cells: netlist, area report and log in build/synth/<configuration>/. A name that ends in
# -gated (yao2020-gated) is the configuration with clock gates (constraints/clock_gate.v).
# With --quick only the checks (no latch, no multiplier, nothing undriven) and the mapping of one PE, without and with clock
# gates; nothing is kept but the logs.
#
#   scripts/synth.sh [--quick] [--gated] [configuration...]     (all of constraints/*.params when none is named)
#
# --gated takes the gated one of every configuration. MCNN_LIBERTY names another copy of the library, MCNN_JOBS how many
# configurations at a time, MCNN_GATING how many flip-flops must share an enable to get a clock gate, MCNN_GATE_FANOUT how many of
# them a gate drives at most.
set -euo pipefail
cd "$(dirname "$0")/.."

liberty="${MCNN_LIBERTY:-/usr/share/qflow/tech/osu018/osu018_stdcells.lib}"
out_root="build/synth"
gate_from="${MCNN_GATING:-2}"
gate_fanout="${MCNN_GATE_FANOUT:-24}"
quick=0
gated=0
configs=()
for argument in "$@"; do
  case "$argument" in
    --quick) quick=1 ;;
    --gated) gated=1 ;;
    -*)
      echo "$0: unknown option '$argument'; usage: $0 [--quick] [--gated] [configuration...]" >&2
      exit 2
      ;;
    *) configs+=("$argument") ;;
  esac
done
if [[ ${#configs[@]} -eq 0 ]]; then
  for file in constraints/*.params; do configs+=("$(basename "$file" .params)"); done
  # Both kinds of PE are mapped fast enough.
  if [[ $quick -eq 1 && $gated -eq 0 ]]; then configs+=("${configs[@]/%/-gated}"); fi
fi
if [[ $gated -eq 1 ]]; then
  configs=("${configs[@]%-gated}")
  configs=("${configs[@]/%/-gated}")
fi

command -v yosys > /dev/null || {
  echo "$0: yosys not found (Debian package yosys)" >&2
  exit 2
}
[[ -r "$liberty" ]] || {
  echo "$0: cell library $liberty not found (Debian package qflow-tech-osu018)" >&2
  exit 2
}
for config in "${configs[@]}"; do
  [[ -r "constraints/${config%-gated}.params" ]] || {
    echo "$0: no configuration '$config': constraints/${config%-gated}.params does not exist; there are" \
      "$(cd constraints && printf '%s ' *.params | sed 's/\.params//g')" >&2
    exit 2
  }
done

sources="$(scripts/rtl_files.sh | tr '\n' ' ')"
mkdir -p "$out_root"

# One configuration, into a folder of its own that replaces the old results when everything is there.
run() {
  local config="$1" log status=0 gating=0
  [[ "$config" != *-gated ]] || gating="$gate_from"
  work="$(mktemp -d -p "$out_root")"
  trap 'rm -rf "$work"' EXIT
  log="$work/yosys.log"
  MCNN_CONFIG="$config" MCNN_SOURCES="$sources" MCNN_LIBERTY="$liberty" MCNN_OUT="$work" MCNN_QUICK="$quick" \
    MCNN_GATING="$gating" MCNN_GATE_FANOUT="$gate_fanout" \
    MCNN_PARAMS="$(grep -E '^[A-Za-z]+=[0-9]+$' "constraints/${config%-gated}.params" | tr '\n' ' ')" \
    yosys -q -l "$log" -c constraints/synth.tcl 2> "$work/stderr" || status=$?
  if [[ $status -ne 0 ]]; then
    mkdir -p "$out_root/$config"
    cp "$log" "$out_root/$config/failed.log" 2> /dev/null || true
    grep -vE '^(Warning|$)' "$work/stderr" | head -n 60 >&2 || true
    echo "$config: synthesis failed, log in $out_root/$config/failed.log" >&2
    return 1
  fi
  rm -f "$work/stderr"
  if [[ $quick -eq 1 ]]; then
    mkdir -p "$out_root/$config"
    mv "$log" "$out_root/$config/quick.log"
    return 0
  fi
  # Flip-flops are named register\CELL: make that register_CELL.
  sed -E -i 's/^(  [A-Z0-9]+ \\[^ ]*)\\([A-Z0-9]+)/\1_\2/' "$work/mcnn_chip.v"
  chmod 755 "$work"
  rm -rf "${out_root:?}/$config"
  mv "$work" "$out_root/$config"
}

jobs="${MCNN_JOBS:-$(nproc)}"
pids=()
failed=0
for config in "${configs[@]}"; do
  while [[ $(jobs -rp | wc -l) -ge $jobs ]]; do sleep 0.2; done
  (run "$config") &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
[[ $failed -eq 0 ]] || exit 1

if [[ $quick -eq 1 ]]; then
  echo "synthesis checks passed: ${configs[*]}"
  exit 0
fi
echo
for config in "${configs[@]}"; do
  printf '%-14s %s\n' "$config" "$(tail -n 1 "$out_root/$config/area.txt")"
done
echo "Per module: $out_root/<configuration>/area.txt and area.json"
