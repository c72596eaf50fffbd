// SPDX-License-Identifier: Apache-2.0
// What the tests of the host side share.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "host/mapping/chip_config.h"
#include "tests/support/errors.h"

namespace mcnn::testing {

inline ChipConfig named_config(const std::string& name) {
  return load_chip_config(std::string(MCNN_CONSTRAINTS_DIR) + "/" + name + ".params");
}

}  // namespace mcnn::testing
