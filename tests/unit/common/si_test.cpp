// SPDX-License-Identifier: Apache-2.0
#include "common/si.h"

#include <gtest/gtest.h>

#include <limits>

namespace mcnn {
namespace {

TEST(Si, ShowsThreeDigitsAndAPrefix) {
  EXPECT_EQ(si(9.187e-5, "s"), "91.9 us");
  EXPECT_EQ(si(1.0, "V"), "1.00 V");
  EXPECT_EQ(si(12.0, "V"), "12.0 V");
  EXPECT_EQ(si(123.0, "V"), "123 V");
  EXPECT_EQ(si(1234.0, "V"), "1.23 kV");
  EXPECT_EQ(si(1.394e-5, "J"), "13.9 uJ");
  EXPECT_EQ(si(0.153, "W"), "153 mW");
  EXPECT_EQ(si(-0.0004, "A"), "-400 uA");
  EXPECT_EQ(si(0.0, "J"), "0 J");
  EXPECT_EQ(si(2e-12, "J", 1), "2 pJ");
  EXPECT_EQ(si(200e6, "Hz", 4), "200.0 MHz");
}

TEST(Si, ANumberThatRoundsToAThousandHasTheNextPrefix) {
  EXPECT_EQ(si(999.4, "V"), "999 V");
  EXPECT_EQ(si(999.6, "V"), "1.00 kV");
  EXPECT_EQ(si(9.996, "V"), "10.0 V");
  EXPECT_EQ(si(0.9996, "s"), "1.00 s");
  EXPECT_EQ(si(0.99949e-3, "s"), "999 us");
  EXPECT_EQ(si(0.99951e-3, "s"), "1.00 ms");
}

TEST(Si, PrefixesEnd) {
  EXPECT_EQ(si(1e-19, "J"), "0.100 aJ");
  EXPECT_EQ(si(1e21, "J"), "1000 EJ");
  EXPECT_EQ(si(std::numeric_limits<double>::infinity(), "J"), "inf J");
}

TEST(Si, AWordKeepsItsBlank) {
  EXPECT_EQ(si(10887.0, " images/s"), "10.9 k images/s");
  EXPECT_EQ(si(544.0, " images/s"), "544 images/s");
}

}  // namespace
}  // namespace mcnn
