#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Calibrates the yao2020 device card: the standard deviation of the relaxation at which the plain network keeps on the test
# set, in the mean of ten chips, what the published chip kept after weight transfer: 95.07 % (Yao et al., Nature 577,
# 641 (2020)). The runs are those of sweeps/calibrate_yao2020.toml; rows of an earlier call are kept, so a second call only computes.
# Prints the mean accuracy for each standard deviation and the one at which straight lines between them cross the target.
#
#   scripts/calibrate_yao2020.sh [build folder]
set -euo pipefail
cd "$(dirname "$0")/.."
build="${1:-build}"
target=95.07
folder="$build/calibration"
mkdir -p "$folder"
"$build/mcnn" sweep --plan sweeps/calibrate_yao2020.toml --out "$folder"

# Columns: run, relaxation_sigma_uS as [x], seed, images, correct, ...
awk -F, -v target="$target" '
  /^[0-9]/ {
    sigma = substr($2, 2, length($2) - 2)
    if (!(sigma in runs)) order[++points] = sigma
    ++runs[sigma]
    sum[sigma] += 100 * $5 / $4
  }
  END {
    print "relaxation_sigma_uS   chips   mean accuracy"
    for (i = 1; i <= points; ++i) {
      s = order[i]
      mean = sum[s] / runs[s]
      printf "%-21s %5d   %.2f %%\n", s, runs[s], mean
      if (i > 1 && before >= target && mean < target && !found) {
        found = order[i - 1] + (s - order[i - 1]) * (before - target) / (before - mean)
      }
      before = mean
    }
    if (!found) {
      print "the target is not between them" > "/dev/stderr"
      exit 1
    }
    printf "relaxation_sigma_uS = %.2f for %.2f %%\n", found, target
  }' "$folder/yao2020-relaxation.csv"
