// SPDX-License-Identifier: Apache-2.0
// Every index is met once, on however many threads, and what a body throws arrives.
#include "common/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "common/error.h"

namespace mcnn {
namespace {

TEST(ForEachIndex, MeetsEachOnce) {
  for (const unsigned jobs : {0U, 1U, 2U, 7U}) {
    for (const std::size_t count : {0U, 1U, 3U, 1000U}) {
      std::vector<std::atomic<int>> met(count);
      for_each_index(count, jobs, [&](std::size_t i) { ++met[i]; });
      EXPECT_TRUE(std::ranges::all_of(met, [](const auto& times) { return times == 1; }))
          << jobs << " jobs, " << count << " indices";
    }
  }
}

TEST(ForEachIndex, ThrowsWhatABodyThrows) {
  for (const unsigned jobs : {1U, 4U}) {
    std::atomic<int> met = 0;
    const auto loop = [&] {
      for_each_index(1000000, jobs, [&](std::size_t i) {
        ++met;
        if (i == 5) throw Error("index 5");
      });
    };
    EXPECT_THROW(loop(), Error);
    EXPECT_LT(met, 1000000) << "the loop ends";
  }
}

}  // namespace
}  // namespace mcnn
