// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/portable_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>

namespace mcnn {
namespace {

// Uniform in [0, 1) from raw words, whose values the standard fixes.
double uniform(std::mt19937& engine) { return static_cast<double>(engine()) * 0x1p-32; }

void expect_close(double found, double expected, double argument) {
  ASSERT_LE(std::abs(found - expected), 1e-15 * std::abs(expected)) << "argument " << argument;
}

TEST(PortableMath, LogIsThatOfTheCLibrary) {
  std::mt19937 engine(1);
  for (int i = 0; i < 300000; ++i) {
    const double wide = std::ldexp(0.5 + uniform(engine), static_cast<int>(engine() % 2000) - 1000);
    expect_close(portable_log(wide), std::log(wide), wide);
    expect_close(portable_log10(wide), std::log10(wide), wide);
    const double near_one = 1.0 + (1e-3 * (uniform(engine) - 0.5));
    expect_close(portable_log(near_one), std::log(near_one), near_one);
  }
  EXPECT_EQ(portable_log(1.0), 0.0);
  EXPECT_EQ(portable_log10(1.0), 0.0);
}

TEST(PortableMath, ExpIsThatOfTheCLibrary) {
  std::mt19937 engine(2);
  for (int i = 0; i < 300000; ++i) {
    const double wide = 1400.0 * (uniform(engine) - 0.5);
    expect_close(portable_exp(wide), std::exp(wide), wide);
    const double small = 2.0 * (uniform(engine) - 0.5);
    expect_close(portable_exp(small), std::exp(small), small);
  }
  EXPECT_EQ(portable_exp(0.0), 1.0);
  EXPECT_EQ(portable_exp(-800.0), 0.0);
  EXPECT_TRUE(std::isinf(portable_exp(800.0)));
}

// The error of y ln x is that of a rounding of it, so it grows with its size.
TEST(PortableMath, PowerIsThatOfTheCLibrary) {
  std::mt19937 engine(3);
  for (int i = 0; i < 300000; ++i) {
    const double x = std::ldexp(0.5 + uniform(engine), static_cast<int>(engine() % 40) - 20);
    const double y = 8.0 * (uniform(engine) - 0.5);
    ASSERT_NEAR(portable_power(x, y) / std::pow(x, y), 1.0, 3e-14) << x << " to the power " << y;
  }
}

}  // namespace
}  // namespace mcnn
