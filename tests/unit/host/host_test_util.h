// SPDX-License-Identifier: Apache-2.0
// What the tests of the host side share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/error.h"
#include "host/mapping/chip_config.h"

namespace mcnn::testing {

inline ChipConfig named_config(const std::string& name) {
  return load_chip_config(std::string(MCNN_CONSTRAINTS_DIR) + "/" + name + ".params");
}

// The message of the Error that `call` throws; fails the test when it throws none.
template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

// `text` holds every one of `parts`.
template <typename... Parts>
void expect_parts(const std::string& text, const Parts&... parts) {
  const auto expect = [&text](std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is missing in: " << text;
  };
  (expect(parts), ...);
}

}  // namespace mcnn::testing
