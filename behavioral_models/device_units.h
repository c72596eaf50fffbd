// SPDX-License-Identifier: Apache-2.0
// Units of the fields of a device card, for tables that people read.
#pragma once

#include <string_view>

namespace mcnn {

// "uS" of g_min_uS, "of the cells" of stuck_low_rate; empty for a text and for a name that is no
// field.
std::string_view device_field_unit(std::string_view name);

}  // namespace mcnn
