// SPDX-License-Identifier: Apache-2.0
// Chip programs as what the host writes: the words of every table, and where a map lies.
#include "host/mapping/chip_program.h"

#include <fmt/format.h>

#include <array>

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
using fields::kLayerFields;
using fields::kLayerPeWord;
using fields::kRecordFields;
using fields::kRecordPeWord;
using fields::kReplica;
using fields::kRowOffset;
using fields::kSegmentWord;

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

// Puts one byte of a PE; words hold four PEs each from `first_word` on.
uint32_t& pe_word(std::span<uint32_t> words, int first_word, size_t pe) {
  return words[to_index(first_word) + pe / 4];
}
int pe_shift(size_t pe) { return static_cast<int>(pe % 4) * 8; }

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

int32_t sign_extend(uint32_t value, int bits) {
  const int unused = 32 - bits;
  return static_cast<int32_t>(value << unused) >> unused;
}

}  // namespace

MapLocation locate(const StoredMap& map, const ChipConfig& config, int channel, int row,
                   int column) {
  if (map.vector) {
    return {channel % 2, channel / 2 % kVectorBanks, channel / 2 / kVectorBanks};
  }
  return {channel % 2, row % config.row_banks,
          (channel / 2) * map.pitch + (row / config.row_banks) * map.shape.width + column};
}

uint32_t feature_map_address(const ChipConfig& config, int buffer, const MapLocation& location) {
  const int groups = config.row_banks / 4;
  const int word = ((buffer * 2 + location.half) * groups + location.bank / 4) * config.bank_depth +
                   location.word;
  return reg::kFeatureMaps + 4 * static_cast<uint32_t>(word);
}

std::vector<uint32_t> encode(const LayerRow& row, const ChipConfig& config) {
  const std::string_view where = "layer row";
  std::vector<uint32_t> words(to_index(config.layer_words()), 0);
  encode_fields(kLayerFields, row, where, words);
  words[kSegmentWord] = row.segment_end;
  check_pe_list(row.replica.size(), config, where, "REPLICA");
  check_pe_list(row.row_offset.size(), config, where, "ROW_OFFSET");
  for (size_t pe = 0; pe < row.replica.size(); ++pe) {
    check(row.replica[pe] >= 0 && row.replica[pe] <= static_cast<int>(kReplica.mask()), where,
          "REPLICA", row.replica[pe], "what 3 bits hold");
    check(row.row_offset[pe] >= 0 && row.row_offset[pe] <= static_cast<int>(kRowOffset.mask()),
          where, "ROW_OFFSET", row.row_offset[pe], "what 3 bits hold");
    const uint32_t byte = kReplica.put(static_cast<uint32_t>(row.replica[pe])) |
                          kRowOffset.put(static_cast<uint32_t>(row.row_offset[pe]));
    pe_word(words, kLayerPeWord, pe) |= byte << pe_shift(pe);
  }
  return words;
}

LayerRow decode_layer(std::span<const uint32_t> words, const ChipConfig& config) {
  const std::string_view where = "layer row";
  std::vector<uint32_t> left = copy_words(words, config.layer_words(), where);
  LayerRow row;
  decode_fields(kLayerFields, std::span(left), row);
  row.segment_end = take(left[kSegmentWord], {0, config.num_pe}, 0);
  for (size_t pe = 0; pe < to_index(config.num_pe); ++pe) {
    uint32_t& word = pe_word(left, kLayerPeWord, pe);
    row.replica.push_back(static_cast<int>(take(word, kReplica, pe_shift(pe))));
    row.row_offset.push_back(static_cast<int>(take(word, kRowOffset, pe_shift(pe))));
  }
  check_reserved(left, where);
  return row;
}

std::vector<uint32_t> encode(const StepRecord& record, const ChipConfig& config) {
  const std::string_view where = "step record";
  std::vector<uint32_t> words(to_index(config.record_words()), 0);
  encode_fields(kRecordFields, record, where, words);
  check_pe_list(record.first_line.size(), config, where, "first source line");
  check_pe_list(record.active.size(), config, where, "ACTIVE");
  for (size_t pe = 0; pe < record.active.size(); ++pe) {
    const int line = record.first_line[pe];
    check(line >= 0 && line % kLineUnit == 0 &&
              line / kLineUnit <= static_cast<int>(kFirstLine.mask()),
          where, "first source line", line, "a multiple of 4 that 7 bits hold divided by 4");
    check(record.active[pe] == 0 || record.active[pe] == 1, where, "ACTIVE", record.active[pe],
          "0 or 1");
    const uint32_t byte = kFirstLine.put(static_cast<uint32_t>(line / kLineUnit)) |
                          kActive.put(static_cast<uint32_t>(record.active[pe]));
    pe_word(words, kRecordPeWord, pe) |= byte << pe_shift(pe);
  }
  return words;
}

StepRecord decode_record(std::span<const uint32_t> words, const ChipConfig& config) {
  const std::string_view where = "step record";
  std::vector<uint32_t> left = copy_words(words, config.record_words(), where);
  StepRecord record;
  decode_fields(kRecordFields, std::span(left), record);
  for (size_t pe = 0; pe < to_index(config.num_pe); ++pe) {
    uint32_t& word = pe_word(left, kRecordPeWord, pe);
    record.first_line.push_back(static_cast<int>(take(word, kFirstLine, pe_shift(pe))) * kLineUnit);
    record.active.push_back(static_cast<int>(take(word, kActive, pe_shift(pe))));
  }
  check_reserved(left, where);
  return record;
}

std::vector<uint32_t> encode(const BiasRow& row, const ChipConfig& config) {
  std::vector<uint32_t> words;
  for (const int32_t bias : {row.even, row.odd}) {
    check(sign_extend(static_cast<uint32_t>(bias), config.psum_bits) == bias, "bias row", "bias",
          bias, fmt::format("what {} signed bits hold", config.psum_bits));
    words.push_back(static_cast<uint32_t>(bias));
  }
  return words;
}

BiasRow decode_bias(std::span<const uint32_t> words, const ChipConfig& config) {
  const std::vector<uint32_t> copy = copy_words(words, 2, "bias row");
  return {sign_extend(copy[0], config.psum_bits), sign_extend(copy[1], config.psum_bits)};
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
