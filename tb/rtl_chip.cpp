// SPDX-License-Identifier: Apache-2.0
#include "tb/rtl_chip.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/error.h"
#include "tb/rtl_configurations.h"

namespace mcnn::tb {

std::vector<std::string> RtlChip::configurations() {
  std::vector<std::string> names;
  for (const RtlConfiguration& configuration : rtl_configurations()) {
    names.emplace_back(configuration.name);
  }
  return names;
}

std::unique_ptr<RtlChip> RtlChip::make(std::string_view configuration, std::span<Macro> macros,
                                       const RtlOptions& options) {
  for (const RtlConfiguration& known : rtl_configurations()) {
    if (known.name != configuration) continue;
    const bool looks_inside = !options.trace_path.empty() || options.monitor != nullptr;
    return (looks_inside ? known.make_traced : known.make)(macros, options);
  }
  throw Error(fmt::format(
      "--config: found '{}', allowed for the RTL is a configuration that this program was built "
      "with ({}); others run on the chip model",
      configuration, fmt::join(configurations(), ", ")));
}

}  // namespace mcnn::tb
