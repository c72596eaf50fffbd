#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Submits the job file of a sweep as an array job of Slurm, a task a shard. A task whose node fails, or that is preempted, is
# queued again and goes on with its rows. Logs: beside the job file, a file a task.
#
#   scripts/cluster/slurm.sh JOB SHARDS      (called by mcnn sweep --submit slurm)
#
# MCNN_SUBMIT_OPTIONS: more options of sbatch, as --partition=short --time=2:00:00. MaxArraySize of the cluster (1,001 unless
# its administrator chose) is more than the number of shards.
set -euo pipefail
job="$(readlink -f "$1")"
shards="$2"
logs="${job%.job}.logs"
mkdir -p "$logs"
# shellcheck disable=SC2086  # options are words
sbatch --job-name="mcnn-$(basename "$job" .job)" --array="0-$((shards - 1))" --requeue --open-mode=append \
  --output="$logs/%a.log" ${MCNN_SUBMIT_OPTIONS:-} << EOT
#!/bin/sh
exec sh '$job' "\$SLURM_ARRAY_TASK_ID"
EOT
