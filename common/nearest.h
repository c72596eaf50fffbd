// SPDX-License-Identifier: Apache-2.0
// The name that a misspelt one most likely means, for messages.
#pragma once

#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace mcnn {

// Letters to put in, leave out, replace or swap with their neighbour to come from `a` to `b`
// (optimal string alignment). Upper and lower case are the same letter.
int edit_distance(std::string_view a, std::string_view b);

// Of `names`, the one at the least distance from `misspelt`, of several the first; empty if none is
// within a third of its letters, rounded up.
std::string_view nearest_of(std::string_view misspelt, const std::vector<std::string_view>& names);

// The same for any range of names: strings, literals, views.
template <std::ranges::input_range Names>
std::string nearest_name(std::string_view misspelt, const Names& names) {
  return std::string(nearest_of(
      misspelt, std::vector<std::string_view>(std::ranges::begin(names), std::ranges::end(names))));
}

// "; did you mean 'name'?" to end a message with, or nothing if no name is near.
template <std::ranges::input_range Names>
std::string did_you_mean(std::string_view misspelt, const Names& names) {
  const std::string name = nearest_name(misspelt, names);
  return name.empty() ? name : "; did you mean '" + name + "'?";
}

}  // namespace mcnn
