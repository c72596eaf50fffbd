#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Accuracy against energy over converter bits, converter range, leading zero planes and the shape of the arrays, on the chip model:
# build/frontier/frontier.csv, a table, frontier.svg where gnuplot is installed, and at the end the setting to recommend.
#
#   scripts/frontier.sh [chips] [images]      (10 chips, seeds 1 and on; 10000 test images)
#
# The setting to recommend is chosen on the same chips by the training images of the repository; the test images decide nothing, they
# say what was chosen. Cells are programmed in the closed loop. A converter of fewer bits reads its verify codes at a range lower by as many, so that
# the largest level fits and takes the same part of its scale; its noise stays 0.4 of its own code. Accuracy is the mean of the
# chips (mcnn sweep), energy that of the first one (mcnn cost): it hardly differs from chip to chip. What is there of the same program,
# cards and options is not run again. Variables: BUILD, DEVICE (typical), CARD, POINTS (accuracy on the training images that the
# recommended setting may lose, 0.15 points).
set -euo pipefail
cd "$(dirname "$0")/.."

chips="${1:-10}"
images="${2:-10000}"
build="${BUILD:-build}"
device="${DEVICE:-typical}"
card="${CARD:-paper65,osu018-gated,gf180sram}"
points="${POINTS:-0.15}"
network="data/networks/yao2020.json"
training="data/mnist/train6k"
base="constraints/yao2020.params"
out="$build/frontier"
rows="$out/rows"
mkdir -p "$out"

# Shapes with the cells of the default one, as near as the parameters allow (24 PEs at most), and the default one with fewer ADC
# lanes: PEs, source lines, lanes.
shapes=("24 32 8" "16 64 16" "4 256 64" "8 128 16")
bit_list=(8 7 6 5)
range_list=(0 1 2)

# What the rows depend on.
origin="$({ sha256sum "$build/mcnn" "$base" "$network" "scripts/frontier.sh" data/mnist/*.gz data/devices/*.toml data/energy/*.toml data/energy/*/*.toml
  echo "$chips $images $device $card ${shapes[*]}"; } | sha256sum)"
if [[ "$(cat "$out/origin" 2> /dev/null)" != "$origin" ]]; then
  rm -rf "$rows"
  echo "$origin" > "$out/origin"
fi
mkdir -p "$rows/shapes" "$rows/cost"

configs=(yao2020)
for shape in "${shapes[@]}"; do
  read -r pes lines lanes <<< "$shape"
  file="$rows/shapes/${pes}x${lines}-${lanes}.params"
  sed "s/^NumPe=.*/NumPe=$pes/; s/^NumSl=.*/NumSl=$lines/; s/^NumAdc=.*/NumAdc=$lanes/" "$base" > "$file"
  configs+=("$file")
done
value() { sed -n "s/^$1 *= *\([0-9]*\).*/\1/p" "$2"; }
base_bits="$(value AdcBits "$base")"
verify_range="$(value programming_range "data/devices/$device.toml")"
verify() { echo $((${verify_range:-5} - base_bits + $1)); }

list() { local IFS=,; echo "$*"; }
for bits in "${bit_list[@]}"; do
  for what in "shapes config $(list "${configs[@]}")" "ranges range $(list "${range_list[@]}")"; do
    read -r name key values <<< "$what"
    for part in test training; do
      chosen_images="\"count=$images\""
      [[ "$part" == test ]] || chosen_images="\"images=$training-images-idx3-ubyte.gz\", \"labels=$training-labels-idx1-ubyte.gz\""
      printf '[[sweep]]\nname = "%s-%s-%s"\n' "$name" "$bits" "$part"
      printf 'set = ["network=%s", "device=%s", "adc_bits=%s", "programming_range=%s", %s]\n' "$network" "$device" "$bits" \
        "$(verify "$bits")" "$chosen_images"
      printf 'vary = ["%s=%s", "seed=1:%s"]\n\n' "$key" "$values" "$chips"
    done
  done
done > "$rows/plan.toml"
"$build/mcnn" sweep --plan "$rows/plan.toml" --out "$rows" > "$rows/sweep.log"

# The digital figures were measured on the default shape. For the others their copies say that they hold for any: the same figures
# an event, an estimate.
mkdir -p "$rows/any"
any=()
IFS=, read -r -a names <<< "$card"
for name in "${names[@]}"; do
  if [[ -f "data/energy/yao2020/$name.toml" ]]; then
    sed 's/^configuration = .*/configuration = "any"/' "data/energy/yao2020/$name.toml" > "$rows/any/$name.toml"
    name="$rows/any/$name.toml"
  fi
  any+=("$name")
done
any_card="$(list "${any[@]}")"

# cost FILE CARD CONFIG BITS RANGE SKIP: the figures of a setting, unless they are there.
cost() {
  [[ -s "$1" ]] && return
  local flag=()
  [[ "$6" == yes ]] || flag=(--no-skip)
  "$build/mcnn" cost --card "$2" --config "$3" --network "$network" --device "$device" --adc-bits "$4" \
    --set "programming_range=$(verify "$4")" --range "$5" --count "$images" "${flag[@]}" --result "$1" > "${1%.json}.txt"
}
# figures FILE: macro energy, energy of all that is known [nJ], time [us], of an image.
figures() {
  awk -F '[:,]' '/^  "macro_pJ_per_image"/ { macro = $2 } /^  "pJ_per_image"/ { chip = $2 } /^  "seconds_per_image"/ { time = $2 }
    END { printf "%.3f,%.3f,%.2f", macro / 1e3, chip / 1e3, time * 1e6 }' "$1"
}
# accuracy FILE KEY VALUE: mean, standard deviation and worst of the chips [%].
accuracy() {
  awk -F, -v key="$2" -v value="$3" '/^#/ { next } /^run,/ { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $column[key] == value { a = 100 * $column["accuracy"]; n++; sum += a; squares += a * a; if (n == 1 || a < low) low = a }
    END { mean = sum / n; spread = squares - n * mean * mean; sd = 0
      if (n > 1 && spread > 0) sd = sqrt(spread / (n - 1))
      printf "%.3f,%.3f,%.3f", mean, sd, low }' "$1"
}

csv="$out/frontier.csv"
{
  echo "pes,source_lines,adc_lanes,adc_bits,range,skip,chips,images,accuracy_percent,sd_percent,worst_percent,macro_nJ,chip_nJ,us_an_image,training_percent"
  for bits in "${bit_list[@]}"; do
    for config in "${configs[@]}"; do
      ranges=(auto)
      [[ "$config" != yao2020 ]] || ranges+=("${range_list[@]}")
      params="$config"
      [[ "$config" != yao2020 ]] || params="$base"
      for range in "${ranges[@]}"; do
        which=("ranges-$bits" range "$range")
        [[ "$range" != auto ]] || which=("shapes-$bits" config "$config")
        right="$(accuracy "$rows/${which[0]}-test.csv" "${which[@]:1}")"
        trained="$(accuracy "$rows/${which[0]}-training.csv" "${which[@]:1}")"
        for skip in no yes; do
          file="$rows/cost/$(basename "$config" .params)-$bits-$range-$skip.json"
          cards="$card"
          [[ "$config" == yao2020 ]] || cards="$any_card"
          cost "$file" "$cards" "$config" "$bits" "$range" "$skip"
          echo "$(value NumPe "$params"),$(value NumSl "$params"),$(value NumAdc "$params"),$bits,$range,$skip,$chips,$images,$right,$(figures "$file"),${trained%%,*}"
        done
      done
    done
  done
} > "$csv.new"

# Pareto fronts: no other row is at least as good in both and better in one. The energy of another whole chip than the default one is
# an estimate, and not compared.
awk -F, -v OFS=, -v default_shape="$(value NumPe "$base"),$(value NumSl "$base"),$(value NumAdc "$base")" '
  NR == 1 { print $0, "chip_is", "front_macro", "front_chip"; next }
  { row[++n] = $0; right[n] = $9; macro[n] = $12; chip[n] = $13; measured[n] = ($1 "," $2 "," $3 == default_shape) }
  END {
    for (i = 1; i <= n; i++) {
      m = 1; c = measured[i]
      for (j = 1; j <= n; j++) {
        if (right[j] >= right[i] && macro[j] <= macro[i] && (right[j] > right[i] || macro[j] < macro[i])) m = 0
        if (measured[j] && right[j] >= right[i] && chip[j] <= chip[i] && (right[j] > right[i] || chip[j] < chip[i])) c = 0
      }
      print row[i], measured[i] ? "measured" : "estimate", m, c
    }
  }' "$csv.new" > "$csv"
rm "$csv.new"

# Rows without and with MODE.SKIP side by side: it changes energy of the digital part and time only.
awk -F, '
  function mark(front, what) { return front ? "*" : what == "estimate" ? "~" : " " }
  NR == 1 {
    printf "%-12s %4s %-5s %9s %7s %8s %9s  %10s  %8s %10s  %8s\n", "PEs x lines", "bits", "range", "accuracy", "s.d.", "worst", "macro nJ",
      "all planes", "us", "chip nJ", "us"
  }
  NR > 1 && $6 == "no" {
    line = sprintf("%-12s %4d %-5s %9.2f %7.3f %8.2f %9.1f%s %10.1f%s %8.1f", $1 "x" $2 "/" $3, $4, $5, $9, $10, $11, $12, mark($17, ""),
      $13, mark($18, $16), $14)
  }
  NR > 1 && $6 == "yes" { printf "%s %10.1f%s %8.1f\n", line, $13, mark($18, $16), $14 }' "$csv"
cat << EOF
lanes behind the /; accuracy of $chips chips on $images images [%]; energy and time of an image; * on the Pareto front; ~ with the digital
figures of the default shape; macro: array, drivers, sample and hold, converters; chip: all that card $card has a figure for
EOF

# The setting to recommend: of the default shape, for that one has a netlist, the least macro energy that loses no more than
# POINTS on the training images, and of equal ones the least energy of the chip.
default="$(awk -F, '$16 == "measured" && $4 == 8 && $5 == "auto" && $6 == "yes"' "$csv")"
chosen="$(awk -F, -v least="$(cut -d, -f 15 <<< "$default")" -v points="$points" '
  $16 == "measured" && $15 >= least - points && (best == "" || $12 < macro || ($12 == macro && $13 < chip)) { best = $0; macro = $12; chip = $13 }
  END { print best }' "$csv")"
IFS=, read -r _ _ _ bits range skip _ <<< "$chosen"
option=""
[[ "$skip" == yes ]] || option=" --no-skip"
echo
paste -d, <(echo "$default") <(echo "$chosen") | awk -F, -v n="$chips" -v option="$option" -v points="$points" '{
  a = 9; b = a + 18
  printf "recommended (at most %s points lost on training images): %s bits, range %s%s instead of 8 bits\n", points, $(b - 5), $(b - 4), option
  printf "  training images, by which it was chosen: %.2f %% instead of %.2f %%: %+.2f points\n", $(b + 6), $(a + 6), $(b + 6) - $(a + 6)
  printf "  accuracy %.2f %% instead of %.2f %%: %+.2f points (standard error %.2f)\n", $b, $a, $b - $a, sqrt(($(a + 1) ^ 2 + $(b + 1) ^ 2) / n)
  printf "  as the paper counts (macro): %.1f instead of %.1f nJ an image: %+.1f %%\n", $(b + 3), $(a + 3), 100 * ($(b + 3) / $(a + 3) - 1)
  printf "  whole chip, what is known:   %.1f instead of %.1f nJ an image: %+.1f %%\n", $(b + 4), $(a + 4), 100 * ($(b + 4) / $(a + 4) - 1)
}'
echo "  build/mcnn cost --card $card --adc-bits $bits --set programming_range=$(verify "$bits") --range $range$option"

if command -v gnuplot > /dev/null; then
  gnuplot << EOF
set terminal svg size 1100,480 font "sans-serif,12" background "#ffffff"
set output "$out/frontier.svg"
set datafile separator ","
set multiplot layout 1,2
set ylabel "accuracy [%], mean of $chips chips and its standard error"
set yrange [$(awk -F, '{ printf "%.2f:%.2f", $9 - 0.4, $9 + 0.1 }' <<< "$default")]
set key bottom right
set grid
front(column) = sprintf("< awk -F, 'NR > 1 && \$%d == 1' $csv | sort -t, -g -k %d", column, column == 17 ? 12 : 13)
set xlabel "array and macro, energy an image [nJ] (settings that lose more than 0.4 points are not shown)"
set xrange [0:*]
plot for [b in "8 7 6 5"] "< awk -F, 'NR > 1 && \$4 == ".b." && \$6 == \"no\"' $csv" using 12:9:(\$10 / sqrt($chips)) with yerrorbars pt 7 ps 0.6 title b." bits", \
     front(17) using 12:9 with linespoints lc black pt 6 ps 1.4 title "Pareto front"
set xlabel "whole chip of the default shape, what is known, energy an image [nJ]"
set ylabel ""
set key bottom left
plot for [b in "8 7 6 5"] "< awk -F, 'NR > 1 && \$16 == \"measured\" && \$4 == ".b."' $csv" using 13:9:(\$10 / sqrt($chips)) with yerrorbars pt 7 ps 0.6 title b." bits", \
     front(18) using 13:9 with linespoints lc black pt 6 ps 1.4 title "Pareto front"
EOF
  echo "wrote $csv, $out/frontier.svg"
else
  echo "wrote $csv"
fi
