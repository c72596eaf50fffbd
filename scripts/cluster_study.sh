#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What sharding costs and what kills lose: one study as a sweep of one process, as shards, and as shards of which random ones are
# killed and begun again; the three files are compared byte for byte. Everything runs on this machine, in <build>/cluster.
#
#   scripts/cluster_study.sh [chips] [images] [shards] [kills]      (10000 chips, 20 images, 64 shards, 10 kills)
#
# Chips are drawn (read noise, gains of converters, stuck cells) and programmed in the closed loop. The fewer images, the more the start of a shard
# counts. Variables: BUILD, JOBS (shards at a time, 2),
# ARGS (more options of the sweep, as --program direct).
set -euo pipefail
cd "$(dirname "$0")/.."

chips="${1:-10000}"
images="${2:-20}"
shards="${3:-64}"
kills="${4:-10}"
build="${BUILD:-build}"
jobs="${JOBS:-2}"
out="$build/cluster"
rm -rf "$out"
mkdir -p "$out"
export MCNN_LOCAL_JOBS="$jobs"
RANDOM=1

study=(sweep --device yao2020 --sample "read_noise=log(0.003,0.1)" --sample "adc_gain_sigma=log(0.005,0.05)"
  --sample "stuck_low_rate=log(0.0001,0.01)" --runs "$chips" --count "$images")
read -r -a more <<< "${ARGS:-}"
study+=("${more[@]}")
TIMEFORMAT='%U %S'
# processor FILE COMMAND...: the processor time of a command, children included [s], into FILE.
processor() {
  local file="$1"
  shift
  { time "$@" > "$out/log" 2>&1; } 2> "$file.times"
  awk '{ print $1 + $2 }' "$file.times" > "$file"
}

processor "$out/one" "$build/mcnn" "${study[@]}" --jobs 1 --out "$out/one.csv"
processor "$out/sharded" "$build/mcnn" "${study[@]}" --out "$out/sharded.csv" --shards "$shards" --submit local
processor "$out/merged" "$build/mcnn" "${study[@]}" --out "$out/sharded.csv" --shards "$shards" --status
cmp "$out/one.csv" "$out/sharded.csv"

# The killer waits for a random time, takes a random shard that runs, and kills it. A shard that was killed begins again when the
# others are through, as one that a cluster queues again.
killed=0
while true; do
  "$build/mcnn" "${study[@]}" --out "$out/killed.csv" --shards "$shards" --submit local > "$out/log" 2>&1 &
  submitter=$!
  while kill -0 "$submitter" 2> /dev/null; do
    sleep "$((RANDOM % 5)).$((RANDOM % 10))"
    ((killed < kills)) || continue
    mapfile -t running < <(pgrep -f -- "--out $out/killed.csv --shard " || true)
    ((${#running[@]} > 0)) || continue
    kill -KILL "${running[RANDOM % ${#running[@]}]}" 2> /dev/null && killed=$((killed + 1))
  done
  wait "$submitter" || true
  if "$build/mcnn" "${study[@]}" --out "$out/killed.csv" --shards "$shards" --status > "$out/status"; then break; fi
done
cmp "$out/one.csv" "$out/killed.csv"

awk -v one="$(cat "$out/one")" -v sharded="$(cat "$out/sharded")" -v merged="$(cat "$out/merged")" -v chips="$chips" \
  -v shards="$shards" -v killed="$killed" -v images="$images" -v bytes="$(stat -c %s "$out/one.csv")" 'BEGIN {
  printf "%d chips of %d images, processor time:\n", chips, images
  printf "  one process    %8.1f s, %.2f ms a chip\n", one, 1000 * one / chips
  printf "  %4d shards    %8.1f s, %+.2f %%; %.1f s to put them together\n", shards, sharded, 100 * (sharded / one - 1), merged
  printf "  %d shards killed at random and begun again: the same file, byte for byte (%.0f bytes a chip)\n", killed, bytes / chips
}'
