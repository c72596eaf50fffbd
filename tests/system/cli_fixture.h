// SPDX-License-Identifier: Apache-2.0
// A folder of its own for each test of the mcnn command, what every error looks like, and changed
// copies of the project's files.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/system/command.h"

namespace mcnn::testing {

// IDX files, the format of the MNIST data.
std::string idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width);
std::string idx_labels(std::uint32_t count, std::uint8_t label = 3);

class Cli : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_ / "out"); }

  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  std::filesystem::path out(const std::string& name) const { return folder_ / "out" / name; }

  // Status 2, nothing on stdout, one line on stderr that holds every one of `parts`, nothing left
  // in the output folder. expect_error gives a run of images files to write.
  void expect_error(std::vector<std::string> arguments, const std::vector<std::string>& parts);
  void expect_plain_error(const std::vector<std::string>& arguments,
                          const std::vector<std::string>& parts);

  // The default network with a change.
  std::string changed_network(const std::function<void(nlohmann::json&)>& change) const;
  // The card `typical` with a change.
  std::string changed_card(const std::string& from, const std::string& to) const;
  // Arguments of a run on these images and labels.
  std::vector<std::string> data(const std::string& images, const std::string& labels) const;

  const TemporaryFolder folder_{"mcnn_cli"};
};

// Runs that are good.
class CliRuns : public Cli {
 protected:
  // The logits of a run; its figures are in result_.
  std::string logits(std::vector<std::string> arguments);

  nlohmann::json result_;
};

}  // namespace mcnn::testing
