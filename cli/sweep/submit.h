// SPDX-License-Identifier: Apache-2.0
// A sweep as an array job of a cluster: a job file that runs one shard, and the submitters of
// scripts/cluster that make the cluster call it once for each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mcnn::cli {

// The text of a job file, `sh FILE I`: this command with `--shard I/<shards>`, in the folder where
// it runs now, with the data folder of now. `words`: the command behind the program's name.
std::string job_text(const std::vector<std::string>& words, std::uint64_t shards);

// Throws Error, `where` first, on a name that no submitter has.
void check_cluster(const std::string& cluster, const std::string& where);

// Hands the job file to a cluster: runs scripts/cluster/<cluster>.sh FILE SHARDS, which prints what
// the cluster answers. Throws Error when it fails.
void submit(const std::string& cluster, const std::filesystem::path& job, std::uint64_t shards,
            const std::string& where);

}  // namespace mcnn::cli
