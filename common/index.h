// SPDX-License-Identifier: Apache-2.0
// Shapes and positions are signed here, containers count with size_t: one short name for the step
// between them.
#pragma once

#include <cstddef>

namespace mcnn {

// A position or size that is never negative.
constexpr std::size_t to_index(int value) { return static_cast<std::size_t>(value); }

}  // namespace mcnn
