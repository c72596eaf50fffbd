#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lists the C++ files of the project, one a line; with an argument only those of that suffix (cpp, h).
set -euo pipefail
cd "$(dirname "$0")/.."
suffixes=("${@:-}")
[[ -z "${suffixes[0]}" ]] && suffixes=(cpp h)
for suffix in "${suffixes[@]}"; do
  find behavioral_models cli common host tb tests -name "*.$suffix" -type f
done | sort
