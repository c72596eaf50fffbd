// SPDX-License-Identifier: Apache-2.0
// Logarithm and exponential from IEEE double additions, multiplications and divisions in a fixed
// order: the same bits on every machine and with every C library. Exact to a few units in the last
// place; the tests hold them against the C library.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace mcnn {

// Natural logarithm of a positive, finite, normal number:
//   x = 2^e m, m in [sqrt(1/2), sqrt(2)),   s = (m - 1) / (m + 1),
//   ln x = e ln 2 + 2 (s + s^3/3 + s^5/5 + ... + s^23/23)
inline double portable_log(double x) {
  constexpr double kLn2High = 0x1.62e42fee00000p-1;  // 33 bits: e * high is exact
  constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  constexpr std::uint64_t kSqrtHalf = 0x3FE6A09E667F3BCDU;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto exponent = static_cast<std::int64_t>(bits - kSqrtHalf) >> 52;
  const auto e = static_cast<double>(exponent);
  const auto m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52));
  const double s = (m - 1.0) / (m + 1.0);
  const double q = s * s;
  double series = 0.0;
  for (int n = 23; n > 1; n -= 2) series = (series + 1.0 / n) * q;
  return (e * kLn2High) + (((2.0 * s) * series) + (e * kLn2Low) + (2.0 * s));
}

inline double portable_log10(double x) { return portable_log(x) * 0.43429448190325182765; }

// e^x: x = k ln 2 + r with |r| <= ln 2 / 2, the Taylor series of e^r to r^14, times 2^k. Infinite
// above 709, 0 below -708.
inline double portable_exp(double x) {
  constexpr double kLn2High = 0x1.62e42fee00000p-1;
  constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  if (!(x > -708.0)) return 0.0;
  if (x > 709.0) return std::numeric_limits<double>::infinity();
  const double scaled = x * 1.44269504088896340736;
  const auto k = static_cast<std::int64_t>(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
  const auto whole = static_cast<double>(k);
  const double r = (x - (whole * kLn2High)) - (whole * kLn2Low);
  double series = 1.0;
  for (int n = 14; n > 0; --n) series = 1.0 + (series * r / n);
  return series * std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

// x to the power y, x positive.
inline double portable_power(double x, double y) { return portable_exp(y * portable_log(x)); }

}  // namespace mcnn
