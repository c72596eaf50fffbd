#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every GoogleTest program below <build>/tests and ends with one line, "N passed, N failed", or "N passed, N failed, N
# skipped" where tests said that they cannot run here: the sum over the programs, read from the results that each one writes.
# A program that crashes, hangs or writes no results counts as one failure more. Exit status 1 if anything failed or nothing ran.
#
#   scripts/run_tests.sh [build folder] [gtest arguments...]
set -euo pipefail
build="${1:-build}"
shift || true
time_limit="${MCNN_TEST_SECONDS:-1200}"
results="$build/test-results"
rm -rf "$results"
mkdir -p "$results"

mapfile -t programs < <(find "$build/tests" -name '*_test' -type f -perm -u+x | sort)
passed=0
failed=0
not_run=0
for program in "${programs[@]}"; do
  name="$(basename "$program")"
  report="$results/$name.json"
  log="$results/$name.log"
  started=$SECONDS
  status=0
  timeout -k 10 "$time_limit" "$program" --gtest_color=no "--gtest_output=json:$report" "$@" \
    > "$log" 2>&1 < /dev/null || status=$?
  counts=""
  if [[ -s "$report" ]]; then
    # The first "tests", "failures" and "disabled" of the file are those of the whole program.
    counts="$(awk -F '[:,]' '
      /"tests":/    && !t { t = $2 + 0; has_t = 1 }
      /"failures":/ && !seen_f { f = $2 + 0; seen_f = 1 }
      /"disabled":/ && !seen_d { d = $2 + 0; seen_d = 1 }
      END { if (has_t) print t - d - f, f }' "$report")"
  fi
  read -r good bad <<< "${counts:-0 0}"
  # Skipped tests ran nothing: they are not passed.
  skipped="$(grep -c '"result": "SKIPPED"' "$report" 2> /dev/null || true)"
  skipped="${skipped:-0}"
  good=$((good - skipped))
  if [[ $status -ne 0 && $bad -eq 0 ]] || [[ -z "$counts" ]]; then
    bad=$((bad + 1))
    echo "$name: ended with status $status$([[ $status -eq 124 ]] && echo " (time limit of $time_limit s)")" >> "$log"
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
  not_run=$((not_run + skipped))
  printf '%-40s %4d passed %4d failed %s %4d s\n' "$name" "$good" "$bad" \
    "$([[ $skipped -gt 0 ]] && printf '%4d skipped' "$skipped")" $((SECONDS - started))
  if [[ $bad -gt 0 ]]; then
    grep -vE '^\[ +(OK|RUN) +\]|^\[-+\]' "$log" | tail -n 60 | sed 's/^/    /'
  fi
done
echo "$passed passed, $failed failed$([[ $not_run -gt 0 ]] && echo ", $not_run skipped")"
[[ $failed -eq 0 && $passed -gt 0 ]]
