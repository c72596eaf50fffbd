// SPDX-License-Identifier: Apache-2.0
// A loop on several threads, for work whose result does not depend on the order.
#pragma once

#include <cstddef>
#include <functional>

namespace mcnn {

// Calls body(i) once for every i below `count`, on up to `jobs` threads (1 at least) at a time.
// What a body throws ends the loop and is thrown again when all threads are done, the first of it.
void for_each_index(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& body);

}  // namespace mcnn
