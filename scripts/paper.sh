#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The published experiments on simulated chips of a card (variable DEVICE, yao2020), published figure against measured one (Yao et al., Nature
# 577, 641 (2020)): transfer, hybrid training, three convolver groups, two hours of drift, a million reads; and the best flow. Means
# over CHIPS chips, 10,000 test images each. Every row says what it is worth as evidence (its grade; docs/results.md). Every run leaves its result in the folder and is not done again: after an interrupt the
# same call goes on. Results of another program, card or network are dropped. Writes FOLDER/result.json (fractions).
#
#   scripts/paper.sh [build folder] [chips, default 10]      FOLDER: paper of the build folder; of another card paper-CARD
set -euo pipefail
cd "$(dirname "$0")/.."
build="${1:-build}"
chips="${2:-10}"
if ! [[ "$chips" =~ ^[1-9][0-9]*$ ]]; then
  echo "$0: number of chips: found '$chips', allowed: 1 or more" >&2
  exit 2
fi
device="${DEVICE:-yao2020}"
folder="$build/paper"
[[ "$device" == yao2020 ]] || folder+="-$device"
mcnn="$build/mcnn"
plain=data/networks/yao2020-plain.json
# Seconds behind each writing of hybrid training, an assumption (data/devices/yao2020.toml says what it is calibrated with).
wait=3
mkdir -p "$folder"

made_of="$(cat "$mcnn" scripts/paper.sh "data/devices/$device.toml" data/networks/yao2020*.json data/mnist/*.gz | sha256sum)"
if [[ "$(cat "$folder/made_of" 2> /dev/null)" != "$made_of" ]]; then
  rm -f "$folder"/*-*.json "$folder"/*-*.txt "$folder"/*-*.cells
  echo "$made_of" > "$folder/made_of"
fi

# tune NAME SEED OPTIONS...: one chip, its result in NAME-SEED.json.
tune() {
  local name="$1" seed="$2"
  shift 2
  [[ -s "$folder/$name-$seed.json" ]] && return
  echo "$name, chip $seed of $chips" >&2
  "$mcnn" tune --device "$device" --seed "$seed" "$@" --result "$folder/$name-$seed.json" > "$folder/$name-$seed.txt"
}
# later NAME OF SEED OPTIONS...: the tuned chip of OF once more, later.
later() {
  local name="$1" of="$2" seed="$3"
  shift 3
  [[ -s "$folder/$name-$seed.json" ]] && return
  "$mcnn" model --device "$device" --seed "$seed" --load-cells "$folder/$of-$seed.cells" "$@" \
    --result "$folder/$name-$seed.json" > "$folder/$name-$seed.txt"
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
  tune hybrid "$seed" --network "$plain" --wait "$wait" --save-cells "$folder/hybrid-$seed.cells"
  tune groups "$seed" --network "$plain" --wait "$wait" --mapping paper --sharing images --by-group
  tune best "$seed" --flow best --save-cells "$folder/best-$seed.cells"
  later drift hybrid "$seed" --network "$plain" --age 7200
  later reads hybrid "$seed" --network "$plain" --set read_disturb_pulses=1e6
  later best-drift best "$seed" --age 7200
done

# provenance FILE: what the result file says made it.
provenance() { sed -n '/^  "provenance": {$/,/^  },*$/{ s/^  "provenance": //; s/^  },$/  }/; p }' "$1"; }

software="$(value accuracy "$folder/software.json")"
rows=()
row() { # NAME PUBLISHED GRADE COMMAND VARIABLE < statistics
  local grade="$3" mean sd worst
  # What was calibrated is the card yao2020.
  [[ "$device" == yao2020 || "$grade" == "not fitted" ]] || grade=simulated
  read -r mean sd worst
  rows+=("$(awk -v n="$1" -v p="$2" -v g="$grade" -v m="$mean" -v s="$sd" -v w="$worst" -v c="$4" \
    'BEGIN { printf "%-39s %9s  %7.2f %%  %5.2f  %7.2f %%  %-20s  %s", n, p, 100 * m, 100 * s, 100 * w, g, c }')")
  printf -v "$5" '%s' "$mean"
  worst_of_row="$worst"
}
# The mean accuracy of each group alone, over the chips: entry K of "groups" in the results.
group() { # K KEY
  local seed
  for ((seed = 1; seed <= chips; ++seed)); do
    sed -n "/\"groups\": \[/,/\]/s/^ *\"$2\": \([0-9.e+-]*\),*\$/\1/p" "$folder/groups-$seed.json" | sed -n "$1p"
  done
}
command="mcnn tune --device $device --seed N"
row "software" "97.99 %" "not fitted" "mcnn integer --network $plain" software_mean < <(echo "$software 0 $software")
row "after transfer, test" "95.07 %" "fitted" "$command --network $plain --wait $wait" after_transfer < <(all hybrid test_accuracy_before | statistics)
row "after hybrid training, test" "96.19 %" "predicted (*)" "the same" after_hybrid < <(all hybrid test_accuracy_after | statistics)
row "after transfer, training images" "95.18 %" "follows from the fit" "the same" train_before < <(all hybrid training_accuracy_before | statistics)
row "after hybrid training, training images" "96.79 %" "predicted (*)" "the same" train_after < <(all hybrid training_accuracy_after | statistics)
row "three groups, before" "93.86 %" "fitted" "$command --network $plain --wait $wait --mapping paper --sharing images --by-group" groups_before \
  < <(all groups test_accuracy_before | statistics)
row "three groups, after" "95.83 %" "predicted (*)" "the same" groups_after < <(all groups test_accuracy_after | statistics)
published_before=(95.21 93.40 93.80)
published_after=(96.59 95.14 96.14)
for k in 1 2 3; do
  row "  group $k alone, before" "${published_before[k - 1]} %" "follows from the fit" "the same" ignored < <(group "$k" test_accuracy_before | statistics)
  row "  group $k alone, after" "${published_after[k - 1]} %" "predicted (*)" "the same" ignored < <(group "$k" test_accuracy_after | statistics)
done
row "hybrid, two hours later" "-1.9" "fitted" "mcnn model --load-cells hybrid-N.cells --age 7200" two_hours < <(all drift accuracy | statistics)
row "hybrid, 1e6 reads later" "minimal" "assumed" "mcnn model --load-cells hybrid-N.cells --set read_disturb_pulses=1e6" million_reads \
  < <(all reads accuracy | statistics)
row "best flow" "-" "simulated" "$command --flow best" best_mean < <(all best test_accuracy_after | statistics)
best_worst="$worst_of_row"
row "best flow, two hours later" "-" "simulated" "mcnn model --load-cells best-N.cells --age 7200" best_later < <(all best-drift accuracy | statistics)

# How much further (+) or less far the training images came than the published ones.
beyond="$(awk -v a="$train_after" 'BEGIN { printf "%+.2f", 100 * a - 96.79 }')"
{
  printf '%-39s %9s  %9s  %5s  %9s  %-20s  %s\n' "accuracy, $chips chips, N = 1..$chips" published mean s.d. worst grade command
  printf '%s\n' "${rows[@]}"
  cat << EOF

fitted: a parameter of the card was calibrated on this very figure (scripts/calibrate_yao2020.sh); follows from the fit: another view
of the same chips; assumed: a parameter of the card was chosen so that it comes out; predicted: nothing was adjusted to it;
simulated: nothing was published; (*) the $wait s behind each writing are assumed, and it moves with them
hybrid training ends where the held-out images stop getting better, not where the published one did: its training images are
$beyond points from the published ones
EOF
} | tee "$folder/table.txt"
# Of each experiment, its first chip; the others have other seeds.
made="  \"software\": $(provenance "$folder/software.json")"
for name in hybrid groups best drift reads best-drift; do
  made+=$',\n'"  \"$name\": $(provenance "$folder/$name-1.json")"
done
cat > "$folder/result.json.part" << JSON
{
  "provenances": {
$made
  },
  "chips": $chips,
  "software": $software,
  "after_transfer": $after_transfer,
  "after_hybrid": $after_hybrid,
  "training_after_transfer": $train_before,
  "training_after_hybrid": $train_after,
  "groups_before": $groups_before,
  "groups_after": $groups_after,
  "two_hours_later": $two_hours,
  "million_reads_later": $million_reads,
  "best_mean": $best_mean,
  "best_worst": $best_worst,
  "best_two_hours_later": $best_later
}
JSON
mv "$folder/result.json.part" "$folder/result.json"
echo "wrote $folder/result.json"
