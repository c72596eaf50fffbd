#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Synthesis onto a cell library: netlist, area report and log in build/synth/<configuration>/, of other libraries than osu018 in
# build/synth/<library>/<configuration>/. A configuration that ends in -gated (yao2020-gated) is the one with clock gates
# (constraints/clock_gates.tcl).
# With --quick only the checks (no latch, no multiplier, nothing undriven) and the mapping of one PE, without and with clock
# gates; nothing is kept but the logs.
#
#   scripts/synth.sh [--quick] [--gated] [--cells NAME|FILE] [configuration...]   (all of constraints/*.params when none is named)
#
# --gated takes the gated one of every configuration; --cells: scripts/cells.sh. MCNN_JOBS says how many configurations at a time,
# MCNN_GATING how many flip-flops must share an enable to get a clock gate, MCNN_GATE_FANOUT how many of them a gate drives at most,
# if not as many as the description of the library says.
set -euo pipefail
cd "$(dirname "$0")/.."

library="${CELLS:-osu018}"
out_root="build/synth"
front_root="build/synth/gates"
gate_from="${MCNN_GATING:-2}"
gate_fanout="${MCNN_GATE_FANOUT:-}"
quick=0
gated=0
configs=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --quick) quick=1 ;;
    --gated) gated=1 ;;
    --cells)
      library="${2:-}"
      shift || true
      ;;
    -*)
      echo "$0: unknown option '$1'; usage: $0 [--quick] [--gated] [--cells NAME|FILE] [configuration...]" >&2
      exit 2
      ;;
    *) configs+=("$1") ;;
  esac
  shift
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
cells="$(scripts/cells.sh "$library")" || exit 2
[[ "$cells" == build/cells/osu018 ]] || out_root="$out_root/${cells##*/}"
for config in "${configs[@]}"; do
  [[ -r "constraints/${config%-gated}.params" ]] || {
    echo "$0: no configuration '$config': constraints/${config%-gated}.params does not exist; there are" \
      "$(cd constraints && printf '%s ' *.params | sed 's/\.params//g')" >&2
    exit 2
  }
done

sources="$(scripts/rtl_files.sh | tr '\n' ' ')"
mkdir -p "$out_root" "$front_root"

# One configuration, into a folder of its own that replaces the old results when everything is there.
run() {
  local config="$1" log front status=0 gating=0
  [[ "$config" != *-gated ]] || gating="$gate_from"
  work="$(mktemp -d -p "$out_root")"
  trap 'rm -rf "$work"' EXIT
  log="$work/yosys.log"
  # The gates before they are mapped are the same for all libraries, plain and gated.
  front="$front_root/${config%-gated}.il"
  if [[ $quick -eq 1 ]]; then
    front=""
  elif [[ -f "$front" && -n "$(find rtl constraints/synth.tcl constraints/rooms.tcl constraints/memory.tcl \
    "constraints/${config%-gated}.params" -type f ! -name '*.md' ! -name '*.svg' -newer "$front" -print -quit)" ]]; then
    rm -f "$front"
  fi
  MCNN_CONFIG="$config" MCNN_SOURCES="$sources" MCNN_CELLS="$cells" MCNN_CELLS_NAME="${cells##*/}" MCNN_OUT="$work" \
    MCNN_QUICK="$quick" MCNN_GATING="$gating" MCNN_GATE_FANOUT="$gate_fanout" MCNN_FRONT="$front" \
    MCNN_PARAMS="$(grep -E '^[A-Za-z]+=[0-9]+$' "constraints/${config%-gated}.params" | tr '\n' ' ')" \
    yosys -q -l "$log" -c constraints/synth.tcl 2> "$work/stderr" || status=$?
  if [[ -f "$work/front.il" ]]; then
    mv "$work/front.il.memories" "$front.memories"
    mv "$work/front.il" "$front"
  fi
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
  sed -E -i 's/^(  [A-Za-z0-9_]+ \\[^ ]*)\\([A-Za-z0-9_]+)/\1_\2/' "$work/mcnn_chip.v"
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
