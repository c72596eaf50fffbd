#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Speeds of the three engines on one core, each with what it was measured on: the median of three runs; memory; robustness.
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
# Every non-ideality of cells and converters, and wires.
everything=(--device yao2020)
for field in wire_resistance_ohm=1 adc_gain_sigma=0.01 adc_offset_sigma_codes=0.5 adc_inl_codes=0.5 drift_exponent=0.005 \
  drift_exponent_sigma=0.002 read_disturb_per_pulse=1e-9 read_disturb_pulses=1e6 stuck_high_rate=0.001 stuck_low_rate=0.001 \
  endurance_pulses=1e6 endurance_sigma_decades=0.3 read_noise_uS=0.05 programming_sigma_uS=0.1; do
  everything+=(--set "$field")
done
measure "RTL, everything on" rtl-all sim "${everything[@]}" --jobs 1 --count 2000 --check 0
measure "chip model, everything on" model-all model "${everything[@]}" --jobs 1 --count 10000
measure "integer network" integer integer --jobs 1 --count 10000

# counting LABEL WHAT OPTIONS...: what counting for the energy costs. Runs with and without it take turns, so that whatever else
# the machine does meets both; the median of nine pairs.
counting() {
  local label="$1" what="$2" pair with without
  shift 2
  for ((pair = 0; pair < 9; pair++)); do
    "$build/mcnn" "$@" --result "$folder/$what.json" > "$folder/$what.log"
    with="$(value images_per_second_per_core "$folder/$what.json")"
    "$build/mcnn" "$@" --no-counts --result "$folder/$what.json" > "$folder/$what.log"
    without="$(value images_per_second_per_core "$folder/$what.json")"
    awk -v with="$with" -v without="$without" 'BEGIN { print 100 * (without / with - 1) }'
  done | sort -g | awk -v label="$label" -v command="$*" '{ cost[NR] = $1 }
    END { printf "%-34s %8.1f %% of the time (%.1f to %.1f)  mcnn %s [--no-counts]\n", label, cost[5], cost[1], cost[9], command }'
}
counting "counting, RTL" rtl-counts sim --device typical --jobs 1 --count 1000 --check 0
counting "counting, chip model" model-counts model --device typical --jobs 1 --count 5000
peak="$( { "$build/mcnn" sim --count 2000 --check 0 > /dev/null & pid=$!; peak=0
  while kill -0 $pid 2> /dev/null; do
    now="$(awk '/^VmHWM/ { print $2 }' /proc/$pid/status 2> /dev/null || true)"
    [[ -n "$now" ]] && peak="$now"
    sleep 0.1
  done
  wait $pid; echo "$peak"; } )"
printf '%-34s %8.0f MB                      mcnn sim --count 2000 --check 0\n' "memory, RTL on all cores" "$((peak / 1024))"

# Not a speed, but many runs as well: how robust the network is against errors of its weights.
for seed in 1 2 3 4 5 6 7 8 9 10; do
  "$build/mcnn" model --device weight-error-6pct --seed "$seed" --result "$folder/seed.json" > /dev/null
  value accuracy "$folder/seed.json"
done | awk '{ n += 1; sum += $1; squares += $1 * $1; if (n == 1 || $1 < low) low = $1 }
  END { mean = sum / n; printf "%-34s %8.2f %% mean of 10 seeds (s.d. %.2f, worst %.2f)   mcnn model --device weight-error-6pct --seed 1..10\n",
        "accuracy, 6 % error on weights", 100 * mean, 100 * sqrt((squares - n * mean * mean) / (n - 1)), 100 * low }'
