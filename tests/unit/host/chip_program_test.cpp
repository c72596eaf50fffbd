// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/chip_program.h"

#include <functional>

#include "host/mapping/mapper.h"
#include "host_test_util.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

// A chip of more PEs than a row has bits for has no tables.
TEST(ChipProgramEncoding, RefusesWhatTheTablesCannotHold) {
  ChipConfig config;
  config.num_pe = 65;
  LayerRow row;
  row.replica.assign(65, 0);
  row.row_offset.assign(65, 0);
  expect_parts(error_of([&] { encode(row, config); }), "tables: NumPe: found 65", "up to 64",
               "chip model alone");
}

TEST(ChipProgramEncoding, LayerRowBits) {
  ChipConfig config = named_config("yao2020");
  LayerRow row;
  row.layer_end = 1;
  row.kernels = 12;
  row.range = 2;
  row.shift = 9;
  row.group_rows = 3;
  row.array_rows = 1;
  row.pairs = 12;
  row.in_height = 9;
  row.in_width = 10;
  row.stride = 1;
  row.row_step = 3;
  row.out_height = 7;
  row.out_width = 8;
  row.pool_rows = 2;
  row.pool_columns = 3;
  row.pool_row_stride = 4;
  row.pool_column_stride = 5;
  row.pooled_height = 6;
  row.pooled_width = 7;
  row.out_pitch = 0x1234;
  row.out_base = 0x5678;
  row.bias_base = 0x9A;
  row.first_record = 0xBC;
  row.input = 2;
  row.output = 1;
  row.add = 1;
  row.segment_end = 0x2A;
  row.replica = {0, 0, 1, 1, 2, 2, 0, 0};
  row.row_offset = {0, 0, 1, 1, 2, 2, 0, 0};
  // Written out by hand from rtl/REGISTERS.md.
  const std::vector<uint32_t> words = {2u | 12u << 4 | 2u << 10 | 9u << 12 | 3u << 17 | 12u << 25,
                                       9u | 10u << 8 | 1u << 16 | 3u << 24,
                                       7u | 8u << 8,
                                       2u | 3u << 7 | 4u << 14 | 5u << 21,
                                       6u | 7u << 8 | 0x1234u << 16,
                                       0x5678u | 0x9Au << 16,
                                       0xBCu | 2u << 16 | 1u << 18 | 1u << 20,
                                       0x2Au,
                                       0x11110000u,
                                       0x00002222u};
  EXPECT_EQ(encode(row, config), words);
  EXPECT_EQ(decode_layer(words, config), row);
}

TEST(ChipProgramEncoding, RecordBits) {
  const ChipConfig config = named_config("yao2020");
  StepRecord record;
  record.last_step = 1;
  record.last_pass = 1;
  record.window_columns = 3;
  record.window_rows = 4;
  record.windows = 1;
  record.column_offset = -1;
  record.row_offset = -3;
  record.channel_base = 0x77;
  record.first_line = {0, 16, 0, 124, 0, 0, 0, 8};
  record.lane = {0, 1, 0, 0, 0, 0, 0, 1};
  record.active = {0, 1, 0, 1, 0, 0, 0, 1};
  const std::vector<uint32_t> words = {3u | 2u << 4 | 3u << 6 | 0xFFu << 8 | 0xFDu << 16,
                                       0x77u,
                                       0x81040000u,
                                       0x801F0000u,
                                       0u,
                                       0x81020000u};
  EXPECT_EQ(encode(record, config), words);
  EXPECT_EQ(decode_record(words, config), record);
}

// The fields of several windows, lanes and output rows of an array.
TEST(ChipProgramEncoding, WideRowsAndRecords) {
  const ChipConfig config = chip_config_from_params("NumPe=3\nWindows=8\nLanes=8\n", "wide");
  LayerRow row;
  row.kernels = 5;
  row.array_rows = 2;
  row.pairs = 13;
  row.group_rows = 6;
  row.row_step = 6;
  row.segment_end = 7;
  row.replica = {0, 2, 4};
  row.row_offset = {0, 2, 4};
  EXPECT_EQ(row.row_pairs(), 8);
  const std::vector<uint32_t> words = encode(row, config);
  EXPECT_EQ(words[0], 5u << 4 | 6u << 17 | 1u << 21 | 13u << 25);
  EXPECT_EQ(words[8], 0x00442200u);
  EXPECT_EQ(decode_layer(words, config), row);
  StepRecord record;
  record.windows = 8;
  record.first_line = {0, 96, 0};
  record.lane = {0, 0, 5};
  record.active = {0, 1, 1};
  EXPECT_EQ(encode(record, config), (std::vector<uint32_t>{7u << 24, 0, 0x80180000u, 0x8500u}));
  EXPECT_EQ(decode_record(encode(record, config), config), record);
  record.windows = 17;
  expect_parts(error_of([&] { encode(record, config); }), "WINDOWS", "found 17");
  const StoredMap map{"C1", {20, 9, 9}, false, 18, 0};
  const MapLocation place = locate(map, config, 13, 8, 2);
  EXPECT_EQ(place.lane, 5);
  EXPECT_EQ(place.word, 18 + 9 + 2);
  EXPECT_EQ(feature_map_address(config, 1, place), 0x80000u + 4 * ((8 + 5) * 2 * 256 + 29));
}

// Every bit that rtl/REGISTERS.md gives a field, and no other, is kept.
// Of more than 32 PEs a last word has the others.
TEST(ChipProgramEncoding, SegmentEndsOfManyPes) {
  ChipConfig config;
  for (const int pes : {33, 64}) {
    config.num_pe = pes;
    LayerRow row;
    row.replica.assign(to_index(pes), 0);
    row.row_offset.assign(to_index(pes), 0);
    for (const int pe : {3, 31, 32, pes - 1}) row.segment_end.set(to_index(pe));
    const std::vector<uint32_t> words = encode(row, config);
    ASSERT_EQ(words.size(), to_index(8 + (pes + 3) / 4 + 1));
    EXPECT_EQ(words[7], 0x8000'0008U);
    EXPECT_EQ(words.back(), 1U | 1U << (pes - 33));
    EXPECT_EQ(decode_layer(words, config), row);
  }
}

TEST(ChipProgramEncoding, EveryBitIsAFieldOrReserved) {
  const ChipConfig config = named_config("yao2020");
  const std::vector<uint32_t> layer = {0x7FFFFFF7, 0x7F07FFFF, 0x0000FFFF, 0x0FFFFFFF, 0xFFFFFFFF,
                                       0xFFFFFFFF, 0x001FFFFF, 0x000000FF, 0xFFFFFFFF, 0xFFFFFFFF};
  const std::vector<uint32_t> record = {0x0FFFFFF3, 0x0000FFFF, 0x8FFF8FFF,
                                        0x8FFF8FFF, 0x8FFF8FFF, 0x8FFF8FFF};
  EXPECT_EQ(encode(decode_layer(layer, config), config), layer);
  EXPECT_EQ(encode(decode_record(record, config), config), record);
  for (int bit = 0; bit < 32; ++bit) {
    for (const std::vector<uint32_t>& fields : {layer, record}) {
      for (size_t word = 0; word < fields.size(); ++word) {
        std::vector<uint32_t> words(fields.size(), 0);
        words[word] = 1u << bit;
        const auto round_trip = [&] {
          return fields.size() == layer.size() ? encode(decode_layer(words, config), config)
                                               : encode(decode_record(words, config), config);
        };
        if ((fields[word] >> bit & 1u) != 0) {
          EXPECT_EQ(round_trip(), words) << "word " << word << ", bit " << bit;
        } else {
          expect_parts(error_of(round_trip), "reserved", "word " + std::to_string(word));
        }
      }
    }
  }
}

TEST(ChipProgramEncoding, BiasIsSignExtended) {
  const ChipConfig config = named_config("tiny");
  EXPECT_EQ(encode(BiasRow{-2, 5}, config), (std::vector<uint32_t>{0xFFFFFFFEu, 5u}));
  EXPECT_EQ(decode_bias(std::vector<uint32_t>{0xFFFFFEu, 5u}, config), (BiasRow{-2, 5}));
  EXPECT_NO_THROW(encode(BiasRow{(1 << 23) - 1, -(1 << 23)}, config));
  expect_parts(error_of([&] {
                 encode(BiasRow{1 << 23, 0}, config);
               }),
               "bias", "8388608", "24 signed bits");
}

TEST(ChipProgramEncoding, RoundTripOfEverySuiteProgram) {
  for (const char* const name : {"tiny", "yao2020"}) {
    const ChipConfig config = named_config(name);
    for (const SuiteCase& suite : network_suite(name)) {
      const ChipProgram program = map_network(suite.network, config, suite.options).program;
      for (const LayerRow& row : program.layers) {
        EXPECT_EQ(decode_layer(encode(row, config), config), row) << suite.name;
      }
      for (const StepRecord& record : program.records) {
        EXPECT_EQ(decode_record(encode(record, config), config), record) << suite.name;
      }
      for (const BiasRow& row : program.biases) {
        EXPECT_EQ(decode_bias(encode(row, config), config), row) << suite.name;
      }
    }
  }
}

TEST(ChipProgramEncoding, ValuesThatDoNotFit) {
  const ChipConfig config = named_config("tiny");
  StepRecord record;
  record.first_line = {0, 0};
  record.lane = {0, 0};
  record.active = {1, 0};
  record.column_offset = -129;
  expect_parts(error_of([&] { encode(record, config); }), "COLUMN_OFFSET", "-129", "8 bits");
  record.column_offset = 0;
  record.window_rows = 5;
  expect_parts(error_of([&] { encode(record, config); }), "WINDOW_ROWS", "found 5");
  record.window_rows = 1;
  record.first_line[0] = 2;
  expect_parts(error_of([&] { encode(record, config); }), "first source line", "found 2",
               "multiple of 4");
  std::vector<uint32_t> words = {0x08u, 0, 0};
  expect_parts(error_of([&] { decode_record(words, config); }), "word 0", "reserved", "0x00000008");
  words.pop_back();
  expect_parts(error_of([&] { decode_record(words, config); }), "found 2 words", "allowed: 3");
}

TEST(ChipProgramEncoding, AddressesOfFeatureMaps) {
  const ChipConfig config = named_config("yao2020");
  EXPECT_EQ(feature_map_address(config, 0, {0, 0, 0}), 0x80000u);
  EXPECT_EQ(feature_map_address(config, 0, {0, 5, 0}), 0x80000u + 4 * 256);
  EXPECT_EQ(feature_map_address(config, 2, {1, 4, 3}),
            0x80000u + 4 * (((2 * 2 + 1) * 2 + 1) * 256 + 3));
  const StoredMap map{"C1", {8, 9, 9}, false, 18, 0};
  const MapLocation place = locate(map, config, 3, 8, 2);
  EXPECT_EQ(place.lane, 1);
  EXPECT_EQ(place.bank, 0);
  EXPECT_EQ(place.word, 18 + 9 + 2);
  const StoredMap vector{"F", {40, 1, 1}, true, 0, 0};
  const MapLocation element = locate(vector, config, 29, 0, 0);  // e/2 = 14
  EXPECT_EQ(element.lane, 1);
  EXPECT_EQ(element.bank, 2);
  EXPECT_EQ(element.word, 3);
}

// Breaks a good program in one place.
struct Break {
  const char* name;
  std::function<void(ChipProgram&)> change;
  const char* field;
};

void PrintTo(const Break& broken, std::ostream* out) { *out << broken.name; }

std::vector<Break> breaks() {
  return {
      {"NoLayers", [](ChipProgram& p) { p.layers.clear(); }, "layer table"},
      {"ManyLayers", [](ChipProgram& p) { p.layers.resize(17, p.layers[0]); }, "layer table"},
      {"ManyRecords", [](ChipProgram& p) { p.records.resize(129, p.records[0]); }, "record table"},
      {"ManyBiasRows", [](ChipProgram& p) { p.biases.resize(65, p.biases[0]); }, "bias table"},
      {"BiasWide", [](ChipProgram& p) { p.biases[0][1] = 1 << 23; }, "bias row 0"},
      {"Level", [](ChipProgram& p) { p.cells[3][5] = 8; }, "cells of PE 3: level"},
      {"Arrays", [](ChipProgram& p) { p.cells.pop_back(); }, "cells: arrays"},
      {"Cells", [](ChipProgram& p) { p.cells[1].pop_back(); }, "cells of PE 1"},
      {"ImagePitch", [](ChipProgram& p) { ++p.image_pitch; }, "IMAGE_PITCH"},
      {"ImageHeight", [](ChipProgram& p) { p.image.height = 33; }, "IMAGE_SHAPE: height"},
      {"ImageMemory", [](ChipProgram& p) { p.image.channels = 5; }, "IMAGE_SHAPE: words"},
      {"Logits", [](ChipProgram& p) { p.num_logits = 65; }, "LOGIT_COUNT"},
      {"LogitMissing", [](ChipProgram& p) { p.num_logits = 11; }, "logit 10 is not"},
      {"LogitBeyond", [](ChipProgram& p) { p.layers[2].out_base = 1; }, "OUT_BASE"},
      {"Kernels", [](ChipProgram& p) { p.layers[0].kernels = 17; }, "KERNELS"},
      {"Range", [](ChipProgram& p) { p.layers[0].range = 4; }, "RANGE"},
      {"Shift", [](ChipProgram& p) { p.layers[0].shift = 24; }, "SHIFT"},
      {"GroupRows", [](ChipProgram& p) { p.layers[0].group_rows = 9; }, "GROUP_ROWS"},
      {"RowStep", [](ChipProgram& p) { p.layers[0].row_step = 5; }, "ROW_STEP"},
      {"Stride", [](ChipProgram& p) { p.layers[0].stride = 0; }, "STRIDE"},
      {"OutHeight", [](ChipProgram& p) { p.layers[0].out_height = 33; }, "OUT_HEIGHT"},
      {"PooledHeight", [](ChipProgram& p) { p.layers[0].pooled_height = 10; }, "POOLED_HEIGHT"},
      {"PooledRows",
       [](ChipProgram& p) {  // six rows touch nine windows
         p.layers[0].pool_rows = 4;
         p.layers[0].pool_row_stride = 1;
         p.layers[0].pooled_height = 23;
       },
       "pooled rows touched"},
      {"OutBase", [](ChipProgram& p) { p.layers[0].out_base = 200; }, "word of kernel"},
      {"OutPitch", [](ChipProgram& p) { p.layers[0].out_pitch = 17; }, "word of kernel"},
      {"BiasBase", [](ChipProgram& p) { p.layers[2].bias_base = 11; }, "BIAS_BASE"},
      {"FirstRecord", [](ChipProgram& p) { p.layers[2].first_record = 127; }, "FIRST_RECORD"},
      {"SegmentNone", [](ChipProgram& p) { p.layers[0].segment_end = 0; }, "SEGMENT_END"},
      {"SegmentBeyond", [](ChipProgram& p) { p.layers[0].segment_end = 0x100; }, "SEGMENT_END"},
      {"SegmentFinal", [](ChipProgram& p) { p.layers[2].segment_end = 0xC0; }, "SEGMENT_END"},
      {"SegmentMissing", [](ChipProgram& p) { p.layers[0].segment_end = 0x1F; },
       "segments of replica 5"},
      {"Replica", [](ChipProgram& p) { p.layers[1].replica[1] = 3; }, "REPLICA of PE 1"},
      {"ReplicaOfSegment",
       [](ChipProgram& p) {
         p.layers[1].replica[0] = 1;
         p.layers[1].row_offset[0] = 1;
       },
       "REPLICA of PE 0"},
      {"RowOffset", [](ChipProgram& p) { p.layers[0].row_offset[2] = 1; }, "ROW_OFFSET of PE 2"},
      {"WindowRows", [](ChipProgram& p) { p.records[0].window_rows = 4; },
       "ROW_OFFSET + rows of PE 5"},
      {"WindowColumns", [](ChipProgram& p) { p.records[0].window_columns = 5; }, "WINDOW_COLUMNS"},
      {"FirstLine", [](ChipProgram& p) { p.records[0].first_line[0] = 116; },
       "first source line of PE 0"},
      {"FirstLineOdd", [](ChipProgram& p) { p.records[0].first_line[0] = 2; },
       "first source line of PE 0"},
      {"TwiceInAStep", [](ChipProgram& p) { p.records[2].active[0] = 1; }, "once in a step"},
      {"BehindSegments", [](ChipProgram& p) { p.records[0].active[7] = 1; },
       "behind the last SEGMENT_END"},
      {"LastPass", [](ChipProgram& p) { p.records[1].last_pass = 1; }, "LAST_PASS"},
      {"ChannelBase", [](ChipProgram& p) { p.records[0].channel_base = 145; }, "CHANNEL_BASE"},
      {"Unwritten", [](ChipProgram& p) { p.records[0].lane[2] = 1; }, "nothing wrote"},
      {"UnwrittenByLayer", [](ChipProgram& p) { p.records.back().channel_base = 24; },
       "nothing wrote"},
      {"NoLayerEnd", [](ChipProgram& p) { p.layers[0].layer_end = 0; },
       "not written before in the layer"},
      {"Input", [](ChipProgram& p) { p.layers[1].input = 0; }, "OUTPUT"},
      {"InputBuffer", [](ChipProgram& p) { p.layers[2].input = 1; }, "nothing wrote"},
      {"OutputBuffer", [](ChipProgram& p) { p.layers[1].output = 2; }, "OUTPUT"},
      {"AddOfThreeBuffers", [](ChipProgram& p) { p.layers[1].add = 1; }, "ADD"},
      {"NoFinal", [](ChipProgram& p) { p.layers.pop_back(); }, "FINAL"},
      {"MapRow", [](ChipProgram& p) { p.maps[0].last_row = 2; }, "C1: last row"},
  };
}

class ChipProgramLimits : public ::testing::TestWithParam<Break> {};

TEST_P(ChipProgramLimits, AreChecked) {
  const ChipConfig config = named_config("yao2020");
  ChipProgram program = map_network(random_yao2020(1), config).program;
  ASSERT_NO_THROW(validate(program, config));
  GetParam().change(program);
  expect_parts(error_of([&] { validate(program, config); }), GetParam().field, "found", "allowed");
}

INSTANTIATE_TEST_SUITE_P(Each, ChipProgramLimits, ::testing::ValuesIn(breaks()),
                         [](const ::testing::TestParamInfo<Break>& test) {
                           return test.param.name;
                         });

}  // namespace
}  // namespace mcnn::testing
