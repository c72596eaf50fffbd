// SPDX-License-Identifier: Apache-2.0
// The one exception type of the project: what was wrong, where, what was found, what is allowed.
// The command line prints it on one line and exits with status 2.
#pragma once

#include <stdexcept>
#include <string>

namespace mcnn {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what) : std::runtime_error(what) {}
};

}  // namespace mcnn
