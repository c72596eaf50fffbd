// SPDX-License-Identifier: Apache-2.0
// The values are those of rtl/README.md, or computed from its formula by hand.
#include "host/mapping/cycle_model.h"

#include "host/mapping/mapper.h"
#include "host_test_util.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

TEST(CycleModel, FiveLayerNetworkAsInTheSpecification) {
  const ChipConfig config = named_config("yao2020");
  const ImageCycles cycles = image_cycles(map_network(random_yao2020(1), config).program, config);
  ASSERT_EQ(cycles.passes.size(), 3u);
  EXPECT_EQ(cycles.passes[0].clocks, 1058);
  EXPECT_EQ(cycles.passes[1].clocks, 695);
  EXPECT_EQ(cycles.passes[2].clocks, 72);
  EXPECT_EQ(cycles.clocks, 1826);
  EXPECT_EQ(cycles.beats, 220);
  EXPECT_EQ(cycles.stall_beat, 0);
}

// A pass of two columns and two steps: fetch 3 and 9, reduce 4, last steps 4 and 8.
PassTiming small() {
  PassTiming timing;
  timing.columns = 2;
  timing.fetch = {3, 9};
  timing.fetch_slid = timing.fetch;
  timing.drive = 8;
  timing.overhead = 11;
  timing.reduce = 4;
  timing.reduce_last = {12, 4};
  return timing;
}

TEST(CycleModel, SlowestStageOfEachBeat) {
  // Beats: (fetch next 9, drive 8) = 9; (3, 8, reduce 4) = 8; (9, 8, reduce 12) = 12; (none, 8,
  // reduce 4) = 8; reduce 4.
  const PassCycles cycles = pass_cycles(small(), ChipConfig{});
  EXPECT_EQ(cycles.beats, 4);
  EXPECT_EQ(cycles.clocks, 11 + 3 + 9 + 8 + 12 + 8 + 4);
  EXPECT_EQ(cycles.stall_beat, 1 + 0 + 4 + 0);
}

TEST(CycleModel, SkippedPlanesShortenTheDrive) {
  // Drives 2 (no plane), 8, 2 (one plane), 5: beats 9, 8, 12, 5.
  const std::vector<uint8_t> planes = {0, 8, 1, 5};
  const PassCycles cycles = pass_cycles(small(), ChipConfig{}, planes);
  EXPECT_EQ(cycles.clocks, 11 + 3 + 9 + 8 + 12 + 5 + 4);
  EXPECT_EQ(cycles.stall_beat, 7 + 0 + 10 + 0);
  const std::vector<uint8_t> few = {0, 8, 1};
  expect_parts(error_of([&] { pass_cycles(small(), ChipConfig{}, few); }),
               "found plane counts of 3 beats", "allowed: 4");
}

TEST(CycleModel, ReadClocksAndLatency) {
  ChipConfig config = named_config("yao2020");
  config.read_clocks = 3;
  config.read_latency = 2;
  const ImageCycles cycles = image_cycles(map_network(random_yao2020(1), config).program, config);
  EXPECT_EQ(cycles.passes[0].clocks, 12 + 3 + 130 * 24 + 4);
  // One beat with two planes at three clocks each.
  PassTiming timing = small();
  timing.columns = 1;
  timing.fetch = timing.fetch_slid = {3};
  EXPECT_EQ(pass_cycles(timing, config, std::vector<uint8_t>{1}).clocks, 11 + 3 + 6 + 12);
}

TEST(CycleModel, PooledColumnsOfTheReduceStage) {
  Network network = random_yao2020(1);
  network.layers[0].pool =
      Pooling{3, 3, 3, 2, true};  // columns 2 apart, 3 wide: every second column is in two windows
  network.layers.erase(network.layers.begin() + 1);
  network.layers[1].inputs = {0};
  network.layers[1].weights.assign(static_cast<size_t>(10 * 8 * 9 * 13), 1);
  finish_network(network, "test");
  ChipConfig config;
  config.num_sl = 512;
  config.bank_depth = 512;
  const ChipProgram program = map_network(network, config).program;
  const PassTiming timing = pass_timing(program, config, 0);
  ASSERT_EQ(timing.columns, 26);
  EXPECT_EQ(timing.reduce, 4);
  EXPECT_EQ(timing.reduce_last[0], 4);
  EXPECT_EQ(timing.reduce_last[1], 4);
  EXPECT_EQ(timing.reduce_last[2], 8);
  EXPECT_EQ(timing.reduce_last[3], 4);
  EXPECT_EQ(timing.reduce_last[24], 8);
}

// Reduce walks Lanes pairs a clock, those of every output row of an array.
TEST(CycleModel, LanesAndOutputRowsOfTheReduceStage) {
  const auto reduce = [](int lanes, int array_rows, int kernels) {
    ChipConfig config;
    config.lanes = lanes;
    config.windows = 4;
    ChipProgram program;
    LayerRow row;
    row.kernels = kernels;
    row.array_rows = array_rows;
    row.pairs = (array_rows - 1) * config.words_of_kernels(kernels) * lanes + kernels;
    program.layers = {row};
    program.records.resize(1);
    program.records[0].last_step = program.records[0].last_pass = 1;
    return pass_timing(program, config, 0).reduce;
  };
  EXPECT_EQ(reduce(2, 1, 12), 6);
  EXPECT_EQ(reduce(8, 1, 12), 2);
  EXPECT_EQ(reduce(16, 1, 12), 1);
  EXPECT_EQ(reduce(4, 2, 5), 4);  // 5 kernels are two groups in each row
  EXPECT_EQ(reduce(8, 2, 5), 2);
}

TEST(CycleModel, PaperMapping) {
  const ChipConfig config = named_config("yao2020");
  MappingOptions options;
  options.kind = MappingKind::kPaper;
  const ImageCycles cycles =
      image_cycles(map_network(random_yao2020(1), config, options).program, config);
  EXPECT_EQ(cycles.beats, 234 + 84 + 6);
  EXPECT_EQ(cycles.clocks, 1 + (11 + 3 + 234 * 8 + 4) + 695 + 72);
}

// A pass of one step and stride 1 slides: windows have one new column. With another stride or
// several steps all of them are fetched.
TEST(CycleModel, SlidingWindows) {
  const ChipConfig config = named_config("yao2020");
  ChipProgram program = map_network(random_yao2020(1), config).program;
  const auto slid = [&](int layer_row, int stride) {
    program.layers[static_cast<size_t>(layer_row)].stride = stride;
    return pass_timing(program, config, layer_row).fetch_slid;
  };
  EXPECT_EQ(pass_timing(program, config, 0).fetch, std::vector<int>{3});
  EXPECT_EQ(slid(0, 1), std::vector<int>{1});
  EXPECT_EQ(slid(0, 2), std::vector<int>{3});
  EXPECT_EQ(slid(1, 1), (std::vector<int>{6, 6, 6, 6}));
  // Row groups of three columns: 5, 3, 3 clocks each, those of the first position before all beats;
  // behind the last beat's fetch there are only the two planes that MODE.SKIP leaves.
  PassTiming timing;
  timing.row_groups = 2;
  timing.columns = 3;
  timing.fetch = {5};
  timing.fetch_slid = {3};
  timing.reduce_last = {1, 1, 1};
  const std::vector<uint8_t> nothing(6, 0);
  EXPECT_EQ(pass_cycles(timing, config, nothing).clocks, 5 + (3 + 3 + 5 + 3 + 3 + 2) + 1);
}

TEST(CycleModel, MissingLastPass) {
  const ChipConfig config = named_config("yao2020");
  ChipProgram program = map_network(random_yao2020(1), config).program;
  program.records.back().last_pass = 0;
  expect_parts(error_of([&] { image_cycles(program, config); }), "layer row 2", "LAST_PASS");
}

}  // namespace
}  // namespace mcnn::testing
