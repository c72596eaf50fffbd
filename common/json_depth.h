// SPDX-License-Identifier: Apache-2.0
// How deep a JSON text goes. A parser takes any depth, but copying or printing its values calls
// itself for each level, and a file of brackets alone would take all of the stack.
#pragma once

#include <string_view>

namespace mcnn {

inline constexpr int kMaxJsonDepth = 64;  // no file of this project goes deeper than 8

// Whether lists and objects in each other are at most so many, whatever else is wrong in the text.
bool is_flat_json(std::string_view text, int max_depth = kMaxJsonDepth);

}  // namespace mcnn
