#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Power of the synthesised logic with the activity of a real run: build/power/<configuration>/power.txt, a line a room, and what that
# is for each event of an energy card (data/README.md). Needs the netlist of `make synth` and the mcnn command.
#
#   scripts/power.sh [configuration] [images]      (yao2020, 10)
#
# A name that ends in -gated (yao2020-gated) is the netlist with clock gates. How often each gate is open comes from the same images
# on the netlist itself: scripts/check_netlist.sh builds its simulator.
set -euo pipefail
cd "$(dirname "$0")/.."

config="${1:-yao2020}"
images="${2:-10}"
build="${BUILD:-build}"
liberty="${MCNN_LIBERTY:-/usr/share/qflow/tech/osu018/osu018_stdcells.lib}"
synth="build/synth/$config"
out="build/power/$config"
base="${config%-gated}"
netlist="$build/netlist-gated/mcnn"
[[ -s "$synth/mcnn_chip.v" ]] || {
  echo "$0: no netlist $synth/mcnn_chip.v (make synth)" >&2
  exit 2
}
for tool in "$build/mcnn" "$build/mcnn_activity"; do
  [[ -x "$tool" ]] || {
    echo "$0: $tool not found (cmake --build $build --target mcnn mcnn_activity)" >&2
    exit 2
  }
done
if [[ "$config" != "$base" && ! "$netlist" -nt "$synth/mcnn_chip.v" ]]; then
  echo "$0: no simulator $netlist of the present netlist (scripts/check_netlist.sh --gated)" >&2
  exit 2
fi
mkdir -p "$out"
work="$(mktemp -d -p "$out")"
trap 'rm -rf "$work"' EXIT

# One image before and one behind the traced ones, so that they follow each other at full speed.
trace() {
  "$1" sim --config "$base" --count $((images + 2)) --check 0 --trace "$work/run.fst" --trace-images "1:$images" > "$work/sim.log"
  "$build/mcnn_activity" "$work/run.fst"
}
trace "$build/mcnn" > "$work/activity.txt"
read -r _ clocks < "$work/activity.txt"
if [[ "$config" != "$base" ]]; then
  trace "$netlist" > "$work/netlist.txt"
  read -r _ netlist_clocks < "$work/netlist.txt"
  [[ "$netlist_clocks" == "$clocks" ]] || {
    echo "$0: the netlist took $netlist_clocks clocks, the RTL $clocks" >&2
    exit 1
  }
  grep -E '/enable_[0-9]+\.latch\.Q ' "$work/netlist.txt" >> "$work/activity.txt"
fi

: > "$work/power.txt"
awk '/^module mcnn_chip\(/ { chip = 1 } /^endmodule/ { chip = 0 } chip && /^  mcnn_/ && !/mcnn_ram/ { print $1, $2 }' "$synth/mcnn_chip.v" |
  sed 's/\\//' | while read -r room instance; do
    grep -F "$instance/" "$work/activity.txt" | sed 's|^[^/]*/||' > "$work/room.txt" || true
    MCNN_LIBERTY="$liberty" MCNN_SYNTH="$synth" MCNN_ROOM="$room" MCNN_ACTIVITY="$work/room.txt" MCNN_OUT="$work/line.txt" \
      sta -no_splash -exit constraints/power.tcl > "$work/sta.log" 2>&1 < /dev/null || {
      echo "$0: $instance: power analysis failed:" >&2
      tail -n 5 "$work/sta.log" >&2
      exit 1
    }
    echo "$instance $(cat "$work/line.txt")" >> "$work/power.txt"
  done

{
  echo "# clocks $clocks images $images; power in W at 200 MHz, typical corner, before layout"
  cat "$work/power.txt"
} > "$out/power.txt"
cp "$work/activity.txt" "$out/activity.txt"
awk -v clocks="$clocks" '
  !/^#/ {
    idle[$2] += $10; run[$2] += $12; n[$2]++; total_idle += $10; total_run += $12
    gates += $14; open += $14 * $16; gated += $18; gated_open += $18 * $20
  }
  END {
    printf "%-22s %9s %12s %12s %16s\n", "room", "instances", "at rest [W]", "run [W]", "run - rest [pJ a clock]"
    for (room in run) printf "%-22s %9d %12.6f %12.6f %16.4f\n", room, n[room], idle[room], run[room], (run[room] - idle[room]) * 5e3
    printf "%-22s %9s %12.6f %12.6f %16.4f   (%.1f clocks)\n", "logic", "", total_idle, total_run, (total_run - total_idle) * 5e3, clocks
    if (gates) printf "%d gated enables, 1 in %.1f %% of the clocks; %d flip-flops behind them, with a clock in %.1f %%\n", gates, 100 * open / gates, gated, 100 * gated_open / gated
  }' "$out/power.txt" | tee "$out/summary.txt"

# The same as figures of an energy card: what a room takes above its clock, by the events of the same images.
"$build/mcnn" cost --config "$base" --first 1 --count "$images" > "$work/cost.txt"
awk -v base="$base" '
  FILENAME ~ /cost.txt$/ { if ($2 ~ /^[0-9.]+$/ && !($1 in events)) events[$1] = $2; if ($1 == "time:") image = $2; next }
  /^#/ { next }
  { idle += $10; above[$2] += ($12 - $10) * 5e3 }
  END {
    printf "\nfigures of an energy card with configuration = \"%s\"\n", base
    rest = 0
    for (room in above) rest += above[room]
    figure["pe_plane"] = above["mcnn_pe"]
    figure["fetch_column"] = above["mcnn_window_fetch"] + above["mcnn_feature_maps"]
    figure["reduce_group"] = above["mcnn_reduce"]
    figure["activate_group"] = above["mcnn_activate"]
    figure["pool_group"] = above["mcnn_pool_write"]
    for (name in figure) {
      rest -= figure[name]
      printf "%-18s %10.1f pJ\n", name, figure[name] * image / events[name]
    }
    printf "%-18s %10.1f pJ\n", "logic_clock_tree", idle * 5e3 + rest
  }' "$work/cost.txt" "$out/power.txt" | tee -a "$out/summary.txt"
