// SPDX-License-Identifier: Apache-2.0
// From PyTorch to the chip: scripts/torch_to_chip.py, which compares every logit itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

class Torch : public Cli {};

TEST_F(Torch, LogitsOfTheModuleAreThoseOfTheChip) {
  if (std::system("/usr/bin/python3 -c 'import torch' 2> /dev/null") != 0) {
    GTEST_SKIP() << "python3-torch is not installed";
  }
  const std::string command = fmt::format(
      "{}/torch_to_chip.py --mcnn '{}' --data '{}/mnist' --out '{}' --epochs 1 --count "
      "500 > '{}' 2>&1",
      MCNN_SCRIPTS_DIR, MCNN_COMMAND, MCNN_DATA_DIR, out("torch").string(), path("said").string());
  EXPECT_EQ(std::system(command.c_str()), 0);
  const std::string said = read_file(path("said"));
  EXPECT_NE(said.find("logits of 500 images: 500 equal"), std::string::npos) << said;
}

}  // namespace
}  // namespace mcnn::testing
