// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/device_units.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "behavioral_models/device_card.h"

namespace mcnn {
namespace {

TEST(DeviceUnits, EveryFieldThatIsNoTextHasOne) {
  const std::set<std::string> texts = {"name", "description", "measured_states"};
  for (const std::string& name : device_field_names()) {
    EXPECT_EQ(device_field_unit(name).empty(), texts.contains(name)) << name;
  }
}

TEST(DeviceUnits, OfNamesAndEndings) {
  EXPECT_EQ(device_field_unit("g_min_uS"), "uS");
  EXPECT_EQ(device_field_unit("relaxation_growth_uS_per_decade"), "uS a decade of time");
  EXPECT_EQ(device_field_unit("age_s"), "s");
  EXPECT_EQ(device_field_unit("endurance_used_pulses"), "pulses");
  EXPECT_EQ(device_field_unit("stuck_low_rate"), "of the cells");
  EXPECT_EQ(device_field_unit("surprise"), "");
}

}  // namespace
}  // namespace mcnn
