#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Submits the job file of a sweep as an array job of LSF, an element a shard; -r runs an element again whose host fails. LSF
# counts elements from 1. Logs: beside the job file, a file an element.
#
#   scripts/cluster/lsf.sh JOB SHARDS        (called by mcnn sweep --submit lsf)
#
# MCNN_SUBMIT_OPTIONS: more options of bsub, as -q short -W 2:00. MAX_JOB_ARRAY_SIZE of the cluster (1,000 by default) is the
# largest number of shards.
set -euo pipefail
job="$(readlink -f "$1")"
shards="$2"
logs="${job%.job}.logs"
mkdir -p "$logs"
# shellcheck disable=SC2086  # options are words
bsub -J "mcnn-$(basename "$job" .job)[1-$shards]" -r -o "$logs/%I.log" ${MCNN_SUBMIT_OPTIONS:-} << EOT
exec sh '$job' "\$((LSB_JOBINDEX - 1))"
EOT
