#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves that the netlists of scripts/synth.sh on OSU 0.18 um cells are the RTL: every module of every configuration, plain and gated, with Yosys and abc
# (constraints/equiv.tcl). Then that the proof bites: netlists with one cell changed must not pass.
#
#   scripts/equiv.sh [configuration...]     (all of constraints/*.params, each plain and -gated)
#
# A netlist that is missing or older than the RTL is made first. MCNN_JOBS says how many modules at a time. The last line is "N
# passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

for argument in "$@"; do
  [[ "$argument" != -* ]] || {
    echo "$0: unknown option '$argument'; usage: $0 [configuration...]" >&2
    exit 2
  }
done
for tool in yosys yosys-abc; do
  command -v "$tool" > /dev/null || {
    echo "equiv: skipped, $tool not found (Debian package yosys)"
    exit 0
  }
done
configs=("$@")
if [[ ${#configs[@]} -eq 0 ]]; then
  for file in constraints/*.params; do configs+=("$(basename "$file" .params)" "$(basename "$file" .params)-gated"); done
fi
for config in "${configs[@]}"; do
  [[ -r "constraints/${config%-gated}.params" ]] || {
    echo "$0: no configuration '$config': constraints/${config%-gated}.params does not exist" >&2
    exit 2
  }
done

old=()
for config in "${configs[@]}"; do
  netlist="build/synth/$config/mcnn_chip.v"
  if [[ ! -s "$netlist" ]] ||
    [[ -n "$(find rtl constraints/synth.tcl constraints/rooms.tcl constraints/memory.tcl constraints/abc.* constraints/clock_gate* \
      constraints/cells.tcl constraints/cells/osu018.cells \
      "constraints/${config%-gated}.params" -newer "$netlist" -name '*.*' -type f ! -name '*.md' ! -name '*.svg')" ]]; then
    old+=("$config")
  fi
done
if [[ ${#old[@]} -gt 0 ]]; then
  echo "synthesis: ${old[*]}"
  scripts/synth.sh "${old[@]}" > /dev/null || exit 1
fi

export root=build/equiv
jobs="${MCNN_JOBS:-$(nproc)}"
mkdir -p "$root"

# yosys_step <configuration> <folder> <folder of the netlist> <gold, gate or a module>
yosys_step() {
  MCNN_CONFIG="$1" MCNN_OUT="$2" MCNN_NETLIST="$3" MCNN_MODULE="$4" MCNN_SOURCES="$(scripts/rtl_files.sh | tr '\n' ' ')" \
    MCNN_PARAMS="$(grep -E '^[A-Za-z]+=[0-9]+$' "constraints/${1%-gated}.params" | tr '\n' ' ')" \
    yosys -q -l "$2/$4.log" -c constraints/equiv.tcl > "$2/$4.out" 2>&1
}

# Both sides need the same registers. What only one of them has must be shown to be nothing of its own, by induction: it is the constant 0,
# or (`copies`) a copy of the register whose next value hangs on the same inputs and registers. That stands in its place, and its next
# value becomes an output; on the other side that output is 0, or the next value of the register that it copies.
# align <path without .gold.blif> <constants | copies>
align() {
  cover "$1.gold.blif" "$1.gate.blif" "$2" < <(comm -23 <(registers "$1.gold.blif") <(registers "$1.gate.blif"))
  cover "$1.gate.blif" "$1.gold.blif" "$2" < <(comm -13 <(registers "$1.gold.blif") <(registers "$1.gate.blif"))
}
# cover <file> <file of the other side> <constants | copies>; the registers that only the first one has come in
cover() {
  local name of
  while read -r name; do
    of=""
    [[ "$3" == constants ]] || of="$(twin "$1" "$name" "$2")"
    replace "$1" "$name" "$of" "next_of_$name"
    add_output "$2" "next_of_$name" "$(NAME="$of" awk '/^\.latch/ && $3 == ENVIRON["NAME"] { print $2 }' "$2")"
  done
}
registers() { awk '/^\.latch/ { print $3 }' "$1" | LC_ALL=C sort; }
# replace <file> <register> <signal, or nothing for 0> <output for its next value>
replace() {
  NAME="$2" BY="$3" awk -v output="$4" '
    BEGIN { name = ENVIRON["NAME"]; by = ENVIRON["BY"] }
    /^\.latch/ && $3 == name {
      print ".outputs " output
      print ".names " $2 " " output "\n1 1"
      if (by == "") print ".names " name; else print ".names " by " " name "\n1 1"
      next
    }
    { print }' "$1" > "$1.new" && mv "$1.new" "$1"
}
# add_output <file> <output> <signal, or nothing for 0>
add_output() {
  OUTPUT="$2" BY="$3" awk '
    BEGIN { output = ENVIRON["OUTPUT"]; by = ENVIRON["BY"] }
    /^\.end/ { print ".outputs " output; if (by == "") print ".names " output; else print ".names " by " " output "\n1 1" }
    { print }' "$1" > "$1.new" && mv "$1.new" "$1"
}
# twin <file> <register> <file of the other side>: a register that both sides have whose next value hangs on the same signals, but for
# the two themselves; of several the highest bit of the same vector, which is where sign extensions come from
twin() {
  NAME="$2" awk '
    NR == FNR { if ($1 == ".latch") both[$3]; next }
    function support(signal,  i) {
      if (other || signal in seen) return
      seen[signal]
      if (signal in fanin) {
        for (i = 1; i <= fanin[signal]; i++) support(input[signal, i])
      } else if (signal != of && signal != name) {
        hangs[signal]
        other = of != name && !(signal in wanted)
      }
    }
    function look(  signal) {
      split("", seen)
      split("", hangs)
      other = 0
      support(next_of[of])
      for (signal in wanted) if (!(signal in hangs) && signal != of) return 0
      return !other
    }
    /^\.names/ { fanin[$NF] = NF - 2; for (i = 2; i < NF; i++) input[$NF, i - 1] = $i }
    /^\.latch/ { next_of[$3] = $2 }
    END {
      name = ENVIRON["NAME"]
      of = name
      look()
      for (signal in hangs) wanted[signal]
      stem = name
      sub(/\[[0-9]+\]$/, "", stem)
      highest = -1
      for (of in next_of) {
        if (of == name || !(of in both) || !look()) continue
        bit = index(of, stem "[") == 1 ? substr(of, length(stem) + 2) + 0 : -1
        if (found != "" && bit <= highest) continue
        found = of
        highest = bit
      }
      print found
    }' "$3" "$1"
}

functions_equal() {
  yosys-abc -c "cec -T 300 $1.gold.blif $1.gate.blif" > "$1.abc" 2>&1
  grep -q '^Networks are equivalent' "$1.abc"
}

# compare <configuration> <folder> <folder of the netlist> <module>: sets verdict
compare() {
  local out="$2" module="$4"
  if ! yosys_step "$1" "$2" "$3" "$module"; then
    verdict="Yosys: $(grep -vE '^(Warning|$)' "$out/$module.out" | head -n 1)"
    return
  fi
  if cmp -s <(registers "$out/$module.gold.blif") <(registers "$out/$module.gate.blif"); then
    functions_equal "$out/$module"
  else
    cp "$out/$module.gold.blif" "$out/$module.gold.all"
    cp "$out/$module.gate.blif" "$out/$module.gate.all"
    align "$out/$module" constants
    functions_equal "$out/$module" || {
      mv "$out/$module.gold.all" "$out/$module.gold.blif"
      mv "$out/$module.gate.all" "$out/$module.gate.blif"
      align "$out/$module" copies
      functions_equal "$out/$module"
    }
    rm -f "$out/$module".*.all
  fi
  if grep -q '^Networks are equivalent' "$out/$module.abc"; then
    verdict=equivalent
  else
    verdict="$(grep -vE '^(ABC command|Warning|$)' "$out/$module.abc" | head -n 2 | tr '\n' ' ')"
  fi
}

# The registers, and what else is compared: outputs, and inputs of memories and modules.
compared() { awk '/^\.latch/ { l++ } /^\.outputs/ { f = 1 } f { n += NF; if (!/\\$/) f = 0; else n-- } END { printf "%7d %7d", l, n - 1 }' "$1"; }

row() { # <passed> <configuration> <module> <counts> <seconds> <words>
  printf '%-15s %-22s %15s %5s  %s\n' "$2" "$3" "$4" "$5" "$6"
  echo "$1" >> "$root/results"
}

prove() {
  local config="$1" module="$2" started="$SECONDS"
  compare "$config" "$root/$config" "build/synth/$config" "$module"
  if [[ "$verdict" == equivalent ]]; then
    row 1 "$config" "$module" "$(compared "$root/$config/$module.gate.blif")" "$((SECONDS - started))" equivalent
    rm -f "$root/$config/$module".*.blif "$root/$config/$module".gate.il "$root/$config/$module".{abc,out,log}
  else
    row 0 "$config" "$module" "" "$((SECONDS - started))" "FAILED: $verdict; see $root/$config/$module.abc"
  fi
}

# Changes of the netlist of mcnn_axi_lite, each of one cell.
broken() {
  local what="$1" change="$2" started="$SECONDS" out
  out="$root/broken-${what// /-}"
  rm -rf "$out"
  mkdir -p "$out"
  cp "$from"/{cells.v,memory.v} "$out/"
  cp "$root/$base/mcnn_axi_lite.gold.il" "$out/"
  awk '/^module mcnn_axi_lite\(/ { f = 1 } f { print } /^endmodule/ { f = 0 }' "$from/mcnn_chip.v" > "$out/whole.v"
  sed -zE "$change" "$out/whole.v" > "$out/mcnn_chip.v"
  if cmp -s "$out/whole.v" "$out/mcnn_chip.v"; then
    verdict="nothing to change"
  elif yosys_step "$base" "$out" "$out" gate; then
    compare "$base" "$out" "$out" mcnn_axi_lite
  else
    verdict="Yosys: $(grep -vE '^(Warning|$)' "$out/gate.out" | head -n 1)"
  fi
  case "$verdict" in
    *"NOT EQUIVALENT"*) row 1 broken mcnn_axi_lite "" "$((SECONDS - started))" "$what: found" && rm -rf "$out" ;;
    equivalent) row 0 broken mcnn_axi_lite "" "$((SECONDS - started))" "SURVIVED: $what" ;;
    *) row 0 broken mcnn_axi_lite "" "$((SECONDS - started))" "FAILED: $what: $verdict" ;;
  esac
}
export -f yosys_step align cover registers replace add_output twin functions_equal compare compared row prove broken

rm -f "$root/results"
printf '%-15s %-22s %7s %7s %5s\n' configuration module regis- out- sec-
printf '%-15s %-22s %7s %7s %5s\n' "" "" ters puts onds
count=0
for config in "${configs[@]}"; do
  rm -rf "${root:?}/$config"
  mkdir -p "$root/$config"
done
for config in "${configs[@]}"; do echo "$config gold" "$config gate"; done |
  xargs -n 2 -P "$jobs" bash -c 'yosys_step "$1" "$root/$1" "build/synth/$1" "$2"' equiv || {
  grep -hE '^ERROR' "$root"/*/{gold,gate}.out
  exit 1
}
modules="$(for config in "${configs[@]}"; do grep -oE '^module [a-z0-9_]+' "build/synth/$config/mcnn_chip.v" | sed "s/module/$config/"; done)"
count="$(wc -l <<< "$modules")"
xargs -n 2 -P "$jobs" bash -c 'prove "$@"' equiv <<< "$modules"

# It must be seen when a register has another input, loses its reset or its clock, and when a clock gate is another circuit.
export base="${configs[-1]}"
export from="build/synth/$base"
changes=(
  "a gate is another" 's/NAND2X1/NOR2X1/'
  "a register without its reset" "s/\.R\(rst_ni\)/.R(1'h1)/"
  "a register takes another bit" 's/(wr_data_o\[0\]_DFFPOSX1  \(\n[^;]*)\.D\([^)]*\)/\1.D(s_axil_wdata_i[1])/'
)
if [[ "$base" == *-gated ]]; then
  changes+=(
    "a latch that is open in the wrong half" 's/INVX1 (.enable_[0-9]*\.invert)/BUFX2 \1/'
    "a gated clock that is high at rest" 's/NAND2X1 (.gate_[0-9]*\.gate)/AND2X2 \1/'
    "a clock that does not wait for the enable" "s/(NAND2X1 .gate_[0-9]*\.gate[^;]*)\.B\([^)]*\)/\1.B(1'h1)/"
  )
fi
count=$((count + ${#changes[@]} / 2))
printf '%s\0' "${changes[@]}" | xargs -0 -n 2 -P "$jobs" bash -c 'broken "$@"' equiv

passed="$(grep -c 1 "$root/results")"
echo "$passed passed, $((count - passed)) failed"
[[ "$passed" -eq "$count" ]]
