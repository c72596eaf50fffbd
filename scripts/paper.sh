#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The published experiments on simulated chips of the yao2020 card, published figure against measured one (Yao et al., Nature
# 577, 641 (2020)): transfer, hybrid training, three convolver groups, two hours of drift; and the best flow. Means over CHIPS chips,
# 10,000 test images each. Every run leaves its result in the folder and is not done again: after an interrupt the same call
# goes on. Writes FOLDER/result.json (fractions).
#
#   scripts/paper.sh [build folder] [chips, default 10]
set -euo pipefail
cd "$(dirname "$0")/.."
build="${1:-build}"
chips="${2:-10}"
if ! [[ "$chips" =~ ^[1-9][0-9]*$ ]]; then
  echo "$0: number of chips: found '$chips', allowed: 1 or more" >&2
  exit 2
fi
folder="$build/paper"
mcnn="$build/mcnn"
plain=data/networks/yao2020-plain.json
mkdir -p "$folder"

# tune NAME SEED OPTIONS...: one chip, its result in NAME-SEED.json.
tune() {
  local name="$1" seed="$2"
  shift 2
  [[ -s "$folder/$name-$seed.json" ]] && return
  echo "$name, chip $seed of $chips" >&2
  "$mcnn" tune --device yao2020 --seed "$seed" "$@" --result "$folder/$name-$seed.json" > "$folder/$name-$seed.txt"
}
# value KEY FILE: the first number behind "KEY" in a JSON file of one key a line.
value() { sed -n "s/^ *\"$1\": \([0-9.e+-]*\),*\$/\1/p" "$2" | tail -n 1; }
# all NAME KEY: the values of all chips, one a line.
all() {
  local seed
  for ((seed = 1; seed <= chips; ++seed)); do value "$2" "$folder/$1-$seed.json"; done
}
# statistics: mean, standard deviation and smallest of the lines.
statistics() {
  awk '{ s += $1; q += $1 * $1; if (NR == 1 || $1 < m) m = $1 }
       END { v = NR > 1 ? (q - s * s / NR) / (NR - 1) : 0; printf "%.6f %.6f %.6f\n", s / NR, sqrt(v > 0 ? v : 0), m }'
}

"$mcnn" integer --network "$plain" --result "$folder/software.json" > "$folder/software.txt"
for ((seed = 1; seed <= chips; ++seed)); do
  tune hybrid "$seed" --network "$plain" --save-cells "$folder/hybrid-$seed.cells"
  tune groups "$seed" --network "$plain" --mapping paper
  tune best "$seed" --flow best
  # The tuned chip two hours later.
  if [[ ! -s "$folder/drift-$seed.json" ]]; then
    "$mcnn" model --device yao2020 --seed "$seed" --network "$plain" --load-cells "$folder/hybrid-$seed.cells" \
      --age 7200 --result "$folder/drift-$seed.json" > "$folder/drift-$seed.txt"
  fi
done

software="$(sed -n 's/^  integer network.* \([0-9.]*\) %.*/\1/p' "$folder/software.txt" | awk '{ printf "%.6f", $1 / 100 }')"
drift() {
  local seed
  for ((seed = 1; seed <= chips; ++seed)); do
    sed -n 's/^  chip (chip model).* \([0-9.]*\) %.*/\1/p' "$folder/drift-$seed.txt" | awk '{ printf "%.6f\n", $1 / 100 }'
  done
}

rows=()
row() { # NAME PUBLISHED COMMAND < statistics
  local mean sd worst
  read -r mean sd worst
  rows+=("$(awk -v n="$1" -v p="$2" -v m="$mean" -v s="$sd" -v w="$worst" -v c="$3" \
    'BEGIN { printf "%-42s %9s  %7.2f %%  %5.2f  %7.2f %%   %s", n, p, 100 * m, 100 * s, 100 * w, c }')")
  printf -v "$4" '%s' "$mean"
  worst_of_row="$worst"
}
command="mcnn tune --device yao2020 --seed N"
row "software" "97.99 %" "mcnn integer --network $plain" software_mean < <(echo "$software 0 $software")
row "after transfer, test" "95.07 %" "$command --network $plain" after_transfer < <(all hybrid test_accuracy_before | statistics)
row "after hybrid training, test" "96.19 %" "the same" after_hybrid < <(all hybrid test_accuracy_after | statistics)
row "after transfer, training images" "95.18 %" "the same" train_before < <(all hybrid training_accuracy_before | statistics)
row "after hybrid training, training images" "96.79 %" "the same" train_after < <(all hybrid training_accuracy_after | statistics)
row "three groups, before" "93.86 %" "$command --network $plain --mapping paper" groups_before \
  < <(all groups test_accuracy_before | statistics)
row "three groups, after" "95.83 %" "the same" groups_after < <(all groups test_accuracy_after | statistics)
row "hybrid, two hours later" "-1.9" "mcnn model --load-cells hybrid-N.cells --age 7200" two_hours < <(drift | statistics)
row "best flow" "-" "$command --flow best" best_mean < <(all best test_accuracy_after | statistics)
best_worst="$worst_of_row"

{
  printf '%-42s %9s  %9s  %5s  %9s   %s\n' "accuracy, $chips chips, N = 1..$chips" published mean s.d. worst command
  printf '%s\n' "${rows[@]}"
} | tee "$folder/table.txt"
cat > "$folder/result.json.part" << JSON
{
  "chips": $chips,
  "software": $software,
  "after_transfer": $after_transfer,
  "after_hybrid": $after_hybrid,
  "training_after_transfer": $train_before,
  "training_after_hybrid": $train_after,
  "groups_before": $groups_before,
  "groups_after": $groups_after,
  "two_hours_later": $two_hours,
  "best_mean": $best_mean,
  "best_worst": $best_worst
}
JSON
mv "$folder/result.json.part" "$folder/result.json"
echo "wrote $folder/result.json"
