#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the C++ under the sanitizers of gcc and runs it: tests under the address and undefined-behaviour sanitizers, and under
# the thread sanitizer the tests with threads and the mcnn command on several threads. Of the RTL only `tiny` is Verilated. A
# report is a failure; the first one is printed.
#
#   scripts/sanitize.sh [--quick] [build folder] [address|thread...]     (build/sanitize, both)
#
# --quick: the tests of the models, the importer and the rooms that they use, and no command. What takes thousands of images is
# left out in any case.
set -euo pipefail
cd "$(dirname "$0")/.."

quick=""
[[ "${1:-}" == --quick ]] && quick=1 && shift
build="${1:-build/sanitize}"
shift || true
kinds=("$@")
[[ ${#kinds[@]} -gt 0 ]] || kinds=(address thread)

export MCNN_TEST_SECONDS="${MCNN_TEST_SECONDS:-3600}"
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=scripts/thread_sanitizer.supp

configure_and_build() { # kind target...
  local kind="$1" folder="$build/$1"
  shift
  mkdir -p "$folder"
  cmake -S . -B "$folder" -G Ninja -DMCNN_SANITIZE="$kind" -DMCNN_RTL=tiny -DMCNN_WERROR=OFF > "$folder.log" 2>&1 &&
    cmake --build "$folder" -j "${MCNN_JOBS:-$(nproc)}" --target "$@" >> "$folder.log" 2>&1 || {
    tail -n 40 "$folder.log" >&2
    return 1
  }
}

failed=0
commands=0
# A command on several threads, which must end well.
several_threads() {
  local log="$build/thread/commands.log"
  commands=$((commands + 1))
  if "$build/thread/mcnn" "$@" --jobs 4 > "$log" 2>&1; then
    echo "no report of mcnn $1 --jobs 4"
  else
    failed=$((failed + 1))
    echo "mcnn $* --jobs 4: failed"
    head -n 60 "$log" | sed 's/^/    /'
  fi
}

for kind in "${kinds[@]}"; do
  case "$kind" in
    address)
      tests=(mcnn_common_test mcnn_models_test mcnn_import_test)
      [[ -n "$quick" ]] || tests+=(mcnn_host_test mcnn_sweep_test mcnn_provenance_test fuzz_corpus_test programming_model_test
        end_to_end_model_test)
      ;;
    thread)
      tests=(mcnn_common_test mcnn_import_test)
      ;;
    *)
      echo "$0: found '$kind', allowed are address and thread" >&2
      exit 2
      ;;
  esac
  targets=("${tests[@]}")
  [[ "$kind" != thread || -n "$quick" ]] || targets+=(mcnn)
  echo "== $kind sanitizer"
  configure_and_build "$kind" "${targets[@]}"
  scripts/run_tests.sh "$build/$kind" --gtest_filter=-Mnist.* || failed=$((failed + 1))
  [[ "$kind" == thread && -z "$quick" ]] || continue
  work="$build/thread/work"
  rm -rf "$work"
  mkdir -p "$work"
  several_threads integer --count 400
  several_threads model --count 60
  several_threads sim --config tiny --count 60 --check 20
  several_threads cost --count 20
  several_threads sweep --vary seed=1:4 --set count=20 --out "$work/chips.csv"
  several_threads tune --flow best --training-count 100 --validation 50 --batch 50 --count 50
  echo "$commands commands on several threads"
done
[[ $failed -eq 0 ]]
