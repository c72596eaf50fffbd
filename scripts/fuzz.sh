#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gives the readers of files inputs that libFuzzer makes up, under the address and undefined-behaviour sanitizers (tests/fuzz). What is
# found interesting stays in <build>/corpus and is gone on from; an input that a reader fails on is left in <build>/found.
#
#   scripts/fuzz.sh [--seconds N] [--seed N] [build folder] [target...]     (60 seconds each, all targets)
#
# MCNN_JOBS says how many targets at a time. The last line is "N inputs, N readers failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

export seconds=60 seed=1
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --seconds) seconds="${2:-}" ;;
    --seed) seed="${2:-}" ;;
    *)
      echo "$0: unknown option '$1'; usage: $0 [--seconds N] [--seed N] [build folder] [target...]" >&2
      exit 2
      ;;
  esac
  shift 2
done
for number in "$seconds" "$seed"; do
  [[ "$number" =~ ^[1-9][0-9]{0,8}$ ]] || {
    echo "$0: found '$number', allowed is a number of 1 or more" >&2
    exit 2
  }
done
export build="${1:-build/fuzz}"
shift || true

CXX=clang++ cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMCNN_FUZZ=ON > "$build.log" 2>&1 &&
  cmake --build "$build" -j "${MCNN_JOBS:-$(nproc)}" >> "$build.log" 2>&1 || {
  tail -n 40 "$build.log" >&2
  exit 1
}
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for program in "$build"/fuzz_*; do targets+=("${program##*/fuzz_}"); done
fi
for target in "${targets[@]}"; do
  [[ -x "$build/fuzz_$target" ]] || {
    echo "$0: no target '$target', allowed are: $(cd "$build" && echo fuzz_* | sed 's/fuzz_//g')" >&2
    exit 2
  }
done

fuzz() {
  local target="$1" log="$build/$1.log" inputs covered words="" given=()
  # Files that the project has anyway.
  case "$target" in
    device_card) given=(data/devices tests/data) ;;
    energy_card) given=(data/energy) ;;
    fit) given=(data/devices/measured) ;;
    network) given=(data/networks) ;;
    sweep_plan) given=(sweeps) ;;
  esac
  mkdir -p "$build/corpus/$target" "$build/found"
  "$build/fuzz_$target" -max_total_time="$seconds" -seed="$seed" -timeout=20 -rss_limit_mb=2000 -max_len=8192 -print_final_stats=1 \
    -artifact_prefix="$build/found/$target-" "$build/corpus/$target" "tests/fuzz/corpus/$target" "${given[@]}" > "$log" 2>&1 ||
    words="FAILED: $(grep -oE '^(does not hold|error without|not an Error|SUMMARY).*|[^ ]+: runtime error.*' "$log" | head -n 1); see $log"
  inputs="$(awk '/^stat::number_of_executed_units/ { print $2 }' "$log")"
  covered="$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1 | cut -d ' ' -f 2)"
  printf '%-14s %11d %10d %9d  %s\n' "$target" "${inputs:-0}" "$((${inputs:-0} / seconds))" "${covered:-0}" "$words"
  printf '%d %s\n' "${inputs:-0}" "${words:+failed}" >> "$build/results"
}
export -f fuzz

rm -f "$build/results"
printf '%-14s %11s %10s %9s  (%d s each, seed %d)\n' reader inputs "a second" edges "$seconds" "$seed"
printf '%s\n' "${targets[@]}" | xargs -P "${MCNN_JOBS:-$(nproc)}" -I '{}' bash -c 'fuzz "$1"' fuzz '{}'
awk '{ inputs += $1; failed += NF > 1 } END { printf "%d inputs, %d readers failed\n", inputs, failed; exit failed > 0 }' "$build/results"
