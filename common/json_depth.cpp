// SPDX-License-Identifier: Apache-2.0
#include "common/json_depth.h"

#include <cstddef>

namespace mcnn {

bool is_flat_json(std::string_view text, int max_depth) {
  int depth = 0;
  bool is_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      is_string = !is_string;
    } else if (!is_string && (c == '[' || c == '{')) {
      if (++depth > max_depth) return false;
    } else if (!is_string && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return true;
}

}  // namespace mcnn
