#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the job file of a sweep on this machine, as many shards at a time as it has processors (MCNN_LOCAL_JOBS: another number),
# and waits for all of them. Logs: beside the job file, a file a shard. Exit status 1 if one failed; the others still run.
#
#   scripts/cluster/local.sh JOB SHARDS      (called by mcnn sweep --submit local)
set -euo pipefail
job="$(readlink -f "$1")"
shards="$2"
logs="${job%.job}.logs"
mkdir -p "$logs"
# A status of 255 would stop xargs.
# shellcheck disable=SC2016  # for the inner shell
seq 0 "$((shards - 1))" | xargs -P "${MCNN_LOCAL_JOBS:-$(nproc)}" -I '{}' \
  sh -c 'sh "$1" "$3" >> "$2/$3.log" 2>&1 || exit 1' sh "$job" "$logs" '{}' || exit 1
