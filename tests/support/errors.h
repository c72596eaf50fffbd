// SPDX-License-Identifier: Apache-2.0
// What an Error says, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace mcnn {

// The message of the Error that `call` throws, "no error" when it throws none.
template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// `text` holds every one of `parts`.
inline void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
  }
}
template <typename... Parts>
void expect_parts(const std::string& text, std::string_view first, const Parts&... others) {
  expect_parts(text, std::vector<std::string>{std::string(first), std::string(others)...});
}

// `call` throws an Error whose message holds every one of `parts`.
template <typename Call>
void expect_error(const std::vector<std::string>& parts, const Call& call) {
  expect_parts(error_of(call), parts);
}

}  // namespace mcnn
