// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/groups.h"

#include <set>

#include "host/engine/chip_model.h"
#include "host/network/integer_network.h"
#include "host_test_util.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

MappingOptions paper() {
  MappingOptions options;
  options.kind = MappingKind::kPaper;
  return options;
}

// A group alone gives what the network gives, and reads no cell of the other groups.
TEST(Groups, EachGroupIsTheWholeNetworkOnItsOwnCells) {
  const ChipConfig config = named_config("yao2020");
  const Network network = random_yao2020(4);
  const MappedNetwork mapped = map_network(network, config, paper());
  ASSERT_EQ(convolver_groups(mapped), 3);
  const IntegerNetwork integers(network);
  for (int group = 0; group < 3; ++group) {
    SCOPED_TRACE(group);
    ChipProgram program = group_program(mapped, config, group);
    std::set<int> mine;
    for (const Placement& place : mapped.placements) {
      if (place.replica == group) mine.insert(place.pe);
      if (mapped.layers[to_index(place.layer)].replicas == 1) mine.insert(place.pe);
    }
    EXPECT_EQ(mine.size(), 4U);
    for (int pe = 0; pe < config.num_pe; ++pe) {
      if (!mine.contains(pe)) {
        std::fill(program.cells[to_index(pe)].begin(), program.cells[to_index(pe)].end(),
                  uint8_t{7});
      }
    }
    ChipModel chip(config, program, DeviceCard{}, 1, {.skip = false, .maps = true});
    for (int i = 0; i < 6; ++i) {
      const std::vector<uint8_t> pixels = suite_image(network, 4, i);
      const IntegerResult expected = integers.run(pixels);
      const ImageResult& found = chip.run(static_cast<uint32_t>(i), pixels);
      EXPECT_EQ(found.maps, expected.maps);
      EXPECT_EQ(found.logits, expected.logits);
    }
  }
}

TEST(Groups, SayWhatIsWrong) {
  const ChipConfig config = named_config("yao2020");
  const MappedNetwork mapped = map_network(random_yao2020(4), config, paper());
  expect_parts(error_of([&] { group_program(mapped, config, 3); }), "group 3", "0..2");
  // The default mapping has 6 replicas of C1 and 3 of C3.
  const MappedNetwork other = map_network(random_yao2020(4), config);
  expect_parts(error_of([&] { convolver_groups(other); }), "replicas", "--mapping paper");
  const ChipConfig wide = chip_config_from_params("Windows=8\nLanes=8\nRowBanks=16\n", "wide");
  const MappedNetwork rows = map_network(random_yao2020(4), wide);
  expect_parts(error_of([&] { convolver_groups(rows); }), "layer C1", "2 output rows in an array",
               "--mapping paper");
}

}  // namespace
}  // namespace mcnn::testing
