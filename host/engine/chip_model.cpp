// SPDX-License-Identifier: Apache-2.0
#include "host/engine/chip_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/engine/compiled_pass.h"
#include "host/mapping/cycle_model.h"
#include "host/network/integer_network.h"

namespace mcnn {
namespace {

constexpr int kPlanes = 8;      // bit planes of a pixel
constexpr int kMaxLanes = 128;  // lines of a read, rounded up
constexpr int kMaxPairs = kMaxLanes / 2;
constexpr int kMaxWords = 8;  // of the pulses of a plane

// The bits of one or more pixels, one lane a bit plane, least significant first.
using Planes = std::array<uint16_t, kPlanes>;

// The same in two words: shifts move whole pixels as long as no lane is full.
using PlaneWords = std::array<uint64_t, 2>;

constexpr std::array<PlaneWords, 256> make_bits() {
  std::array<PlaneWords, 256> table{};
  for (size_t value = 0; value < table.size(); ++value) {
    Planes bits{};
    for (size_t plane = 0; plane < kPlanes; ++plane) {
      bits[plane] = static_cast<uint16_t>(value >> plane & 1u);
    }
    table[value] = std::bit_cast<PlaneWords>(bits);
  }
  return table;
}
constexpr std::array<PlaneWords, 256> kBits = make_bits();

// A row outside the map, longer than any row.
constexpr std::array<uint8_t, 256> kNoPixels{};

// Four pixels of a column, the first row in bit 0 of each lane.
Planes make_quad(uint8_t first, uint8_t second, uint8_t third, uint8_t fourth) {
  PlaneWords words{};
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] =
        kBits[first][i] | kBits[second][i] << 1 | kBits[third][i] << 2 | kBits[fourth][i] << 3;
  }
  return std::bit_cast<Planes>(words);
}

}  // namespace

std::vector<Macro> make_macros(const ChipConfig& config, const DeviceCard& card, uint64_t seed) {
  const MacroShape shape{config.num_bl(), config.num_sl, config.num_adc, config.adc_bits};
  std::vector<Macro> macros;
  macros.reserve(to_index(config.num_pe));
  for (int pe = 0; pe < config.num_pe; ++pe) {
    macros.emplace_back(shape, card, seed, pe);
  }
  return macros;
}

void program_direct(std::span<Macro> macros, const ChipProgram& program) {
  for (size_t pe = 0; pe < macros.size(); ++pe) {
    macros[pe].program(program.cells.at(pe));
  }
}

class ChipModel::Impl {
 public:
  Impl(const ChipConfig& config, const ChipProgram& program, std::vector<Macro> macros,
       Options options)
      : config_(config), program_(program), options_(options), macros_(std::move(macros)) {
    validate(program_, config_);
    if (config_.act_bits != kPlanes || config_.kernel_max != 4 || config_.num_adc > kMaxLanes) {
      throw Error(fmt::format(
          "chip model: found ActBits {}, KernelMax {}, NumAdc {}, allowed: {}, 4, up to {}",
          config_.act_bits, config_.kernel_max, config_.num_adc, kPlanes, kMaxLanes));
    }
    if (macros_.size() != to_index(config_.num_pe)) {
      throw Error(fmt::format("chip model: found {} macros, allowed: {} (NumPe)", macros_.size(),
                              config_.num_pe));
    }
    const size_t words = to_index(config_.lanes * config_.row_banks * config_.bank_depth);
    buffers_.assign(to_index(config_.named_buffers()), std::vector<uint8_t>(words, 0));
    for (size_t i = 0; i < program_.layers.size(); ++i) {
      passes_.push_back(compile_pass(program_, config_, static_cast<int>(i)));
      std::vector<WindowUse>& uses = uses_.emplace_back();
      for (const std::vector<WindowRead>& step : passes_.back().steps) {
        for (const WindowRead& read : step) {
          uses.push_back({.pe = read.pe, .first_line = read.first_line, .segment = read.segment});
        }
      }
    }
    sums_.resize(to_index(config_.num_pe));
    result_.counters.layer_clocks.assign(passes_.size(), 0);
    result_.logits.assign(to_index(program_.num_logits), 0);
    clear_counters();
  }

  const ImageResult& run(uint32_t image, std::span<const uint8_t> pixels) {
    const MapShape& shape = program_.image;
    if (pixels.size() != to_index(shape.size())) {
      throw Error(fmt::format("image {}: found {} pixels, allowed: {} ({}x{}x{})", image,
                              pixels.size(), shape.size(), shape.channels, shape.height,
                              shape.width));
    }
    for (Macro& macro : macros_) {
      macro.begin_image(image);
    }
    load(pixels);
    ChipCounters& counters = result_.counters;
    counters.clocks = 1;  // to take the image
    counters.beats = counters.reads = counters.skipped = counters.conversions =
        counters.stall_beat = 0;
    result_.maps.clear();
    result_.reads.resize(options_.reads ? passes_.size() : 0);
    for (size_t i = 0; i < passes_.size(); ++i) {
      for (Macro& macro : macros_) {
        macro.set_layer(static_cast<int>(i));
      }
      const LayerRow& row = passes_[i].row;
      input_ = buffers_[to_index(row.input)].data();
      output_ = buffers_[to_index(row.output)].data();
      run_pass(passes_[i], i);
      if (row.layer_end != 0 && options_.maps) {
        read_map(static_cast<int>(i));
      }
    }
    result_.digit = arg_max(result_.logits);
    add_totals();
    return result_;
  }

  ReadCounts row_counts(int layer_row) const {
    ReadCounts sum;
    for (const Macro& macro : macros_) {
      sum += macro.counts(layer_row);
    }
    return sum;
  }

  void clear_counters() {
    totals_ = ChipCounters{};
    totals_.layer_clocks.assign(passes_.size(), 0);
    for (Macro& macro : macros_) {
      macro.clear_counts();
    }
    driven_planes_.clear();
    for (const CompiledPass& pass : passes_) {
      driven_planes_.emplace_back(pass.steps.size(), 0);
    }
  }

  std::span<const WindowUse> window_uses(int layer_row) const {
    return uses_.at(to_index(layer_row));
  }

  const ChipConfig config_;
  const ChipProgram program_;
  Options options_;
  std::vector<Macro> macros_;
  ChipCounters totals_;
  std::vector<std::vector<int64_t>> driven_planes_;  // [layer row][step]

 private:
  size_t address(int lane, int bank, int word) const {
    return to_index((lane * config_.row_banks + bank) * config_.bank_depth + word);
  }

  void load(std::span<const uint8_t> pixels) {
    const MapShape& shape = program_.image;
    const uint8_t* next = pixels.data();
    for (int c = 0; c < shape.channels; ++c) {
      for (int y = 0; y < shape.height; ++y) {
        uint8_t* row = &buffers_.front()[address(
            c % config_.lanes, y % config_.row_banks,
            c / config_.lanes * program_.image_pitch + y / config_.row_banks * shape.width)];
        std::copy_n(next, shape.width, row);
        next += shape.width;
      }
    }
  }

  // Row y of a channel as it lies in the input buffer; outside the map there is nothing.
  const uint8_t* row_pixels(const LayerRow& row, const PassChannel& channel, int y) const {
    return y < 0 || y >= row.in_height
               ? kNoPixels.data()
               : &input_[address(channel.lane, y % config_.row_banks,
                                 channel.base + y / config_.row_banks * row.in_width)];
  }

  // Spreads the pixels of every channel of the pass to bit planes.
  void make_quads(const CompiledPass& pass) {
    quads_.resize(std::max(quads_.size(), to_index(pass.num_quads)));
    const LayerRow& row = pass.row;
    for (const PassChannel& channel : pass.channels) {
      const int columns = channel.columns();
      const int first_inside = std::max(0, channel.first_column);
      const int last_inside = std::min(row.in_width - 1, channel.last_column);
      Planes* quads = quads_.data() + channel.quads;
      for (int top = channel.first_row; top <= channel.last_row; ++top, quads += columns) {
        const std::array<const uint8_t*, 4> pixels = {
            row_pixels(row, channel, top), row_pixels(row, channel, top + 1),
            row_pixels(row, channel, top + 2), row_pixels(row, channel, top + 3)};
        std::fill_n(quads, columns, Planes{});
        for (int x = first_inside; x <= last_inside; ++x) {
          quads[x - channel.first_column] =
              make_quad(pixels[0][x], pixels[1][x], pixels[2][x], pixels[3][x]);
        }
      }
    }
  }

  // The bit lines of one window that get a pulse in a plane.
  static uint32_t window_pulses(const WindowRead& read, const Planes* quads, size_t plane) {
    return static_cast<uint32_t>(quads[0][plane] | quads[1][plane] << 4 | quads[2][plane] << 8 |
                                 quads[3][plane] << 12) &
           read.mask;
  }

  // Where a window lies at an output position.
  const Planes* quads_at(const CompiledPass& pass, const DrivenWindow& window, int top,
                         int left) const {
    const PassChannel& channel = pass.channels[to_index(window.channel)];
    return &quads_[to_index(window.quads + top * channel.columns() + left)];
  }

  // The bit lines of a read that get a pulse, [plane][word], most significant plane first, in
  // pulses_. Bit b of planes_read_: plane b has one.
  void drive(const CompiledPass& pass, const WindowRead& read, int top, int left) {
    planes_read_ = 0;
    const Planes* quads = quads_at(pass, read.first, top, left);
    if (words_ == 1 && read.others.empty()) {
      for (size_t plane = 0; plane < kPlanes; ++plane) {
        const uint32_t pulses = window_pulses(read, quads, plane);
        pulses_[kPlanes - 1 - plane] = pulses;
        planes_read_ |= pulses != 0 ? 1u << plane : 0u;
      }
      return;
    }
    std::fill_n(pulses_.begin(), kPlanes * words_, 0u);
    const auto add = [&](const Planes* window, size_t number) {
      uint32_t* to = &pulses_[(kPlanes - 1) * words_ + number / 2];
      const int shift = number % 2 == 0 ? 0 : 16;
      for (size_t plane = 0; plane < kPlanes; ++plane, to -= words_) {
        const uint32_t pulses = window_pulses(read, window, plane);
        *to |= pulses << shift;
        planes_read_ |= pulses != 0 ? 1u << plane : 0u;
      }
    };
    add(quads, 0);
    for (size_t i = 0; i < read.others.size(); ++i) {
      add(quads_at(pass, read.others[i], top, left), i + 1);
    }
  }

  // Reads the bit planes that drive() left and adds the pair sums to the segment's partial sums.
  // Returns the number of bits of the largest pixel in the windows.
  int read_planes(const CompiledPass& pass, const WindowRead& read, ChipCounters& counters) {
    const int reads = std::popcount(planes_read_);
    counters.reads += reads;
    counters.skipped += kPlanes - reads;
    if (reads == 0) {
      return 0;
    }
    const int lines = 2 * pass.row.pairs;
    counters.conversions += static_cast<int64_t>(reads) * lines;
    const std::span<int32_t> pair_sums(pair_sums_.data(), to_index(pass.row.pairs));
    macros_[to_index(read.pe)].read_planes(std::span(pulses_).first(kPlanes * words_),
                                           read.first_line, lines, pass.row.range, pair_sums);
    uint32_t* sums = sums_[to_index(read.segment)].data();
    for (size_t k = 0; k < pair_sums.size(); ++k) {
      sums[k] += static_cast<uint32_t>(pair_sums[k]);
    }
    return std::bit_width(planes_read_);
  }

  // Counts what drive() left: the planes that have a pulse are the bits of the pixels.
  void count_use(WindowUse& use) const {
    const auto planes = static_cast<int>(planes_read_);
    int pixels = 0;
    for (size_t i = 0; i < kPlanes * words_; ++i) {
      pixels += std::popcount(pulses_[i]) << (kPlanes - 1 - i / words_);
    }
    ++use.positions;
    use.planes += planes;
    use.pixels += pixels;
    use.planes_pixels += static_cast<double>(planes) * pixels;
    use.pixels_pixels += static_cast<double>(pixels) * pixels;
  }

  void run_pass(const CompiledPass& pass, size_t index) {
    const LayerRow& row = pass.row;
    make_quads(pass);
    const size_t pooled_size = to_index(row.pooled_height * row.pooled_width * row.kernels);
    pooled_.assign(std::max(pooled_.size(), pooled_size), 0);
    planes_.clear();
    ChipCounters& counters = result_.counters;
    size_t beat = 0;
    if (options_.reads) {
      result_.reads[index].assign(to_index(static_cast<int>(pass.cycles.beats) * config_.num_pe),
                                  0);
    }
    for (int y0 = 0, top = 0; y0 < row.out_height; y0 += row.group_rows, top += row.row_step) {
      for (int x = 0; x < row.out_width; ++x) {
        for (size_t s = 0; s < pass.segment_rows.size(); ++s) {
          std::fill_n(sums_[s].begin(), row.pairs, 0u);
        }
        size_t window = 0;
        for (const std::vector<WindowRead>& step : pass.steps) {
          int bits = 0;
          for (const WindowRead& read : step) {
            drive(pass, read, top, x * row.stride);
            bits = std::max(bits, read_planes(pass, read, counters));
            if (options_.reads) {
              result_.reads[index][beat * to_index(config_.num_pe) + to_index(read.pe)] =
                  static_cast<uint8_t>(planes_read_);
            }
            if (options_.uses && y0 + pass.segment_rows[to_index(read.segment)] < row.out_height) {
              count_use(uses_[index][window]);
            }
            ++window;
          }
          ++beat;
          if (options_.skip) {
            planes_.push_back(static_cast<uint8_t>(bits));
          }
        }
        for (size_t s = 0; s < pass.segment_rows.size(); ++s) {
          for (int w = 0; w < row.array_rows; ++w) {
            activate(pass, &sums_[s][to_index(w * row.row_pairs())], y0 + pass.segment_rows[s] + w,
                     x);
          }
        }
      }
    }
    if (row.final == 0 && row.add == 0) {
      store(row);
    }
    std::vector<int64_t>& driven = driven_planes_[index];
    if (options_.skip) {
      for (size_t i = 0; i < planes_.size(); ++i) {
        driven[i % driven.size()] += std::max<int>(kMinSkipPlanes, planes_[i]);
      }
    } else {
      for (int64_t& planes : driven) {
        planes += kPlanes * (pass.cycles.beats / static_cast<int64_t>(driven.size()));
      }
    }
    const PassCycles cycles =
        options_.skip ? pass_cycles(pass.timing, config_, planes_) : pass.cycles;
    counters.clocks += cycles.clocks;
    counters.beats += cycles.beats;
    counters.stall_beat += cycles.stall_beat;
    counters.layer_clocks[index] = cycles.clocks;
  }

  // Bias, shift, then logits, or the sum with a pixel of the output buffer, or clamp and maximum
  // into the pooled map.
  void activate(const CompiledPass& pass, const uint32_t* sums, int y, int x) {
    const LayerRow& row = pass.row;
    if (y >= row.out_height) {
      return;
    }
    const size_t kernels = to_index(row.kernels);
    const int unused = 32 - config_.psum_bits;
    for (size_t k = 0; k < kernels; ++k) {
      const uint32_t sum = sums[k] + static_cast<uint32_t>(pass.biases[k]);
      values_[k] = (static_cast<int32_t>(sum << unused) >> unused) >> row.shift;
    }
    if (row.final != 0) {
      std::copy_n(values_.begin(), kernels,
                  result_.logits.begin() + ptrdiff_t{config_.lanes} * row.out_base);
      return;
    }
    if (row.add != 0) {
      add_pixels(row, y, x);
      return;
    }
    for (size_t k = 0; k < kernels; ++k) {
      pixels_[k] = static_cast<uint8_t>(std::clamp(values_[k], 0, 255));
    }
    const PooledRange rows = pass.pooled_rows[to_index(y)];
    const PooledRange columns = pass.pooled_columns[to_index(x)];
    for (int py = rows.first; py < rows.first + rows.count; ++py) {
      for (int px = columns.first; px < columns.first + columns.count; ++px) {
        uint8_t* pooled = &pooled_[to_index(py * row.pooled_width + px) * kernels];
        for (size_t k = 0; k < kernels; ++k) {
          pooled[k] = std::max(pooled[k], pixels_[k]);
        }
      }
    }
  }

  void add_pixels(const LayerRow& row, int y, int x) {
    if (y >= row.pooled_height || x >= row.pooled_width) return;
    for (int k = 0; k < row.kernels; ++k) {
      uint8_t& pixel = output_[address(k % config_.lanes, y % config_.row_banks,
                                       row.out_base + k / config_.lanes * row.out_pitch +
                                           y / config_.row_banks * row.pooled_width + x)];
      const int value = std::clamp(values_[to_index(k)], -256, 255);
      pixel = static_cast<uint8_t>(std::clamp(pixel + value, 0, 255));
    }
  }

  // Moves the pooled map of a pass to the output buffer.
  void store(const LayerRow& row) {
    const uint8_t* next = pooled_.data();
    const int lanes = config_.lanes;
    if (row.vector != 0) {
      for (int k = 0; k < row.kernels; ++k) {
        const int element = lanes * row.out_base + k;
        const int word = element / lanes;
        output_[address(element % lanes, word % kVectorBanks, word / kVectorBanks)] = *next++;
      }
      return;
    }
    for (int py = 0; py < row.pooled_height; ++py) {
      for (int px = 0; px < row.pooled_width; ++px) {
        for (int k = 0; k < row.kernels; ++k) {
          output_[address(k % lanes, py % config_.row_banks,
                          row.out_base + k / lanes * row.out_pitch +
                              py / config_.row_banks * row.pooled_width + px)] = *next++;
        }
      }
    }
  }

  void read_map(int layer_row) {
    for (const StoredMap& map : program_.maps) {
      if (map.last_row != layer_row) {
        continue;
      }
      std::vector<uint8_t>& pixels = result_.maps.emplace_back();
      pixels.reserve(to_index(map.shape.size()));
      for (int c = 0; c < map.shape.channels; ++c) {
        for (int y = 0; y < map.shape.height; ++y) {
          for (int x = 0; x < map.shape.width; ++x) {
            const MapLocation place = locate(map, config_, c, y, x);
            pixels.push_back(output_[address(place.lane, place.bank, place.word)]);
          }
        }
      }
    }
  }

  void add_totals() {
    const ChipCounters& counters = result_.counters;
    totals_.clocks += counters.clocks;
    totals_.beats += counters.beats;
    totals_.reads += counters.reads;
    totals_.skipped += counters.skipped;
    totals_.conversions += counters.conversions;
    totals_.stall_beat += counters.stall_beat;
    for (size_t i = 0; i < passes_.size(); ++i) {
      totals_.layer_clocks[i] += counters.layer_clocks[i];
    }
  }

  std::vector<CompiledPass> passes_;
  std::vector<std::vector<WindowUse>> uses_;   // [layer row]
  std::vector<std::vector<uint8_t>> buffers_;  // by name; [lane][bank][word]
  const uint8_t* input_ = nullptr;             // those of the running pass
  uint8_t* output_ = nullptr;
  std::vector<Planes> quads_;    // of the running pass
  std::vector<uint8_t> pooled_;  // [pooled row][pooled column][kernel] of the running pass
  std::vector<uint8_t> planes_;  // of each beat of the running pass, with MODE.SKIP
  const size_t words_ = to_index((config_.num_bl() + 31) / 32);  // of the pulses of a plane
  std::array<uint32_t, kPlanes * kMaxWords> pulses_{};           // of the running read
  uint32_t planes_read_ = 0;                                     // by it, a bit a plane
  std::vector<std::array<uint32_t, kMaxPairs>> sums_;            // [segment][kernel], modulo 2^32
  std::array<int32_t, kMaxPairs> pair_sums_{};                   // of the running read
  std::array<int32_t, kMaxPairs> values_{};  // [kernel] of the running activation
  std::array<uint8_t, kMaxPairs> pixels_{};
  ImageResult result_;
};

ChipModel::ChipModel(const ChipConfig& config, const ChipProgram& program,
                     std::vector<Macro> macros, Options options)
    : impl_(std::make_unique<Impl>(config, program, std::move(macros), options)) {}
ChipModel::ChipModel(const ChipConfig& config, const ChipProgram& program, const DeviceCard& card,
                     uint64_t seed, Options options)
    : ChipModel(config, program, make_macros(config, card, seed), options) {
  program_direct(impl_->macros_, impl_->program_);
}
ChipModel::~ChipModel() = default;
ChipModel::ChipModel(ChipModel&&) noexcept = default;
ChipModel& ChipModel::operator=(ChipModel&&) noexcept = default;

const ImageResult& ChipModel::run(uint32_t image, std::span<const uint8_t> pixels) {
  return impl_->run(image, pixels);
}
void ChipModel::set_options(Options options) { impl_->options_ = options; }
ChipModel::Options ChipModel::options() const { return impl_->options_; }
const ChipCounters& ChipModel::totals() const { return impl_->totals_; }
ReadCounts ChipModel::row_counts(int layer_row) const { return impl_->row_counts(layer_row); }
ReadCounts ChipModel::read_counts() const {
  ReadCounts sum;
  for (const Macro& macro : impl_->macros_) {
    sum += macro.total();
  }
  return sum;
}
std::span<const int64_t> ChipModel::driven_planes(int layer_row) const {
  return impl_->driven_planes_.at(to_index(layer_row));
}
std::span<const WindowUse> ChipModel::window_uses(int layer_row) const {
  return impl_->window_uses(layer_row);
}
void ChipModel::clear_counters() { impl_->clear_counters(); }
const ChipConfig& ChipModel::config() const { return impl_->config_; }
const ChipProgram& ChipModel::program() const { return impl_->program_; }
Macro& ChipModel::macro(int pe) { return impl_->macros_.at(to_index(pe)); }
const Macro& ChipModel::macro(int pe) const { return impl_->macros_.at(to_index(pe)); }

}  // namespace mcnn
