#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Static timing of the synthesised chip at 200 MHz, typical corner: reports in build/sta/<configuration>/, of other libraries than osu018
# in build/sta/<library>/<configuration>/, a table at the end, exit status 1 if a setup or hold check is violated. Synthesises first
# where there is no netlist of the present RTL.
#
#   scripts/sta.sh [--gated] [--cells NAME|FILE] [configuration...]     (all of constraints/*.params when none is named)
#
# A name that ends in -gated (yao2020-gated) is the netlist with clock gates; --gated takes that of every configuration.
set -euo pipefail
cd "$(dirname "$0")/.."

library="${CELLS:-osu018}"
synth_root="build/synth"
out_root="build/sta"
gated=0
configs=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --gated) gated=1 ;;
    --cells)
      library="${2:-}"
      shift || true
      ;;
    -*)
      echo "$0: unknown option '$1'; usage: $0 [--gated] [--cells NAME|FILE] [configuration...]" >&2
      exit 2
      ;;
    *) configs+=("$1") ;;
  esac
  shift
done
if [[ ${#configs[@]} -eq 0 ]]; then
  for file in constraints/*.params; do configs+=("$(basename "$file" .params)"); done
fi
if [[ $gated -eq 1 ]]; then
  configs=("${configs[@]%-gated}")
  configs=("${configs[@]/%/-gated}")
fi

command -v sta > /dev/null || {
  echo "$0: sta not found (Debian package opensta)" >&2
  exit 2
}
cells="$(scripts/cells.sh "$library")" || exit 2
if [[ "$cells" != build/cells/osu018 ]]; then
  synth_root="$synth_root/${cells##*/}"
  out_root="$out_root/${cells##*/}"
fi

# Netlists that are missing or older than what they are made from.
stale=()
for config in "${configs[@]}"; do
  [[ -r "constraints/${config%-gated}.params" ]] || {
    echo "$0: no configuration '$config': constraints/${config%-gated}.params does not exist" >&2
    exit 2
  }
  netlist="$synth_root/$config/mcnn_chip.v"
  if [[ ! -s "$netlist" ]] || [[ -n "$(find rtl constraints scripts/synth.sh "$cells/cells.tcl" -newer "$netlist" \
    \( -name '*.sv' -o -name '*.svh' -o -name '*.f' -o -name "${config%-gated}.params" -o -name 'synth.*' -o -name 'abc.*' \
    -o -name 'clock_gate*' -o -name 'memory.tcl' -o -name 'cells.tcl' \) -print -quit)" ]]; then
    stale+=("$config")
  fi
done
[[ ${#stale[@]} -eq 0 ]] || scripts/synth.sh --cells "$library" "${stale[@]}"

mkdir -p "$out_root"
work=""
trap '[[ -z "$work" ]] || rm -rf "$work"' EXIT
for config in "${configs[@]}"; do
  work="$(mktemp -d -p "$out_root")"
  chmod 755 "$work"
  status=0
  MCNN_CELLS="$cells" MCNN_SYNTH="$synth_root/$config" MCNN_OUT="$work" \
    sta -no_splash -exit constraints/sta.tcl > "$work/sta.log" 2>&1 < /dev/null || status=$?
  # OpenSTA goes on after some errors: they count, and so does everything that the netlist names but no library has.
  if [[ $status -ne 0 ]] || grep -qE '^Error|[Cc]reating black box' "$work/sta.log" || [[ ! -s "$work/slack.txt" ]]; then
    echo "$config: timing analysis failed:" >&2
    grep -E '^(Error|error|Warning)' "$work/sta.log" | head -n 40 >&2 || tail -n 40 "$work/sta.log" >&2
    exit 1
  fi
  rm -rf "${out_root:?}/$config"
  mv "$work" "$out_root/$config"
  work=""
done

# A number of area.json.
area() { sed -nE "s/^  \"$2\": ([0-9.]+),?\$/\1/p" "$synth_root/$1/area.json"; }

table="$(
  printf '%-14s %8s  %27s  %15s  %23s\n' "" "" "area [mm2]" "slack [ns]" "f_max [MHz]"
  printf '%-14s %8s  %8s %9s %8s  %7s %7s  %9s %13s\n' configuration cells logic memory total setup hold "no wires" "wire estimate"
  for config in "${configs[@]}"; do
    read -r period setup hold _ setup_wires _ _ < "$out_root/$config/slack.txt"
    awk -v config="$config" -v cells="$(area "$config" cells)" -v logic="$(area "$config" logic_um2)" \
      -v memory="$(area "$config" memory_estimate_um2)" -v period="$period" -v setup="$setup" -v hold="$hold" \
      -v wires="$setup_wires" 'BEGIN {
        printf "%-14s %8d  %8.3f %9s %8.3f  %+7.3f %+7.3f  %9.1f %13.1f\n", config, cells, logic / 1e6,
          sprintf("~%.3f", memory / 1e6), (logic + memory) / 1e6, setup, hold, 1000 / (period - setup), 1000 / (period - wires)
      }'
  done
)"
echo
echo "$table"
failed=0
for config in "${configs[@]}"; do
  read -r period setup hold tns _ < "$out_root/$config/slack.txt"
  if awk -v setup="$setup" -v hold="$hold" 'BEGIN { exit !(setup < 0 || hold < 0) }'; then
    echo "$config: VIOLATED at a period of $period ns (total negative slack $tns ns), see $out_root/$config/setup.txt and hold.txt" >&2
    failed=1
  fi
done
exit $failed
