// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/submit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "cli/run/workload.h"
#include "common/error.h"
#include "common/nearest.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

// The names of the submitters.
std::vector<std::string> cluster_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(MCNN_CLUSTER_DIR, error)) {
    if (entry.path().extension() == ".sh") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::string job_text(const std::vector<std::string>& words, std::uint64_t shards) {
  std::string command = quoted(fs::read_symlink("/proc/self/exe").string());
  for (const std::string& word : words) {
    command += ' ';
    command += quoted(word);
  }
  return fmt::format(
      "#!/bin/sh\n"
      "# Shard $1 of a sweep in {} shards, 0..{}. Written by mcnn sweep --submit.\n"
      "cd {} || exit\n"
      "export MCNN_DATA_DIR={}\n"
      "exec {} --shard \"$1/{}\"\n",
      shards, shards - 1, quoted(fs::current_path().string()),
      quoted(fs::absolute(data_folder()).string()), command, shards);
}

void check_cluster(const std::string& cluster, const std::string& where) {
  const std::vector<std::string> names = cluster_names();
  if (std::ranges::find(names, cluster) != names.end()) return;
  throw Error(fmt::format("{}: found '{}', allowed are the scripts of {}: {}{}", where, cluster,
                          MCNN_CLUSTER_DIR, fmt::join(names, ", "), did_you_mean(cluster, names)));
}

void submit(const std::string& cluster, const fs::path& job, std::uint64_t shards,
            const std::string& where) {
  const fs::path script = fs::path(MCNN_CLUSTER_DIR) / (cluster + ".sh");
  const std::string command =
      fmt::format("{} {} {}", quoted(script.string()), quoted(fs::absolute(job).string()), shards);
  std::fflush(stdout);
  // No thread has been started.
  const int status = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe,cert-env33-c)
  if (status != 0) {
    throw Error(fmt::format("{}: {} ended with status {}", where, script.string(),
                            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
  }
}

}  // namespace mcnn::cli
