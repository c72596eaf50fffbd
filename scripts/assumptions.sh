#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How hybrid training and the two hours after it (scripts/paper.sh) move with what is assumed of the relaxation: the part of its
# variance that is frozen in one draw a write, and its growth a decade. Plain network, yao2020 card, means over CHIPS chips, 10,000 test
# images. Runs of an earlier call are kept while program and card are the same.
#
#   scripts/assumptions.sh [build folder] [chips, default 3]
set -euo pipefail
cd "$(dirname "$0")/.."
build="${1:-build}"
chips="${2:-3}"
folder="$build/assumptions"
mkdir -p "$folder"
made_of="$(cat "${MCNN:-$build/mcnn}" "$0" data/devices/yao2020.toml | sha256sum)"
if [[ "$(cat "$folder/made_of" 2> /dev/null)" != "$made_of" ]]; then
  rm -f "$folder"/*.json "$folder"/*.cells
  echo "$made_of" > "$folder/made_of"
fi
mcnn="${MCNN:-$build/mcnn}"
wait="$(sed -n 's/^wait=//p' scripts/paper.sh)"
value() { sed -n "s/^ *\"$1\": \([0-9.e+-]*\),*\$/\1/p" "$2" | tail -n 1; }

echo "frozen  growth [uS a decade]  transferred   hybrid   two hours later   change [points]"
for frozen in 1 0.5 0; do
  for growth in 0.57 0.25; do
    common=(--device yao2020 --network data/networks/yao2020-plain.json --set "relaxation_frozen_fraction=$frozen"
      --set "relaxation_growth_uS_per_decade=[$growth]")
    for ((seed = 1; seed <= chips; ++seed)); do
      run="$folder/$frozen-$growth-$seed"
      [[ -s "$run.json" ]] ||
        "$mcnn" tune "${common[@]}" --seed "$seed" --wait "$wait" --save-cells "$run.cells" --result "$run.json" > /dev/null
      [[ -s "$run-later.json" ]] ||
        "$mcnn" model "${common[@]}" --seed "$seed" --load-cells "$run.cells" --age 7200 --result "$run-later.json" > /dev/null
      echo "$(value test_accuracy_before "$run.json") $(value test_accuracy_after "$run.json") $(value accuracy "$run-later.json")"
    done | awk -v f="$frozen" -v g="$growth" '{ b += 100 * $1; a += 100 * $2; l += 100 * $3 }
      END { printf "%6s  %20s  %9.2f %%  %6.2f %%  %15.2f %%  %+16.2f\n", f, g, b / NR, a / NR, l / NR, (l - a) / NR }'
  done
done
