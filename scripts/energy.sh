#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The whole chip on four cell libraries: energy of an image and GOP/s/W of the macro, the chip without and with memories, by `mcnn cost`
# with the cards of data/energy/yao2020, as the tables of docs/energy.md (nJ; GOP/s/W), and a picture of them.
#
#   scripts/energy.sh [build folder] [images]      (build, 10000): build/energy/energy.txt, energy.svg
set -euo pipefail
cd "$(dirname "$0")/.."

build="${1:-build}"
images="${2:-10000}"
out="$build/energy"
mkdir -p "$out"
# node, cells, card of the logic, of the memories
rows=(
  "180 osu018 osu018-gated gf180sram"
  "130 sky130 sky130-gated -"
  "130 ihp130 ihp130-gated ihpsram130"
  "45 nangate45 nangate45-gated sram45"
)
settings=("default|" "6 bits|--adc-bits 6 --range 1 --set programming_range=3")

: > "$out/bars.txt"
for setting in "${settings[@]}"; do
  name="${setting%%|*}"
  read -r -a options <<< "${setting#*|}"
  printf '\n%s\n| nm | cells | macro | logic (leakage) | memories | without memories | with memories |\n|---|---|---|---|---|---|---|\n' "$name"
  for row in "${rows[@]}"; do
    read -r node cells logic memory <<< "$row"
    cards="paper65,$logic"
    [[ "$memory" == - ]] || cards+=",$memory"
    "$build/mcnn" cost --count "$images" --card "$cards" ${options[@]+"${options[@]}"} > "$out/$cells.txt"
    awk -v node="$node" -v cells="$cells" -v setting="$name" -v bars="$out/bars.txt" '
      function shown(value) { return sprintf("%.0f; %s", value, ops / value < 100 ? sprintf("%.1f", ops / value) : sprintf("%.0f", ops / value)) }
      /^component / { part = "macro"; next }
      /^sum of the known/ { part = ""; over = 1 }
      !over && $1 == "pe_read" { part = "logic" }
      !over && $1 == "map_read" { part = "memory" }
      part != "" && $3 ~ /^[0-9.]+$/ { sum[part] += $3; if ($1 ~ /^logic_leakage/) leakage = $3 }
      part != "" && $3 == "missing" { missing[part] = 1 }
      /^operations:/ { for (i = 1; i < NF; i++) if ($(i + 1) == "an" && $i ~ /^[0-9]+$/) ops = $i }
      END {
        without = sum["macro"] + sum["logic"]
        printf "| %s | `%s` | %s | %.0f (%.0f) | %s | %s | %s |\n", node, cells, shown(sum["macro"]), sum["logic"], leakage,
          missing["memory"] ? "missing" : sprintf("%.0f", sum["memory"]), shown(without),
          missing["memory"] ? "missing" : shown(without + sum["memory"])
        printf "\"%s, %s nm\" %s %.1f %.1f %.1f \"%s\"\n", cells, node, cells, sum["macro"], sum["logic"], sum["memory"], setting >> bars
      }' "$out/$cells.txt"
  done
done | tee "$out/energy.txt"

if command -v gnuplot > /dev/null; then
  gnuplot << PLOT
set terminal svg size 720,360 font "sans-serif,12" background "white"
set output "$out/energy.svg"
set style data histograms
set style histogram rowstacked gap 1
set style fill solid border lc rgb "white"
set boxwidth 0.7
set ylabel "energy an image [nJ]"
set key top right
set bmargin 4
set grid y lc rgb "#dddddd"
set xtics font ",10"
set title "Five-layer network, 10,000 images: where the energy of an image goes"
plot newhistogram "as published (8 bits)" font ",11" offset 0,-0.8, "< head -n 4 $out/bars.txt" using 5:xtic(2) title "memories" lc rgb "#b8b8b8", "" using 4 title "logic" lc rgb "#2a6fb0", "" using 3 title "macro" lc rgb "#d9772b", \
  newhistogram "6 bits, zero planes left out" font ",11" offset 0,-0.8 at 5.5, "< tail -n 4 $out/bars.txt" using 5:xtic(2) notitle lc rgb "#b8b8b8", "" using 4 notitle lc rgb "#2a6fb0", "" using 3 notitle lc rgb "#d9772b"
PLOT
  echo "wrote $out/energy.txt and energy.svg"
fi
