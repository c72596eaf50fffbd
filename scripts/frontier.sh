#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Accuracy against energy over converter bits, converter range and skipping, on the chip model with directly programmed cells:
# build/frontier/frontier.csv, a table, and build/frontier/frontier.svg where gnuplot is installed.
#
#   scripts/frontier.sh [chips] [images]      (10 seeds, 10000 test images)
set -euo pipefail
cd "$(dirname "$0")/.."

chips="${1:-10}"
images="${2:-10000}"
build="${BUILD:-build}"
out="build/frontier"
mkdir -p "$out"
csv="$out/frontier.csv"
echo "adc_bits,range,skip,chips,images,accuracy_percent,macro_nJ,chip_nJ" > "$csv.new"
for setting in "8 auto" "8 0" "7 auto" "6 auto" "5 auto"; do
  read -r bits range <<< "$setting"
  for skip in no yes; do
    flag=()
    [[ "$skip" == no ]] || flag=(--skip)
    for ((seed = 1; seed <= chips; seed++)); do
      "$build/mcnn" cost --program direct --adc-bits "$bits" --range "$range" --seed "$seed" --count "$images" "${flag[@]}" |
        awk '/ % right$/ { accuracy = $(NF - 2) } /^sum of the known/ && !chip { chip = $5 } /^array and macro/ { macro = $4 }
             END { print accuracy, macro, chip }'
      # Skipping changes no result: one chip is enough for its energy.
      [[ "$skip" == no ]] || break
    done | awk -v bits="$bits" -v range="$range" -v skip="$skip" -v images="$images" '
      { accuracy += $1; macro += $2; chip += $3; n++ }
      END { printf "%s,%s,%s,%d,%d,%.3f,%.3f,%.3f\n", bits, range, skip, n, images, accuracy / n, macro / n, chip / n }' >> "$csv.new"
    tail -n 1 "$csv.new" >&2
  done
done
mv "$csv.new" "$csv"
column -s, -t "$csv"
if command -v gnuplot > /dev/null; then
  gnuplot << EOF
set terminal svg size 720,480 font "sans-serif"
set output "$out/frontier.svg"
set datafile separator ","
set xlabel "array and macro energy an image [nJ]"
set ylabel "accuracy [%], mean of $chips chips"
set key off
plot "< awk -F, 'NR > 1 && \$3 == \"no\"' $csv" using 7:6 with points pt 7, \
     "" using 7:6:(sprintf("%s bits, range %s", strcol(1), strcol(2))) with labels offset 0,1
EOF
  echo "wrote $out/frontier.svg"
fi
