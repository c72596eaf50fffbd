#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Power of the synthesised logic with the activity of a real run, of images and of programming: build/power/<configuration>/power.txt, a
# line a room, summary.txt, and card.toml, an energy card (data/README.md) that says what it was measured on. Other libraries than osu018:
# build/power/<library>/<configuration>/. Needs the netlist of `make synth` and the commands mcnn and mcnn_activity.
#
#   scripts/power.sh [--cells NAME|FILE] [--network FILE] [configuration] [images]      (osu018, the configuration's, yao2020, 10)
#
# A name that ends in -gated (yao2020-gated) is the netlist with clock gates. How often each gate is open comes from the same waves:
# synthesis has left what opens it as a function of the registers.
set -euo pipefail
cd "$(dirname "$0")/.."

library="${CELLS:-osu018}"
network=()
arguments=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --cells)
      library="${2:-}"
      shift || true
      ;;
    --network)
      network=(--network "${2:-}")
      shift || true
      ;;
    -*)
      echo "$0: unknown option '$1'; usage: $0 [--cells NAME|FILE] [--network FILE] [configuration] [images]" >&2
      exit 2
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
config="${arguments[0]:-yao2020}"
images="${arguments[1]:-10}"
build="${BUILD:-build}"
cells="$(scripts/cells.sh "$library")" || exit 2
library="${cells##*/}"
folder=""
[[ "$library" == osu018 ]] || folder="/$library"
synth="build/synth$folder/$config"
out="build/power$folder/$config"
base="${config%-gated}"
card="$library"
[[ "$config" == "$base" ]] || card="$library-gated"
[[ -s "$synth/mcnn_chip.v" ]] || {
  echo "$0: no netlist $synth/mcnn_chip.v (make synth CONFIG=$base CELLS=$library$([[ "$config" != "$base" ]] || echo " GATING=0"))" >&2
  exit 2
}
for tool in "$build/mcnn" "$build/mcnn_activity"; do
  [[ -x "$tool" ]] || {
    echo "$0: $tool not found (cmake --build $build --target mcnn mcnn_activity)" >&2
    exit 2
  }
done
mkdir -p "$out"
work="$(mktemp -d -p "$out")"
trap 'rm -rf "$work"' EXIT

# Instances of the rooms, and what opens their clock gates.
awk '/^module mcnn_chip\(/ { chip = 1 } /^endmodule/ { chip = 0 } chip && /^  mcnn_/ && !/mcnn_ram/ { print $1, $2 }' "$synth/mcnn_chip.v" |
  sed 's/\\//' > "$work/rooms.txt"
enables=()
while read -r room instance; do
  [[ ! -f "$synth/enables/$room.aag" ]] || enables+=("$instance=$synth/enables/$room.aag")
done < "$work/rooms.txt"

# rooms_power <waves> <name>: <name>.txt, a line a room with its power, and the clocks in <name>.clocks
rooms_power() {
  "$build/mcnn_activity" "$1" "${enables[@]}" > "$work/activity.txt"
  rm -f "$1"
  read -r _ clocks < "$work/activity.txt"
  echo "$clocks" > "$work/$2.clocks"
  : > "$work/$2.txt"
  while read -r room instance; do
    grep -F "$instance/" "$work/activity.txt" | sed 's|^[^/]*/||' > "$work/room.txt" || true
    for kind in rest run; do
      MCNN_CELLS="$cells" MCNN_SYNTH="$synth" MCNN_ROOM="$room" MCNN_ACTIVITY="$work/room.txt" MCNN_KIND="$kind" MCNN_OUT="$work/$kind.txt" \
        sta -no_splash -exit constraints/power.tcl > "$work/sta.log" 2>&1 < /dev/null || {
        echo "$0: $instance: power analysis failed:" >&2
        tail -n 5 "$work/sta.log" >&2
        exit 1
      }
    done
    # Power of the run without the clock that closed gates keep away.
    echo "$instance $(paste -d ' ' "$work/rest.txt" "$work/run.txt" | awk '{ $10 = "run_W"; $11 = $NF - $11; NF -= 2; print }')" >> "$work/$2.txt"
  done < "$work/rooms.txt"
}

# One image before and one behind the traced ones, so that they follow each other at full speed.
"$build/mcnn" sim --config "$base" "${network[@]}" --count $((images + 2)) --check 0 --trace "$work/run.fst" --trace-images "1:$images" \
  > "$work/sim.log"
rooms_power "$work/run.fst" images
mv "$work/activity.txt" "$out/activity.txt"
"$build/mcnn" program --config "$base" "${network[@]}" --trace "$work/run.fst" > "$work/program.log"
rooms_power "$work/run.fst" programming
read -r clocks < "$work/images.clocks"
read -r program_clocks < "$work/programming.clocks"

{
  echo "# clocks $clocks images $images; power in W at 200 MHz, typical corner, before layout"
  cat "$work/images.txt"
  echo "# clocks $program_clocks of programming"
  cat "$work/programming.txt"
} > "$out/power.txt"
awk -v clocks="$clocks" '
  {
    idle[$2] += $10; run[$2] += $12; n[$2]++; total_idle += $10; total_run += $12; leakage += $22
    gates += $14; open += $14 * $16; gated += $18; gated_open += $18 * $20; found += $4; missing += $6
  }
  END {
    printf "%-22s %9s %12s %12s %16s\n", "room", "instances", "at rest [W]", "run [W]", "run - rest [pJ a clock]"
    for (room in run) printf "%-22s %9d %12.6f %12.6f %16.4f\n", room, n[room], idle[room], run[room], (run[room] - idle[room]) * 5e3
    printf "%-22s %9s %12.6f %12.6f %16.4f   (%.1f clocks)\n", "logic", "", total_idle, total_run, (total_run - total_idle) * 5e3, clocks
    printf "leakage, in none of them %.6f W; registers with their activity %d, without %d\n", leakage, found, missing
    if (gates) printf "%d clock gates, open in %.1f %% of the clocks; %d flip-flops behind them, with a clock in %.1f %%\n", gates, 100 * open / gates, gated, 100 * gated_open / gated
  }' "$work/images.txt" | tee "$out/summary.txt"

# The same as figures of an energy card: what a room takes above its clock, by the events of the same images.
"$build/mcnn" cost --config "$base" "${network[@]}" --card paper65 --first 1 --count "$images" > "$work/cost.txt"
of_cells() { sed -nE "s/^  $1 \{(.*)\}\$/\1/p" "$cells/cells.tcl"; }
area() { sed -nE "s/^  \"$1\": ([0-9.]+),?\$/\1/p" "$synth/area.json"; }
read -r _ bit_um2 _ <<< "$(of_cells memory_um2_bit)"
network_name="$(sed -nE 's/^network (\S+) on .*/\1/p' "$work/cost.txt" | head -n 1)"
technology="$(of_cells technology)"
gates="with clock gates"
command="make power CONFIG=$base CELLS=$library"
if [[ "$config" == "$base" ]]; then
  gates="without clock gates"
  command+=" GATING=0"
fi
awk -v name="$card" -v base="$base" -v technology="$technology" -v node="$(of_cells node_nm)" -v library="$library" -v gates="$gates" \
  -v network="$network_name" -v images="$images" -v program_clocks="$program_clocks" -v command="$command" \
  -v area="$(area logic_um2)" -v bit_um2="$bit_um2" -v cost="$work/cost.txt" -v programming="$work/programming.txt" '
  function figure(key, value, source) {
    if (value + 0 > 0) printf "\n[figures.%s]\nvalue = %.4g\nunit = \"pJ\"\ntechnology = \"%s\"\nsource = \"%s: %s\"\ngrade = \"M\"\n", key, value, technology, command, source
    else printf "\n[figures.%s]\nnote = \"%s: no such event in the images\"\n", key, command
  }
  function above_rest(room, event) { rest -= above[room]; return events[event] > 0 ? above[room] * image / events[event] : 0 }
  FILENAME == cost { if ($2 ~ /^[0-9.]+$/ && !($1 in events)) events[$1] = $2; if ($1 == "time:") image = $2; if ($NF == "reads") reads = $2; next }
  FILENAME == programming { program += $12 * 5e3; next }
  { idle += $10; above[$2] += ($12 - $10) * 5e3; rest += ($12 - $10) * 5e3; leakage += $22 }
  END {
    printf "# SPDX-License-Identifier: Apache-2.0\n"
    printf "# The digital part of %s on %s cells %s, before layout: no wires, no clock tree. Energies: OpenSTA on the\n", base, library, gates
    printf "# netlist with the activity of every flip-flop, memory output and input port in the images on the RTL. Made by\n# %s; a card for the macro goes beside it.\n", command
    printf "name = \"%s\"\ndescription = \"Digital part of %s on %s, %s, before layout\"\n", name, base, technology, gates
    printf "technology_nm = %s\nconfiguration = \"%s\"\nlibrary = \"%s\"\nnetwork = \"%s\"\nimages = \"1..%d\"\n", node, base, library, network, images
    above["mcnn_window_fetch"] += above["mcnn_feature_maps"]; above["mcnn_activate"] += above["mcnn_bias"]
    figure("pe_read", above_rest("mcnn_pe", "pe_read"), "the PEs above what they take at rest, by the planes that they read")
    figure("fetch_column", above_rest("mcnn_window_fetch", "fetch_column"), "window fetch and the logic around the memories, by columns")
    figure("reduce_group", above_rest("mcnn_reduce", "reduce_group"), "reduce, by groups of kernels (for all PEs)")
    figure("activate_group", above_rest("mcnn_activate", "activate_group"), "activate with the biases, by groups of kernels (for all PEs)")
    figure("pool_group", above_rest("mcnn_pool_write", "pool_group"), "pool write, by pixels written")
    figure("control_clock", rest, "the rooms that no event is counted for above what they take at rest, a clock")
    figure("logic_clock_tree", idle * 5e3, "all flip-flops with their data at rest, a clock; no tree")
    figure("programmer_read", (program - idle * 5e3) * program_clocks / reads, "all logic while it programs above what it takes at rest, by verify reads")
    printf "\n[figures.logic_leakage]\nvalue = %.4g\nunit = \"uW\"\ntechnology = \"%s\"\nsource = \"%s: leakage of all cells\"\ngrade = \"M\"\n", leakage * 1e6, technology, command
    split("map_read map_write record_read bias_read logit_access", memories, " ")
    for (i = 1; i <= 5; i++) printf "\n[figures.%s]\nnote = \"the cell library has no memory: neither energy nor a source for one\"\n", memories[i]
    synth = command; sub(/power/, "synth", synth)
    printf "\n[figures.area_logic]\nvalue = %.1f\nunit = \"um2\"\ntechnology = \"%s\"\nsource = \"%s: logic\"\ngrade = \"M\"\n", area, technology, synth
    printf "\n[figures.area_memory_bit]\nvalue = %.1f\nunit = \"um2\"\ntechnology = \"%s nm\"\nsource = \"constraints/cells/%s.cells: assumed, a factor of two either way\"\ngrade = \"?\"\n", bit_um2, node, library
  }' "$work/cost.txt" "$work/programming.txt" "$work/images.txt" > "$work/card.toml"
mv "$work/card.toml" "$out/card.toml"
awk -F ' = ' '/^\[figures/ { key = $0; gsub(/\[figures\.|\]/, "", key) } /^value/ { value = $2 } /^unit/ { gsub(/"/, "", $2); printf "%-18s %12s %s\n", key, value, $2 }' \
  "$out/card.toml" | tee -a "$out/summary.txt"
echo "wrote $out/card.toml; as data/energy/$base/$card.toml it is the card '$card' of $base"
