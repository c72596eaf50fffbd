// SPDX-License-Identifier: Apache-2.0
// Quantities with SI prefixes, for people.
#pragma once

#include <string>
#include <string_view>

namespace mcnn {

// "91.9 us" from 9.187e-5 and "s": `digits` significant ones, a prefix from a (1e-18) to E (1e18).
// A unit that is a word begins with a blank and keeps it: "10.9 k images/s" from " images/s".
std::string si(double value, std::string_view unit, int digits = 3);

}  // namespace mcnn
