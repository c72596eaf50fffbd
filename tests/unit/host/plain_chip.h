// SPDX-License-Identifier: Apache-2.0
// A chip model written for its likeness to the specification, not for speed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "behavioral_models/macro.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/chip_program.h"

namespace mcnn::testing {

// The same program executed in the plainest way: window by window and pixel by pixel, as
// rtl/README.md says, on macros of its own.
class PlainChip {
 public:
  PlainChip(const ChipConfig& config, const ChipProgram& program, const DeviceCard& card,
            uint64_t seed)
      : config_(config), program_(program) {
    for (int pe = 0; pe < config.num_pe; ++pe) {
      macros_.emplace_back(
          MacroShape{config.num_bl(), config.num_sl, config.num_adc, config.adc_bits}, card, seed,
          pe);
      macros_.back().program(program.cells[static_cast<size_t>(pe)]);
    }
  }

  std::vector<int32_t> run(uint32_t image, const std::vector<uint8_t>& pixels) {
    const size_t size = static_cast<size_t>(config_.lanes * config_.row_banks * config_.bank_depth);
    buffers_.assign(static_cast<size_t>(config_.named_buffers()), std::vector<uint8_t>(size, 0));
    logits_.assign(static_cast<size_t>(program_.num_logits), 0);
    for (Macro& macro : macros_) {
      macro.begin_image(image);
    }
    const MapShape& shape = program_.image;
    for (int i = 0; i < shape.size(); ++i) {
      const int c = i / (shape.height * shape.width);
      const int y = i / shape.width % shape.height;
      buffers_[0]
              [at(c % lanes_, y % banks_,
                  c / lanes_ * program_.image_pitch + y / banks_ * shape.width + i % shape.width)] =
                  pixels[static_cast<size_t>(i)];
    }
    for (const LayerRow& row : program_.layers) {
      std::vector<bool> written(size, false);
      for (int y0 = 0; y0 < row.out_height; y0 += row.group_rows) {
        for (int x = 0; x < row.out_width; ++x) {
          position(row, y0, x, written);
        }
      }
    }
    return logits_;
  }

 private:
  size_t at(int lane, int bank, int word) const {
    return static_cast<size_t>((lane * config_.row_banks + bank) * config_.bank_depth + word);
  }

  int pixel(const LayerRow& row, const StepRecord& record, int lane, int y, int x) const {
    if (y < 0 || y >= row.in_height || x < 0 || x >= row.in_width) {
      return 0;
    }
    return buffers_[static_cast<size_t>(row.input)]
                   [at(lane, y % banks_, record.channel_base + y / banks_ * row.in_width + x)];
  }

  void position(const LayerRow& row, int y0, int x, std::vector<bool>& written) {
    std::vector<std::array<int64_t, 64>> sums(
        static_cast<size_t>(config_.num_pe));  // of each PE over the steps
    for (size_t i = static_cast<size_t>(row.first_record);; ++i) {
      const StepRecord& record = program_.records[i];
      for (size_t pe = 0; pe < sums.size(); ++pe) {
        if (record.active[pe] == 0) {
          continue;
        }
        for (int plane = 7; plane >= 0; --plane) {
          std::vector<uint32_t> pulses(macros_[pe].pulse_words(), 0);
          for (int w = 0; w < record.windows; ++w) {
            const int lane = record.lane[pe] + (row.array_rows == 1 ? w : 0);
            const int y = y0 + row.replica[pe] + (row.array_rows == 1 ? 0 : w);
            for (int c = 0; c < record.window_columns; ++c) {
              for (int r = 0; r < record.window_rows; ++r) {
                const int value = pixel(row, record, lane, row.stride * y + record.row_offset + r,
                                        row.stride * x + record.column_offset + c);
                const int line = 16 * w + 4 * c + r;
                pulses[static_cast<size_t>(line / 32)] |= static_cast<uint32_t>(value >> plane & 1)
                                                          << line % 32;
              }
            }
          }
          if (std::ranges::all_of(pulses, [](uint32_t word) { return word == 0; })) {
            continue;
          }
          std::array<uint16_t, 128> codes{};
          macros_[pe].read(pulses, record.first_line[pe], 2 * row.pairs, row.range, codes);
          for (size_t k = 0; k < static_cast<size_t>(row.pairs); ++k) {
            sums[pe][k] += (static_cast<int64_t>(codes[2 * k]) - codes[2 * k + 1]) * (1 << plane);
          }
        }
      }
      if (record.last_pass != 0) {
        break;
      }
    }
    std::array<int64_t, 64> segment{};
    for (size_t pe = 0; pe < sums.size(); ++pe) {
      for (size_t k = 0; k < segment.size(); ++k) {
        segment[k] += sums[pe][k];
      }
      if (row.segment_end[to_index(pe)]) {
        const int row_pairs = (row.kernels + lanes_ - 1) / lanes_ * lanes_;
        for (int w = 0; w < row.array_rows; ++w) {
          for (int k = 0; k < row.kernels; ++k) {
            finish(row, k, y0 + row.replica[pe] + w, x,
                   segment[static_cast<size_t>(w * row_pairs + k)], written);
          }
        }
        segment.fill(0);
      }
    }
  }

  void finish(const LayerRow& row, int k, int y, int x, int64_t sum, std::vector<bool>& written) {
    const int32_t bias = program_.biases[static_cast<size_t>(row.bias_base + k / lanes_)]
                                        [static_cast<size_t>(k % lanes_)];
    const int64_t value = (sum + bias) >> row.shift;
    if (row.final != 0) {
      logits_[static_cast<size_t>(lanes_ * row.out_base + k)] = static_cast<int32_t>(value);
      return;
    }
    if (y >= row.out_height) {
      return;
    }
    const uint8_t clamped =
        static_cast<uint8_t>(std::min<int64_t>(std::max<int64_t>(value, 0), 255));
    for (int py = 0; py < row.pooled_height; ++py) {
      for (int px = 0; px < row.pooled_width; ++px) {
        const bool inside =
            py * row.pool_row_stride <= y && y < py * row.pool_row_stride + row.pool_rows &&
            px * row.pool_column_stride <= x && x < px * row.pool_column_stride + row.pool_columns;
        if (!inside) {
          continue;
        }
        const int e = lanes_ * row.out_base + k;
        const size_t place = row.vector != 0 ? at(e % lanes_, e / lanes_ % 4, e / lanes_ / 4)
                                             : at(k % lanes_, py % banks_,
                                                  row.out_base + k / lanes_ * row.out_pitch +
                                                      py / banks_ * row.pooled_width + px);
        uint8_t& stored = buffers_[static_cast<size_t>(row.output)][place];
        if (row.add != 0) {
          const int64_t both = stored + std::clamp<int64_t>(value, -256, 255);
          stored = static_cast<uint8_t>(std::clamp<int64_t>(both, 0, 255));
          continue;
        }
        stored = written[place] ? std::max(stored, clamped) : clamped;
        written[place] = true;
      }
    }
  }

  const ChipConfig& config_;
  const ChipProgram& program_;
  const int lanes_ = config_.lanes;
  const int banks_ = config_.row_banks;
  std::vector<Macro> macros_;
  std::vector<std::vector<uint8_t>> buffers_;  // by name
  std::vector<int32_t> logits_;
};

}  // namespace mcnn::testing
