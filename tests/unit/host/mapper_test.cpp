// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/mapper.h"

#include <algorithm>
#include <set>

#include "host_test_util.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

MappedNetwork map_paper(const Network& network, const ChipConfig& config) {
  MappingOptions options;
  options.kind = MappingKind::kPaper;
  return map_network(network, config, options);
}

// PEs that hold a replica of a layer.
std::set<int> pes_of(const MappedNetwork& mapped, int layer, int replica) {
  std::set<int> pes;
  for (const Placement& placement : mapped.placements) {
    if (placement.layer == layer && placement.replica == replica) {
      pes.insert(placement.pe);
    }
  }
  return pes;
}

std::set<int> channels_of(const MappedNetwork& mapped, int layer, int pe) {
  std::set<int> channels;
  for (const Placement& placement : mapped.placements) {
    if (placement.layer == layer && placement.pe == pe) {
      channels.insert(placement.channel);
    }
  }
  return channels;
}

TEST(Mapper, DefaultMappingOfTheFiveLayerNetwork) {
  const MappedNetwork mapped = map_network(random_yao2020(1), named_config("yao2020"));
  ASSERT_EQ(mapped.layers.size(), 3u);
  EXPECT_EQ(mapped.layers[0].replicas, 6);
  EXPECT_EQ(mapped.layers[0].beats, 130);
  for (int replica = 0; replica < 6; ++replica) {
    EXPECT_EQ(pes_of(mapped, 0, replica), std::set<int>{replica});
  }
  EXPECT_EQ(mapped.layers[1].replicas, 3);
  EXPECT_EQ(mapped.layers[1].steps, 4);
  EXPECT_EQ(mapped.layers[1].beats, 84);
  for (int replica = 0; replica < 3; ++replica) {
    EXPECT_EQ(pes_of(mapped, 1, replica), (std::set<int>{2 * replica, 2 * replica + 1}));
    EXPECT_EQ(channels_of(mapped, 1, 2 * replica), (std::set<int>{0, 1, 2, 3}));
    EXPECT_EQ(channels_of(mapped, 1, 2 * replica + 1), (std::set<int>{4, 5, 6, 7}));
  }
  EXPECT_EQ(mapped.layers[2].replicas, 1);
  EXPECT_EQ(mapped.layers[2].steps, 6);
  EXPECT_EQ(mapped.layers[2].beats, 6);
  EXPECT_EQ(pes_of(mapped, 2, 0), (std::set<int>{6, 7}));
  EXPECT_EQ(mapped.lines_used, (std::vector<int>{112, 112, 112, 112, 112, 112, 120, 120}));
  EXPECT_EQ(mapped.clocks_per_image, 1826);

  const ChipProgram& program = mapped.program;
  ASSERT_EQ(program.layers.size(), 3u);
  EXPECT_EQ(program.layers[0].segment_end, 0x3Fu);
  EXPECT_EQ(program.layers[1].segment_end, 0x2Au);
  EXPECT_EQ(program.layers[2].segment_end, 0x80u);
  EXPECT_EQ(program.records.size(), 1u + 8u + 12u);
}

TEST(Mapper, PaperMappingOfTheFiveLayerNetwork) {
  const MappedNetwork mapped = map_paper(random_yao2020(1), named_config("yao2020"));
  EXPECT_EQ(mapped.layers[0].replicas, 3);
  EXPECT_EQ(mapped.layers[0].beats, 234);
  EXPECT_EQ(mapped.layers[1].replicas, 3);
  EXPECT_EQ(mapped.layers[1].beats, 84);
  EXPECT_EQ(mapped.layers[2].beats, 6);
  for (int group = 0; group < 3; ++group) {
    EXPECT_EQ(pes_of(mapped, 0, group), std::set<int>{2 * group});
    EXPECT_EQ(pes_of(mapped, 1, group), (std::set<int>{2 * group, 2 * group + 1}));
  }
  EXPECT_EQ(pes_of(mapped, 2, 0), (std::set<int>{6, 7}));
  // 208 of the 256 lines of a convolver, 240 of the 256 of the fully connected layer.
  EXPECT_EQ(mapped.lines_used, (std::vector<int>{112, 96, 112, 96, 112, 96, 120, 120}));
}

TEST(Mapper, BlocksNeitherOverlapNorLeaveTheArray) {
  for (const char* const name : {"tiny", "yao2020"}) {
    const ChipConfig config = named_config(name);
    for (const SuiteCase& suite : network_suite(name)) {
      const MappedNetwork mapped = map_network(suite.network, config, suite.options);
      std::vector<std::vector<bool>> used(static_cast<size_t>(config.num_pe),
                                          std::vector<bool>(static_cast<size_t>(config.num_sl)));
      for (const Placement& placement : mapped.placements) {
        EXPECT_EQ(placement.first_line % 4, 0);
        EXPECT_GE(placement.lines, 2 * placement.kernels);
        ASSERT_LE(placement.first_line + placement.lines, config.num_sl) << suite.name;
        for (int line = placement.first_line; line < placement.first_line + placement.lines;
             ++line) {
          EXPECT_FALSE(used[static_cast<size_t>(placement.pe)][static_cast<size_t>(line)])
              << suite.name;
          used[static_cast<size_t>(placement.pe)][static_cast<size_t>(line)] = true;
        }
      }
    }
  }
}

TEST(Mapper, CellsHoldTheWeights) {
  const ChipConfig config = named_config("yao2020");
  const Network network = random_yao2020(5);
  const MappedNetwork mapped = map_network(network, config);
  for (const Placement& placement : mapped.placements) {
    if (placement.layer != 1) {
      continue;
    }
    for (int k = 0; k < 12; ++k) {
      for (int r = 0; r < 3; ++r) {
        for (int c = 0; c < 3; ++c) {
          const size_t cell = static_cast<size_t>((placement.first_line + 2 * k) * 16 + 4 * c + r);
          const std::vector<uint8_t>& cells =
              mapped.program.cells[static_cast<size_t>(placement.pe)];
          EXPECT_EQ(cells[cell] - cells[cell + 16],
                    network.layers[1].weight(k, placement.channel, r, c));
          EXPECT_TRUE(cells[cell] == 0 || cells[cell + 16] == 0);
        }
      }
    }
  }
}

// The peak of a layer whose worst source line is known: one 3x3 kernel with all weights 7 drives 63
// levels.
Network full_kernel(int8_t weight) {
  Network network = random_yao2020(1);
  std::fill(network.layers[0].weights.begin(), network.layers[0].weights.end(), weight);
  return network;
}

TEST(Mapper, FinestRangeThatDoesNotClip) {
  const ChipConfig config = named_config("yao2020");
  EXPECT_EQ(map_network(full_kernel(7), config).layers[0].range, 2);  // 63 * 4 = 252
  EXPECT_DOUBLE_EQ(map_network(full_kernel(7), config).layers[0].peak_codes, 252.0);
  EXPECT_EQ(map_network(full_kernel(3), config).layers[0].range, 3);
  MappingOptions options;
  options.limits.offset = 0.5;  // (63 + 4.5) * 4 = 270 clips, (63 + 4.5) * 2 does not
  EXPECT_EQ(map_network(full_kernel(7), config, options).layers[0].range, 1);
  options.limits = {};
  options.limits.sigma.fill(0.3);  // 252 + 4 * 4 * 0.3 * 3 clips
  EXPECT_EQ(map_network(full_kernel(7), config, options).layers[0].range, 1);
  options.limits = {};
  options.limits.converter_sigma = 0.7;  // 252 + 4 * 0.7 = 254.8
  EXPECT_EQ(map_network(full_kernel(7), config, options).layers[0].range, 2);
  options.limits.converter_sigma = 0.8;  // 255.2
  EXPECT_EQ(map_network(full_kernel(7), config, options).layers[0].range, 1);
}

constexpr int64_t kPsumLimit = (1 << 23) - 1;  // PsumBits 24

// A bias grows with the range, so one that overflows at the finest takes a coarser one.
TEST(Mapper, BiasesStepTheRangeDown) {
  const ChipConfig config = named_config("yao2020");
  const auto range_with = [&](int32_t bias) {
    Network network = full_kernel(3);
    network.layers[0].biases[2] = bias;
    return map_network(network, config).layers[0].range;
  };
  EXPECT_EQ(range_with(0), 3);
  EXPECT_EQ(range_with(1'000'000), 3);
  EXPECT_EQ(range_with(2'000'000), 2);
  EXPECT_EQ(range_with(-2'000'000), 2);
  EXPECT_EQ(range_with(4'000'000), 1);
  EXPECT_EQ(range_with(8'000'000), 0);

  Network network = full_kernel(3);
  network.layers[0].biases[2] = 2'000'000;
  MappingOptions options;
  options.range = 3;
  expect_parts(error_of([&] { map_network(network, config, options); }),
               "partial sums: kernel 2 of layer C1", "at range 3", "8388607 there");
  network.layers[0].biases[2] = 9'000'000;
  expect_parts(error_of([&] { map_network(network, config); }), "kernel 2 of layer C1",
               "at range 0");
}

// The bound on a partial sum is exact without noise: one more in the bias and it could overflow.
TEST(Mapper, PartialSumsAreBoundedByTheWeights) {
  const ChipConfig config = named_config("yao2020");
  const int64_t half = int64_t{1} << (full_kernel(7).layers[0].shift - 1);
  const int64_t largest = kPsumLimit - 255 * 63 - half;  // bias of a kernel of nine weights of 7
  MappingOptions options;
  options.range = 0;
  const auto network = [](int8_t weight, int64_t bias) {
    Network changed = full_kernel(weight);
    changed.layers[0].biases[5] = static_cast<int32_t>(bias);
    return changed;
  };
  EXPECT_NO_THROW(map_network(network(7, largest), config, options));
  expect_parts(error_of([&] { map_network(network(7, largest + 1), config, options); }),
               "kernel 5 of layer C1", "16065 in 1 windows", "(1 too much)");
  EXPECT_NO_THROW(map_network(network(-7, -largest - 2 * half), config, options));
  expect_parts(
      error_of([&] { map_network(network(-7, -largest - 2 * half - 1), config, options); }),
      "(1 too much)");
  EXPECT_NO_THROW(map_network(network(-7, largest + 255 * 63), config, options))
      << "weights that only take away";

  options.limits.converter_sigma = 0.5;  // four of them are two codes
  EXPECT_NO_THROW(map_network(network(7, largest - 2 * 255), config, options));
  EXPECT_FALSE(
      error_of([&] { map_network(network(7, largest - 2 * 255 + 1), config, options); }).empty());
  options.limits = {};
  options.limits.any_code = true;  // stuck cells: 255 of 255 codes
  EXPECT_NO_THROW(map_network(network(7, kPsumLimit - 255 * 255 - half), config, options));
  EXPECT_FALSE(error_of([&] {
                 map_network(network(7, kPsumLimit - 255 * 255 - half + 1), config, options);
               }).empty());
}

// Twelve windows of 255 * 4095 would not fit a partial sum; the network's own weights do.
TEST(Mapper, ConvertersOfTwelveBits) {
  ChipConfig config = named_config("yao2020");
  config.adc_bits = 12;
  for (const SuiteCase& suite : network_suite("yao2020")) {
    SCOPED_TRACE(suite.name);
    const MappedNetwork mapped = map_network(suite.network, config, suite.options);
    for (const LayerMapping& layer : mapped.layers) {
      if (!suite.options.range) {
        EXPECT_EQ(layer.range, 3) << layer.name;
      }
    }
  }
}

TEST(Mapper, ForcedRangeScalesShiftAndBias) {
  const ChipConfig config = named_config("yao2020");
  Network network = random_yao2020(1);
  const int shift = network.layers[0].shift;
  const int32_t bias = network.layers[0].biases[1];
  MappingOptions options;
  options.range = 1;
  network.layers[1].range = 3;
  const ChipProgram program = map_network(network, config, options).program;
  EXPECT_EQ(program.layers[0].range, 1);
  EXPECT_EQ(program.layers[1].range, 3);
  EXPECT_EQ(program.layers[0].shift, shift + 1);
  EXPECT_EQ(program.biases[0][1], 2 * bias + (1 << shift));
  EXPECT_EQ(program.layers[2].shift, 1);
  EXPECT_EQ(program.biases.back()[1], 2 * network.layers[2].biases[9] + 1);
  options.range = 0;
  const ChipProgram coarse = map_network(network, config, options).program;
  EXPECT_EQ(coarse.layers[2].shift, 0);
  EXPECT_EQ(coarse.biases.back()[1], network.layers[2].biases[9]);
}

TEST(Mapper, ForcedReplicas) {
  const ChipConfig config = named_config("yao2020");
  MappingOptions options;
  options.replicas = {2, std::nullopt};
  const MappedNetwork mapped = map_network(random_yao2020(1), config, options);
  EXPECT_EQ(mapped.layers[0].replicas, 2);
  EXPECT_EQ(mapped.layers[0].beats, 13 * 26);
  options.replicas = {7};
  expect_parts(error_of([&] { map_network(random_yao2020(1), config, options); }),
               "replicas of layer C1", "found 7", "1..6");
  options.replicas = {1, 1, 1, 1};
  expect_parts(error_of([&] { map_network(random_yao2020(1), config, options); }), "found 4 layers",
               "at most 3");
  options.replicas = {1, 1, 2};
  expect_parts(error_of([&] { map_network(random_yao2020(1), config, options); }),
               "replicas of layer FC", "found 2", "1..1");
}

TEST(Mapper, ForcedReplicasThatLeaveTooFewLines) {
  const ChipConfig config = named_config("yao2020");
  MappingOptions options;
  options.replicas = {6, 5};  // C3 takes 192 lines a replica
  expect_parts(error_of([&] { map_network(random_yao2020(1), config, options); }), "source lines",
               "1296 needed", "1024 there", "272 too many");
}

TEST(Mapper, VectorsArePaddedToWholeTileColumns) {
  for (const SuiteCase& suite : network_suite("yao2020")) {
    if (suite.name != "fully_connected_three_hidden") {
      continue;
    }
    const MappedNetwork mapped = map_network(suite.network, named_config("yao2020"), suite.options);
    // 19 outputs take 24 elements: passes of 16 and 8 kernels.
    EXPECT_EQ(mapped.program.layers[0].kernels, 16);
    EXPECT_EQ(mapped.program.layers[1].kernels, 8);
    EXPECT_EQ(mapped.program.layers[1].out_base, 8);
    EXPECT_EQ(mapped.program.layers[0].layer_end, 0);
    EXPECT_EQ(mapped.program.layers[1].layer_end, 1);
    EXPECT_EQ(mapped.program.layers[1].vector, 1);
    // Element 19 is a dummy: weight zero and a bias that keeps it at 0.
    EXPECT_LT(mapped.program.biases[9][1], -65025);
    EXPECT_EQ(mapped.program.maps[0].shape, (MapShape{19, 1, 1}));
    return;
  }
  FAIL() << "the case is gone";
}

struct Misfit {
  const char* name;
  const char* params;
  std::vector<const char*> parts;
};

void PrintTo(const Misfit& misfit, std::ostream* out) { *out << misfit.name; }

class MapperMisfit : public ::testing::TestWithParam<Misfit> {};

// The five-layer network on a chip that lacks one thing: the error names it, what is needed and
// what is there.
TEST_P(MapperMisfit, SaysWhatIsShort) {
  const ChipConfig config = chip_config_from_params(GetParam().params, "short");
  for (const MappingKind kind : {MappingKind::kDefault, MappingKind::kPaper}) {
    MappingOptions options;
    options.kind = kind;
    const std::string error = error_of([&] { map_network(random_yao2020(1), config, options); });
    for (const char* const part : GetParam().parts) {
      expect_parts(error, "five_layers", part);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, MapperMisfit,
    ::testing::Values(
        Misfit{"Lines",
               "NumPe=3\n",
               {"source lines: 448 needed", "C1 16, C3 192, FC 240", "384 there", "64 too many"}},
        Misfit{"Rows", "NumLayers=2\n", {"layer rows: 3 needed, 2 there (1 too many)"}},
        Misfit{"Records", "NumRecords=20\n", {"step records: 21 needed, 20 there (1 too many)"}},
        Misfit{"BiasRows", "NumBiasRows=14\n", {"bias rows: 15 needed, 14 there (1 too many)"}},
        Misfit{"Logits", "NumLogits=8\n", {"logits: 10 needed, 8 there (2 too many)"}},
        Misfit{"ImageMemory",
               "BankDepth=64\n",
               {"the image (1x28x28) takes 112 words", "64 there", "48 too many"}},
        Misfit{"MapSize", "MaxDim=25\n", {"the image is 28 x 28", "25 rows", "3 too many"}},
        Misfit{"Psum",
               "AdcBits=7\nPsumBits=16\n",
               {"partial sums: kernel ", "of layer C3 can reach", "at range 0", "8 windows",
                "32767 there"}}),
    [](const ::testing::TestParamInfo<Misfit>& test) { return test.param.name; });

// What the mapper leaves room for: everything that the card adds to a cell and to a code at the age
// at which the chip infers, each part alone.
TEST(DeviceLimits, TakeInEveryNonIdeality) {
  const auto limits = [](const auto& change) {
    DeviceCard card;
    card.name = "limits";
    card.g_max_uS = 14.0;  // a level is 2 uS
    change(card);
    return device_limits(card);
  };
  const DeviceLimits off = limits([](DeviceCard&) {});
  for (size_t level = 0; level < 8; ++level) {
    EXPECT_EQ(off.sigma[level], 0.0);
    EXPECT_EQ(off.shift[level], 0.0);
  }
  EXPECT_EQ(off.converter_sigma, 0.0);
  EXPECT_EQ(off.converter_gain, 0.0);

  const DeviceLimits relaxed = limits([](DeviceCard& card) {
    card.programming_sigma_uS = 3.0;
    card.relaxation_conductance_uS = {0.0};
    card.relaxation_sigma_uS = {3.0};
    card.relaxation_growth_uS_per_decade = {0.5};
    card.age_s = 100.0;
  });
  EXPECT_NEAR(relaxed.sigma[5], 2.5, 1e-12);  // sqrt(3^2 + 4^2) / 2
  EXPECT_NEAR(limits([](DeviceCard& card) {
                card.relaxation_conductance_uS = {0.0};
                card.relaxation_sigma_uS = {3.0};
              }).sigma[5],
              0.0, 1e-12)
      << "no time passes";

  const DeviceLimits measured = limits([](DeviceCard& card) {
    card.measured = {{0.0, 1.0}, {14.0, 13.0}, {14.0, 11.0}};
  });
  EXPECT_NEAR(measured.shift[0], 0.5, 1e-12);
  EXPECT_NEAR(measured.sigma[0], 0.0, 1e-12);
  EXPECT_NEAR(measured.shift[7], -1.0, 1e-12);
  EXPECT_NEAR(measured.sigma[7], 0.5, 1e-12);

  const DeviceLimits moved = limits([](DeviceCard& card) {
    card.drift_exponent = 0.5;
    card.age_s = 3.0;
  });
  EXPECT_NEAR(moved.shift[4], -2.0, 1e-12);
  const DeviceLimits disturbed = limits([](DeviceCard& card) {
    card.read_disturb_per_pulse = 0.5;
    card.read_disturb_pulses = 2.0;
  });
  EXPECT_NEAR(disturbed.shift[3], 3.0, 1e-12);  // three quarters of the way to 7

  const DeviceLimits converter = limits([](DeviceCard& card) {
    card.adc_sigma_codes = 2.0;
    card.adc_offset_sigma_codes = 3.0;
    card.adc_inl_codes = 6.0;
    card.adc_gain_sigma = 0.1;
  });
  EXPECT_NEAR(converter.converter_sigma, 7.0, 1e-12);
  EXPECT_EQ(converter.converter_gain, 0.1);
}

TEST(Mapper, MapThatDoesNotFitTheMemory) {
  ChipConfig config = named_config("yao2020");
  config.bank_depth = 112;
  Network network = random_yao2020(1);
  network.layers[0].pool = Pooling{2, 2, 2, 2, true};  // 13 x 13: 26 words, 4 kernels a half
  network.layers.erase(network.layers.begin() + 1);
  network.layers[1].inputs = {0};
  network.layers[1].weights.assign(static_cast<size_t>(10 * 8 * 13 * 13), 1);
  finish_network(network, "test");
  EXPECT_NO_THROW(error_of([&] { map_network(network, config); }));
  config.bank_depth = 103;
  network.input = {1, 20, 20};
  Network small = network;
  small.layers[0].pool.reset();
  small.layers[1].weights.assign(static_cast<size_t>(10 * 8 * 18 * 18), 1);
  finish_network(small, "test");
  expect_parts(error_of([&] { map_network(small, config); }),
               "feature-map memory: layer C1 (8x18x18) takes 216 words", "103 there",
               "113 too many");
}

TEST(Mapper, BlocksThatDoNotPack) {
  // 49 windows of 20 lines: 980 of 1024 lines, but only 6 blocks fit a PE.
  for (const SuiteCase& suite : network_suite("yao2020")) {
    if (suite.name == "fully_connected_large_map") {
      Network network = suite.network;
      network.input = {1, 28, 28};
      network.layers[0].weights.assign(static_cast<size_t>(10 * 28 * 28), 1);
      finish_network(network, "test");
      expect_parts(error_of([&] { map_network(network, named_config("yao2020")); }), "980 needed",
                   "1024 there", "do not pack");
    }
  }
}

// All channels of C3 in one step: its windows slide, and a replica wastes no row.
TEST(Mapper, SlidingWindowsTakeFewerClocks) {
  const ChipConfig config = named_config("yao2020");
  MappingOptions options;
  options.kind = MappingKind::kSliding;
  const MappedNetwork mapped = map_network(random_yao2020(1), config, options);
  EXPECT_EQ(mapped.layers[1].replicas, 1);
  EXPECT_EQ(mapped.layers[1].steps, 1);
  // Seven rows of seven columns; a row's first windows have three columns of four words.
  EXPECT_EQ(mapped.layers[1].clocks, 11 + 12 + 48 * 8 + 6 * 4 + 8 + 6);
  EXPECT_EQ(mapped.clocks_per_image, 1576);
}

// Two output rows of the first layer in each array, all channels of the second in one read, and of
// the third, whose sums would clip, four.
TEST(Mapper, WideArrays) {
  const ChipConfig config =
      chip_config_from_params("Windows=8\nLanes=8\nRowBanks=16\nBankDepth=64\n", "wide");
  const Network network = random_yao2020(1);
  const MappedNetwork mapped = map_network(network, config);
  EXPECT_EQ(mapped.layers[0].replicas, 14);
  EXPECT_EQ(mapped.layers[0].array_rows, 2);
  EXPECT_EQ(mapped.layers[0].beats, 2 * 26);
  EXPECT_EQ(mapped.layers[1].replicas, 7);
  EXPECT_EQ(mapped.layers[1].beats, 7);
  expect_parts(mapping_table(mapped, config), "7x2");
  const ChipProgram& program = mapped.program;
  EXPECT_EQ(program.layers[0].pairs, 16);
  EXPECT_EQ(program.layers[0].row_pairs(), 8);
  EXPECT_EQ(program.records[0].windows, 2);
  EXPECT_EQ(program.records[1].windows, 8);
  // Every weight once in each replica, and nothing else in the arrays.
  std::vector<std::vector<uint8_t>> cells = program.cells;
  for (const Placement& place : mapped.placements) {
    const Layer& layer = network.layers[static_cast<size_t>(place.layer)];
    for_each_pair(place, [&](const PlacedPair& pair) {
      const size_t cell = static_cast<size_t>(pair.line * config.num_bl() + pair.bit_line);
      std::vector<uint8_t>& array = cells[static_cast<size_t>(place.pe)];
      if (layer.type == LayerType::kConvolution) {
        ASSERT_EQ(array[cell] - array[cell + 128],
                  layer.weight(place.first_kernel + pair.kernel, pair.channel,
                               place.window_row + pair.row, place.window_column + pair.column));
      }
      array[cell] = array[cell + 128] = 0;
    });
  }
  for (const std::vector<uint8_t>& array : cells) {
    EXPECT_EQ(std::count(array.begin(), array.end(), 0), static_cast<ptrdiff_t>(array.size()));
  }
}

// As many channels are summed as no source line clips for: weights of 7 fill 255 codes with 36
// cells.
TEST(Mapper, SumsOfChannelsDoNotClip) {
  const ChipConfig config =
      chip_config_from_params("Windows=8\nLanes=8\nNumSl=512\nBankDepth=512\n", "wide");
  const auto windows_with = [&](int8_t weight, const MappingOptions& options) {
    Network network = random_yao2020(1);
    std::fill(network.layers[1].weights.begin(), network.layers[1].weights.end(), weight);
    const MappedNetwork mapped = map_network(network, config, options);
    EXPECT_LE(mapped.layers[1].peak_codes, 255.0);
    return mapped.program.records[static_cast<size_t>(mapped.program.layers[1].first_record)]
        .windows;
  };
  EXPECT_EQ(windows_with(3, {}), 8);  // 72 * 3 = 216
  EXPECT_EQ(windows_with(4, {}), 4);  // 288; 36 * 4 = 144
  EXPECT_EQ(windows_with(7, {}), 4);  // 36 * 7 = 252
  MappingOptions noisy;
  noisy.limits.converter_sigma = 1.0;  // four of them above 252
  EXPECT_EQ(windows_with(7, noisy), 2);
}

TEST(Mapper, PictureAndTable) {
  const ChipConfig config = named_config("yao2020");
  const MappedNetwork mapped = map_network(random_yao2020(1), config);
  expect_parts(mapping_table(mapped, config), "C1", "1058", "695", "72", "1826");
  expect_parts(mapping_picture(mapped, config), "PE  0 |AAAAbbbbbbBBBBBBbbbbbbBBBBBB....|",
               "112 of 128");
}

TEST(Mapper, Names) {
  EXPECT_EQ(mapping_kind("paper"), MappingKind::kPaper);
  EXPECT_EQ(mapping_kind(mapping_name(MappingKind::kDefault)), MappingKind::kDefault);
  EXPECT_EQ(mapping_kind(mapping_name(MappingKind::kSliding)), MappingKind::kSliding);
  expect_parts(error_of([] { mapping_kind("best"); }), "found \"best\"", "default, sliding, paper");
}

}  // namespace
}  // namespace mcnn::testing
