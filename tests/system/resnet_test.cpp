// SPDX-License-Identifier: Apache-2.0
// ResNet-8 on CIFAR-10, the configuration `cifar`: residual sums, projections and a global average
// on the RTL, whose cells its own programmer writes. MCNN_RESNET_IMAGES says how many images
// (`make test-long`).
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

const std::vector<std::string> kChip = {"--config", "cifar", "--network", "resnet8"};

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST_F(CliRuns, Resnet8IsTheIntegerNetworkOnIdealDevices) {
  EXPECT_EQ(logits(with({"model", "--device", "ideal", "--count", "40"}, kChip)),
            logits({"integer", "--network", "resnet8", "--count", "40"}));
}

TEST_F(CliRuns, Resnet8OnTheRtlEqualsTheChipModel) {
  const char* const asked = std::getenv("MCNN_RESNET_IMAGES");
  const std::string count = asked == nullptr || *asked == '\0' ? "5" : asked;
  const std::string rtl = logits(with({"sim", "--count", count, "--check", count}, kChip));
  EXPECT_EQ(result_["checked_images"], std::stoi(count));
  EXPECT_LE(result_["clocks_per_image"].get<double>(), 40000.0);
  EXPECT_EQ(rtl, logits(with({"model", "--count", count}, kChip)));
}

}  // namespace
}  // namespace mcnn::testing
