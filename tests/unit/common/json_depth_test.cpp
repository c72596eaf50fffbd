// SPDX-License-Identifier: Apache-2.0
#include "common/json_depth.h"

#include <gtest/gtest.h>

#include <string>

namespace mcnn {
namespace {

TEST(JsonDepth, CountsListsAndObjectsInEachOther) {
  EXPECT_TRUE(is_flat_json("", 0));
  EXPECT_TRUE(is_flat_json("1", 0));
  EXPECT_FALSE(is_flat_json("[]", 0));
  EXPECT_TRUE(is_flat_json(R"({"a": [1, {}], "b": [[2], [3]]})", 3));
  EXPECT_FALSE(is_flat_json(R"({"a": [1, {}], "b": [[2], [3]]})", 2));
  EXPECT_TRUE(is_flat_json("[][][][]", 1));
}

TEST(JsonDepth, BracketsInTextsDoNotCount) {
  EXPECT_TRUE(is_flat_json(R"(["[[[", "{\"[{", "\\"])", 1));
  EXPECT_FALSE(is_flat_json(R"(["\\", [1]])", 1));
  EXPECT_TRUE(is_flat_json(R"("\)", 0));
}

TEST(JsonDepth, TakesAsMuchAsAnyFileOfTheProjectAndNotMore) {
  EXPECT_TRUE(is_flat_json(std::string(kMaxJsonDepth, '[')));
  EXPECT_FALSE(is_flat_json(std::string(kMaxJsonDepth + 1, '[')));
}

}  // namespace
}  // namespace mcnn
