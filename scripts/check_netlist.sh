#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Does the synthesised netlist do what the RTL does? Puts the netlists of scripts/synth.sh, their cells as the library describes them,
# into the bench instead of the RTL: programs `yao2020` and classifies MNIST images with it, compared bit for bit with the chip
# model; then runs the network, programming and bus tests of `tiny`. Most of the time goes into compiling the netlists.
#
#   scripts/check_netlist.sh [--gated] [build folder]       (build)
#
# --gated takes the netlists with clock gates. Leaves <build>/netlist-plain or <build>/netlist-gated, whose mcnn command is that of
# the RTL, without what looks into the RTL (timeline). MCNN_IMAGES says how many images (5), MCNN_CHECK=yao2020 or tiny leaves the
# other out.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=plain
suffix=""
if [[ "${1:-}" == --gated ]]; then
  kind=gated
  suffix=-gated
  shift
fi
build="${1:-build}/netlist-$kind"
images="${MCNN_IMAGES:-5}"
check="${MCNN_CHECK:-yao2020 tiny}"
for config in $check; do
  [[ -s "build/synth/$config$suffix/mcnn_chip.v" ]] || {
    echo "$0: no netlist build/synth/$config$suffix/mcnn_chip.v (scripts/synth.sh $config$suffix)" >&2
    exit 2
  }
done

mkdir -p "$build"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMCNN_NETLIST="$kind" > "$build/cmake.log" 2>&1 || {
  cat "$build/cmake.log" >&2
  exit 1
}
targets=()
[[ "$check" != *yao2020* ]] || targets+=(mcnn)
[[ "$check" != *tiny* ]] || targets+=(end_to_end_rtl_test programming_rtl_test chip_bus_test)
cmake --build "$build" -j "${MCNN_JOBS:-$(nproc)}" --target "${targets[@]}" > "$build/build.log" 2>&1 || {
  grep -E 'error|FAILED' "$build/build.log" | head -n 40 >&2
  exit 1
}
# Images with zero planes left out, and with all planes; both compare every feature map, counter, logit and clock.
if [[ "$check" == *yao2020* ]]; then
  for option in "" --no-skip; do
    echo "yao2020$suffix, $images images ${option:-}"
    "$build/mcnn" sim --config yao2020 --count "$images" --check "$images" $option > "$build/sim.log" || {
      tail -n 20 "$build/sim.log" >&2
      exit 1
    }
    grep 'check:' "$build/sim.log"
  done
fi
[[ "$check" != *tiny* ]] || scripts/run_tests.sh "$build" '--gtest_filter=*tiny*:ChipBus*'
