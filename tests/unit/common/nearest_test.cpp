// SPDX-License-Identifier: Apache-2.0
#include "common/nearest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace mcnn {
namespace {

TEST(EditDistance, CountsPutInLeftOutReplacedAndSwappedLetters) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "tune"), 4);
  EXPECT_EQ(edit_distance("tune", ""), 4);
  EXPECT_EQ(edit_distance("tune", "tune"), 0);
  EXPECT_EQ(edit_distance("tun", "tune"), 1);
  EXPECT_EQ(edit_distance("tunes", "tune"), 1);
  EXPECT_EQ(edit_distance("tuna", "tune"), 1);
  EXPECT_EQ(edit_distance("tnue", "tune"), 1);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(EditDistance, UpperAndLowerCaseAreTheSameLetter) {
  EXPECT_EQ(edit_distance("g_max_us", "g_max_uS"), 0);
}

TEST(NearestName, IsTheOneOfLeastDistance) {
  const std::array<const char*, 4> names = {"model", "mode", "tune", "cost"};
  EXPECT_EQ(nearest_name("modle", names), "model");
  EXPECT_EQ(nearest_name("tnue", names), "tune");
  EXPECT_EQ(nearest_name("mod", names), "mode");
}

TEST(NearestName, OfTwoAsNearIsTheFirst) {
  EXPECT_EQ(nearest_name("stuck_rate", std::vector<std::string>{"stuck_arate", "stuck_brate"}),
            "stuck_arate");
}

TEST(NearestName, IsNoneWhenMoreThanAThirdDiffers) {
  const std::array names = {std::string_view("abcxyz")};
  EXPECT_EQ(nearest_name("abcxde", names), "abcxyz");  // 2 of 6
  EXPECT_EQ(nearest_name("abcfde", names), "");        // 3 of 6
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name("abcxyz", std::vector<std::string>{}), "");
}

TEST(DidYouMean, EndsAMessageOrIsNothing) {
  const std::vector<std::string> names = {"read_noise", "read_noise_uS"};
  EXPECT_EQ(did_you_mean("raed_noise", names), "; did you mean 'read_noise'?");
  EXPECT_EQ(did_you_mean("colour", names), "");
}

}  // namespace
}  // namespace mcnn
