// SPDX-License-Identifier: Apache-2.0
// Chip programs as what the host writes: the words of every table, and where a map lies.
#include "host/mapping/chip_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/program_fields.h"

namespace mcnn {
namespace {

using fields::check;
using fields::check_pe_list;
using fields::Field;
using fields::kActive;
using fields::kFirstLine;
using fields::kLane;
using fields::kLayerFields;
using fields::kLayerPeWord;
using fields::kRecordFields;
using fields::kRecordPeWord;
using fields::kReplica;
using fields::kRowOffset;
using fields::kSegmentWord;
using fields::kTableLayers;
using fields::kTablePes;
using fields::kTableRows;

template <typename Row, size_t N>
void encode_fields(const std::array<Field<Row>, N>& fields, const Row& row, std::string_view where,
                   std::vector<uint32_t>& words) {
  for (const Field<Row>& field : fields) {
    check(field.fits(row.*field.member), where, field.name, row.*field.member,
          fmt::format("what {} bits hold", field.bits.width));
    words[to_index(field.word)] |= field.encode(row);
  }
}

template <typename Row, size_t N>
void decode_fields(const std::array<Field<Row>, N>& fields, std::span<uint32_t> left, Row& row) {
  for (const Field<Row>& field : fields) {
    uint32_t& word = left[to_index(field.word)];
    field.decode(word, row);
    word &= ~field.bits.put(field.bits.mask());
  }
}

// Where the bits of a PE are: words hold 32 / bits PEs each from `first_word` on.
struct PeBits {
  int first_word;
  int bits;

  uint32_t& word(std::span<uint32_t> words, size_t pe) const {
    return words[to_index(first_word) + pe / to_index(32 / bits)];
  }
  int shift(size_t pe) const { return static_cast<int>(pe) % (32 / bits) * bits; }
};
constexpr PeBits kLayerPe{kLayerPeWord, 8};
constexpr PeBits kRecordPe{kRecordPeWord, 16};

// SEGMENT_END of PE pe is bit pe % 32.
uint32_t& segment_word(std::span<uint32_t> words, size_t pe) {
  return pe < 32 ? words[kSegmentWord] : words.back();
}

uint32_t take(uint32_t& word, BitField bits, int shift) {
  const BitField moved{bits.low + shift, bits.width};
  const uint32_t value = moved.get(word);
  word &= ~moved.put(moved.mask());
  return value;
}

std::vector<uint32_t> copy_words(std::span<const uint32_t> words, int expected,
                                 std::string_view where) {
  if (words.size() != to_index(expected)) {
    throw Error(fmt::format("chip program: {}: found {} words, allowed: {}", where, words.size(),
                            expected));
  }
  return {words.begin(), words.end()};
}

void check_reserved(std::span<const uint32_t> left, std::string_view where) {
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i] != 0) {
      throw Error(fmt::format("chip program: {}: word {}: found reserved bits 0x{:08x}, allowed: 0",
                              where, i, left[i]));
    }
  }
}

template <typename Operation>
std::vector<BiasRow> combine(const std::vector<BiasRow>& a, const std::vector<BiasRow>& b,
                             const Operation& operation) {
  std::vector<BiasRow> result = a;
  for (size_t row = 0; row < result.size(); ++row) {
    std::ranges::transform(a[row], b.at(row), result[row].begin(), operation);
  }
  return result;
}

int32_t sign_extend(uint32_t value, int bits) {
  const int unused = 32 - bits;
  return static_cast<int32_t>(value << unused) >> unused;
}

}  // namespace

std::vector<BiasRow> sum(const std::vector<BiasRow>& a, const std::vector<BiasRow>& b) {
  return combine(a, b, std::plus{});
}

std::vector<BiasRow> difference(const std::vector<BiasRow>& a, const std::vector<BiasRow>& b) {
  return combine(a, b, std::minus{});
}

MapLocation locate(const StoredMap& map, const ChipConfig& config, int channel, int row,
                   int column) {
  const int lanes = config.lanes;
  if (map.vector) {
    return {channel % lanes, channel / lanes % kVectorBanks, channel / lanes / kVectorBanks};
  }
  return {channel % lanes, row % config.row_banks,
          (channel / lanes) * map.pitch + (row / config.row_banks) * map.shape.width + column};
}

uint32_t feature_map_address(const ChipConfig& config, int buffer, const MapLocation& location) {
  const int groups = config.row_banks / 4;
  const int word =
      ((buffer * config.lanes + location.lane) * groups + location.bank / 4) * config.bank_depth +
      location.word;
  return reg::kFeatureMaps + 4 * static_cast<uint32_t>(word);
}

// Chips of more PEs, or of longer tables, than there are bits and addresses for exist as models
// alone.
void check_tables(const ChipConfig& config) {
  const auto most = [](std::string_view name, int found, int limit) {
    check(found <= limit, "tables", name, found,
          fmt::format("up to {}, more in the chip model alone", limit));
  };
  most("NumPe", config.num_pe, kTablePes);
  most("NumLayers", config.num_layers, kTableLayers);
  most("NumRecords", config.num_records, kTableRows);
  most("NumBiasRows", config.num_bias_rows, kTableRows);
}

std::vector<uint32_t> encode(const LayerRow& row, const ChipConfig& config) {
  const std::string_view where = "layer row";
  std::vector<uint32_t> words(to_index(config.layer_words()), 0);
  encode_fields(kLayerFields, row, where, words);
  check_tables(config);
  for (size_t pe = 0; pe < to_index(config.num_pe); ++pe) {
    if (row.segment_end[pe]) segment_word(words, pe) |= 1U << (pe % 32);
  }
  check_pe_list(row.replica.size(), config, where, "REPLICA");
  check_pe_list(row.row_offset.size(), config, where, "ROW_OFFSET");
  for (size_t pe = 0; pe < row.replica.size(); ++pe) {
    check(row.replica[pe] >= 0 && row.replica[pe] <= static_cast<int>(kReplica.mask()), where,
          "REPLICA", row.replica[pe], "what 4 bits hold");
    check(row.row_offset[pe] >= 0 && row.row_offset[pe] <= static_cast<int>(kRowOffset.mask()),
          where, "ROW_OFFSET", row.row_offset[pe], "what 4 bits hold");
    const uint32_t byte = kReplica.put(static_cast<uint32_t>(row.replica[pe])) |
                          kRowOffset.put(static_cast<uint32_t>(row.row_offset[pe]));
    kLayerPe.word(words, pe) |= byte << kLayerPe.shift(pe);
  }
  return words;
}

LayerRow decode_layer(std::span<const uint32_t> words, const ChipConfig& config) {
  const std::string_view where = "layer row";
  std::vector<uint32_t> left = copy_words(words, config.layer_words(), where);
  LayerRow row;
  decode_fields(kLayerFields, std::span(left), row);
  for (size_t pe = 0; pe < to_index(config.num_pe); ++pe) {
    row.segment_end[pe] = take(segment_word(left, pe), {0, 1}, static_cast<int>(pe % 32)) != 0;
  }
  for (size_t pe = 0; pe < to_index(config.num_pe); ++pe) {
    uint32_t& word = kLayerPe.word(left, pe);
    const int shift = kLayerPe.shift(pe);
    row.replica.push_back(static_cast<int>(take(word, kReplica, shift)));
    row.row_offset.push_back(static_cast<int>(take(word, kRowOffset, shift)));
  }
  check_reserved(left, where);
  return row;
}

std::vector<uint32_t> encode(const StepRecord& record, const ChipConfig& config) {
  const std::string_view where = "step record";
  std::vector<uint32_t> words(to_index(config.record_words()), 0);
  encode_fields(kRecordFields, record, where, words);
  check_pe_list(record.first_line.size(), config, where, "first source line");
  check_pe_list(record.lane.size(), config, where, "LANE");
  check_pe_list(record.active.size(), config, where, "ACTIVE");
  for (size_t pe = 0; pe < record.active.size(); ++pe) {
    const int line = record.first_line[pe];
    check(line >= 0 && line % kLineUnit == 0 &&
              line / kLineUnit <= static_cast<int>(kFirstLine.mask()),
          where, "first source line", line, "a multiple of 4 that 8 bits hold divided by 4");
    check(record.lane[pe] >= 0 && record.lane[pe] <= static_cast<int>(kLane.mask()), where, "LANE",
          record.lane[pe], "what 4 bits hold");
    check(record.active[pe] == 0 || record.active[pe] == 1, where, "ACTIVE", record.active[pe],
          "0 or 1");
    const uint32_t half = kFirstLine.put(static_cast<uint32_t>(line / kLineUnit)) |
                          kLane.put(static_cast<uint32_t>(record.lane[pe])) |
                          kActive.put(static_cast<uint32_t>(record.active[pe]));
    kRecordPe.word(words, pe) |= half << kRecordPe.shift(pe);
  }
  return words;
}

StepRecord decode_record(std::span<const uint32_t> words, const ChipConfig& config) {
  const std::string_view where = "step record";
  std::vector<uint32_t> left = copy_words(words, config.record_words(), where);
  StepRecord record;
  decode_fields(kRecordFields, std::span(left), record);
  for (size_t pe = 0; pe < to_index(config.num_pe); ++pe) {
    uint32_t& word = kRecordPe.word(left, pe);
    const int shift = kRecordPe.shift(pe);
    record.first_line.push_back(static_cast<int>(take(word, kFirstLine, shift)) * kLineUnit);
    record.lane.push_back(static_cast<int>(take(word, kLane, shift)));
    record.active.push_back(static_cast<int>(take(word, kActive, shift)));
  }
  check_reserved(left, where);
  return record;
}

std::vector<uint32_t> encode(const BiasRow& row, const ChipConfig& config) {
  std::vector<uint32_t> words;
  check(row.size() == to_index(config.lanes), "bias row", "biases",
        static_cast<int64_t>(row.size()), fmt::format("{} (Lanes)", config.lanes));
  for (const int32_t bias : row) {
    check(sign_extend(static_cast<uint32_t>(bias), config.psum_bits) == bias, "bias row", "bias",
          bias, fmt::format("what {} signed bits hold", config.psum_bits));
    words.push_back(static_cast<uint32_t>(bias));
  }
  return words;
}

BiasRow decode_bias(std::span<const uint32_t> words, const ChipConfig& config) {
  BiasRow row;
  for (const uint32_t word : copy_words(words, config.lanes, "bias row")) {
    row.push_back(sign_extend(word, config.psum_bits));
  }
  return row;
}

std::vector<RegisterWrite> register_writes(const ChipProgram& program, const ChipConfig& config) {
  std::vector<RegisterWrite> writes;
  const auto add_row = [&writes](uint32_t address, const std::vector<uint32_t>& words) {
    for (size_t i = 0; i < words.size(); ++i) {
      writes.push_back({address + 4 * static_cast<uint32_t>(i), words[i]});
    }
  };
  for (size_t i = 0; i < program.layers.size(); ++i) {
    add_row(reg::kLayerTable + static_cast<uint32_t>(i) * reg::kLayerStride,
            encode(program.layers[i], config));
  }
  for (size_t i = 0; i < program.records.size(); ++i) {
    add_row(reg::kRecordTable + static_cast<uint32_t>(i) * reg::kRecordStride,
            encode(program.records[i], config));
  }
  for (size_t i = 0; i < program.biases.size(); ++i) {
    add_row(reg::kBiasTable + static_cast<uint32_t>(i) * reg::kBiasStride,
            encode(program.biases[i], config));
  }
  const MapShape& image = program.image;
  writes.push_back({reg::kLayerCount, static_cast<uint32_t>(program.layers.size())});
  writes.push_back(
      {reg::kImageShape, reg::kImageShapeHeight.put(static_cast<uint32_t>(image.height)) |
                             reg::kImageShapeWidth.put(static_cast<uint32_t>(image.width)) |
                             reg::kImageShapeChannels.put(static_cast<uint32_t>(image.channels))});
  writes.push_back({reg::kImagePitch, static_cast<uint32_t>(program.image_pitch)});
  writes.push_back({reg::kLogitCount, static_cast<uint32_t>(program.num_logits)});
  return writes;
}

}  // namespace mcnn
