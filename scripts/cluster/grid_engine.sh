#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Submits the job file of a sweep as an array job of Grid Engine, a task a shard; -r y runs a task again whose host fails. Grid
# Engine counts tasks from 1. Logs: beside the job file, a file a task.
#
#   scripts/cluster/grid_engine.sh JOB SHARDS    (called by mcnn sweep --submit grid_engine)
#
# MCNN_SUBMIT_OPTIONS: more options of qsub, as -q short.q -l h_rt=2:00:00. max_aj_tasks of the cluster (75,000 by default) is
# the largest number of shards.
set -euo pipefail
job="$(readlink -f "$1")"
shards="$2"
logs="${job%.job}.logs"
mkdir -p "$logs"
# shellcheck disable=SC2086  # options are words
qsub -N "mcnn-$(basename "$job" .job)" -t "1-$shards" -r y -j y -o "$logs/\$TASK_ID.log" -S /bin/sh \
  ${MCNN_SUBMIT_OPTIONS:-} << EOT
exec sh '$job' "\$((SGE_TASK_ID - 1))"
EOT
