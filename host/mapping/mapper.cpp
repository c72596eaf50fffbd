// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <span>
#include <tuple>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/cycle_model.h"

namespace mcnn {
namespace {

constexpr int kLineUnit = 4;  // blocks of source lines begin at multiples of it
constexpr int kTileSide = 4;  // of the tiles that a vector is stored in
constexpr int kTilePairElements =
    2 * kTileSide * kTileSide;              // elements of two neighbouring channels of a vector
constexpr int kVectorUnit = 2 * kTileSide;  // elements of one tile column in both halves
constexpr int kMaxPixel = 255;
constexpr int kMaxRange = 3;
constexpr int kMaxRowStep = 127;
constexpr int kMaxSearchNodes = 200'000;

int round_up(int value, int unit) { return (value + unit - 1) / unit * unit; }
int divide_up(int value, int by) { return (value + by - 1) / by; }

// The part of an input channel that one read drives.
struct Window {
  int channel = 0;
  int row = 0;  // first kernel row and column
  int column = 0;
  int rows = 0;
  int columns = 0;
};

struct Pass {
  int first_kernel = 0;
  int kernels = 0;
  int lines = 0;  // of one window, rounded up
};

// A network layer in the chip's terms: windows of channels, and passes of kernels.
struct Plan {
  const Layer* layer = nullptr;
  bool final = false;
  bool vector_output = false;
  bool vector_input = false;
  int kernels = 0;    // with the dummy kernels that pad a vector
  int in_height = 0;  // as stored
  int in_width = 0;
  int in_pitch = 0;  // words from channel c to channel c+2
  int out_pitch = 0;
  Pooling pool;
  std::vector<Window> windows;
  std::vector<Pass> passes;
  int range = 0;
  double peak_codes = 0.0;

  int weight(int kernel, const Window& window, int r, int c) const {
    if (kernel >= layer->kernels) {
      return 0;
    }
    if (!vector_input) {
      return layer->weight(kernel, window.channel, window.row + r, window.column + c);
    }
    const int element =
        kTilePairElements * (window.channel / 2) + 2 * (kTileSide * c + r) + window.channel % 2;
    return element < layer->input.channels ? layer->weight(kernel, element, 0, 0) : 0;
  }
  int channel_base(int channel) const { return channel / 2 * in_pitch; }
  int max_window_rows() const {
    int rows = 0;
    for (const Window& window : windows) {
      rows = std::max(rows, window.rows);
    }
    return rows;
  }
};

// How a layer could be laid out: replicas of segments of PEs.
struct Option {
  int replicas = 1;
  int pes = 1;         // of a segment
  int steps = 1;       // windows of a PE, at most
  int64_t clocks = 0;  // of all passes

  // Windows that PE i of a segment holds.
  int windows_of(int i, const Plan& plan) const {
    return std::clamp(static_cast<int>(plan.windows.size()) - i * steps, 0, steps);
  }
};

// The PEs of every pass: pes[replica * segment length + i], in ascending order.
struct Packing {
  std::vector<std::vector<std::vector<int>>> pes;  // [layer][pass]
};

[[noreturn]] void fail(const Network& network, const std::string& text) {
  throw Error(fmt::format("network {} does not fit: {}", network.name, text));
}

int positive_part(int weight) { return std::max(weight, 0); }

class Mapper {
 public:
  Mapper(const Network& network, const ChipConfig& config, const MappingOptions& options)
      : network_(network), config_(config), options_(options) {}

  MappedNetwork run() {
    check_options();
    check_memory(network_.input, "the image", words_of(network_.input.height, network_.input.width),
                 network_.input.channels);
    check_dimensions(network_.input, "the image");
    for (size_t i = 0; i < network_.layers.size(); ++i) {
      plans_.push_back(make_plan(i));
    }
    check_tables();
    std::vector<Option> choice;
    Packing packing;
    if (options_.kind == MappingKind::kPaper) {
      pack_paper(choice, packing);
    } else {
      search(choice, packing);
    }
    return build(choice, packing);
  }

 private:
  int words_of(int height, int width) const { return divide_up(height, config_.row_banks) * width; }

  void check_options() const {
    if (options_.range && (*options_.range < 0 || *options_.range > kMaxRange)) {
      throw Error(
          fmt::format("mapping: range: found {}, allowed: 0..{}", *options_.range, kMaxRange));
    }
    if (options_.replicas.size() > network_.layers.size()) {
      throw Error(fmt::format("mapping: replicas: found {} layers, allowed: at most {}",
                              options_.replicas.size(), network_.layers.size()));
    }
  }

  void check_memory(const MapShape& shape, const std::string& what, int pitch, int channels) const {
    const int needed = divide_up(channels, 2) * pitch;
    if (needed > config_.bank_depth) {
      fail(network_,
           fmt::format(
               "feature-map memory: {} ({}x{}x{}) takes {} words of a bank, {} there ({} too many)",
               what, shape.channels, shape.height, shape.width, needed, config_.bank_depth,
               needed - config_.bank_depth));
    }
  }

  void check_dimensions(const MapShape& shape, const std::string& what) const {
    const int largest = std::max(shape.height, shape.width);
    if (largest > config_.max_dim) {
      fail(
          network_,
          fmt::format("map size: {} is {} x {}, at most {} rows and columns there ({} too many)",
                      what, shape.height, shape.width, config_.max_dim, largest - config_.max_dim));
    }
  }

  // The windows that cover a kernel of rows x columns, for every channel.
  void add_windows(Plan& plan, int channels, int rows, int columns) const {
    const int row_tiles = divide_up(rows, config_.kernel_max);
    const int column_tiles = divide_up(columns, config_.kernel_max);
    const int tile_rows = divide_up(rows, row_tiles);
    const int tile_columns = divide_up(columns, column_tiles);
    for (int channel = 0; channel < channels; ++channel) {
      for (int row = 0; row < rows; row += tile_rows) {
        for (int column = 0; column < columns; column += tile_columns) {
          plan.windows.push_back({channel, row, column, std::min(tile_rows, rows - row),
                                  std::min(tile_columns, columns - column)});
        }
      }
    }
  }

  Plan make_plan(size_t index) const {
    const Layer& layer = network_.layers[index];
    Plan plan;
    plan.layer = &layer;
    plan.final = index + 1 == network_.layers.size();
    const bool fully_connected = layer.type == LayerType::kFullyConnected;
    plan.vector_output = fully_connected && !plan.final;
    plan.vector_input = index > 0 && plans_.back().vector_output;
    // Elements behind the last output fill the last column of tiles, so that a window never reads
    // what was not written.
    plan.kernels = plan.vector_output ? round_up(layer.kernels, kVectorUnit) : layer.kernels;
    if (plan.vector_input) {
      const int elements = round_up(layer.input.channels, kVectorUnit);
      plan.in_height = kTileSide;
      plan.in_width = kTileSide;
      plan.in_pitch = kTileSide;
      for (int first = 0; first < elements; first += kTilePairElements) {
        const int columns = std::min(elements - first, kTilePairElements) / kVectorUnit;
        for (int half = 0; half < 2; ++half) {
          plan.windows.push_back({first / kTilePairElements * 2 + half, 0, 0, kTileSide, columns});
        }
      }
    } else {
      plan.in_height = layer.input.height;
      plan.in_width = layer.input.width;
      plan.in_pitch = words_of(plan.in_height, plan.in_width);
      add_windows(plan, layer.input.channels, layer.kernel_rows, layer.kernel_columns);
    }
    plan.pool = layer.pool.value_or(Pooling{});
    const std::string name = "layer " + layer.name;
    check_dimensions(layer.convolution, name);
    // Larger windows and strides than the map change nothing.
    plan.pool.rows = std::min(plan.pool.rows, config_.max_dim);
    plan.pool.columns = std::min(plan.pool.columns, config_.max_dim);
    plan.pool.row_stride = std::min(plan.pool.row_stride, config_.max_dim);
    plan.pool.column_stride = std::min(plan.pool.column_stride, config_.max_dim);
    if (plan.vector_output) {
      check_memory(layer.output, name, kTileSide, 2 * divide_up(plan.kernels, kTilePairElements));
    } else if (!plan.final) {
      plan.out_pitch = words_of(layer.output.height, layer.output.width);
      check_memory(layer.output, name, plan.out_pitch, layer.kernels);
    }
    for (int first = 0; first < plan.kernels; first += config_.max_kernels()) {
      const int kernels = std::min(config_.max_kernels(), plan.kernels - first);
      plan.passes.push_back({first, kernels, round_up(2 * kernels, kLineUnit)});
    }
    choose_range(plan);
    return plan;
  }

  // Largest codes that the pair of source lines of a kernel gives in a window, with margin: every
  // bit line driven. The converter may clip them.
  std::array<double, 2> peak_codes(const Plan& plan, int kernel, const Window& window,
                                   int range) const {
    const DeviceLimits& limits = options_.limits;
    std::array<double, 2> sum{};
    std::array<double, 2> variance{};
    for (int r = 0; r < window.rows; ++r) {
      for (int c = 0; c < window.columns; ++c) {
        const int weight = plan.weight(kernel, window, r, c);
        for (size_t line = 0; line < 2; ++line) {
          const int level = positive_part(line == 0 ? weight : -weight);
          const double sigma = limits.sigma[to_index(level)];
          sum[line] += level + limits.offset + limits.shift[to_index(level)];
          variance[line] += sigma * sigma;
        }
      }
    }
    const double scale = static_cast<double>(1 << range);
    std::array<double, 2> codes{};
    for (size_t line = 0; line < 2; ++line) {
      const double gain = limits.converter_gain * sum[line];
      const double noise = std::sqrt(scale * scale * (variance[line] + gain * gain) +
                                     limits.converter_sigma * limits.converter_sigma);
      codes[line] = scale * sum[line] + limits.margin * noise;
    }
    return codes;
  }

  // Largest code that a source line of the layer can give.
  double peak(const Plan& plan, int range) const {
    double largest = 0.0;
    for (int kernel = 0; kernel < plan.kernels; ++kernel) {
      for (const Window& window : plan.windows) {
        for (const double code : peak_codes(plan, kernel, window, range)) {
          largest = std::max(largest, code);
        }
      }
    }
    return largest;
  }

  // The finest range that neither clips a code nor lets a partial sum overflow, unless one is
  // forced.
  void choose_range(Plan& plan) const {
    const int most = std::min(kMaxRange, config_.psum_bits - 1 - plan.layer->shift);
    if (most < 0) {
      fail(network_, fmt::format("shift: layer {} shifts by {}, at most {} there", plan.layer->name,
                                 plan.layer->shift, config_.psum_bits - 1));
    }
    const std::optional<int> forced = plan.layer->range ? plan.layer->range : options_.range;
    if (forced && *forced > most) {
      fail(network_,
           fmt::format("shift: layer {} shifts by {} and {} for its range, at most {} there",
                       plan.layer->name, plan.layer->shift, *forced, config_.psum_bits - 1));
    }
    plan.range = forced.value_or(most);
    while (!forced && plan.range > 0 &&
           (peak(plan, plan.range) > largest_code() || largest_sum(plan).sum > psum_limit())) {
      --plan.range;
    }
    plan.peak_codes = peak(plan, plan.range);
    check_sums(plan);
  }

  int largest_code() const { return (1 << config_.adc_bits) - 1; }
  int64_t psum_limit() const { return (int64_t{1} << (config_.psum_bits - 1)) - 1; }

  // How far the partial sum of a kernel gets up and down at the plan's range: every pixel at its
  // largest, and the codes of its lines at their peaks or at the end of the converter.
  std::array<int64_t, 2> reach(const Plan& plan, int kernel) const {
    std::array<int64_t, 2> sum{};
    for (const Window& window : plan.windows) {
      const std::array<double, 2> codes = peak_codes(plan, kernel, window, plan.range);
      for (size_t line = 0; line < 2; ++line) {
        sum[line] += options_.limits.any_code
                         ? largest_code()
                         : std::min(static_cast<int64_t>(std::ceil(codes[line])),
                                    static_cast<int64_t>(largest_code()));
      }
    }
    return {kMaxPixel * sum[0], kMaxPixel * sum[1]};
  }

  int64_t bias_of(const Plan& plan, int kernel) const {
    if (kernel >= plan.layer->kernels) {
      // A dummy: always clamped to 0.
      const int64_t clamped =
          static_cast<int64_t>(plan.windows.size()) * kMaxPixel * largest_code();
      return -std::min(clamped, psum_limit() - reach(plan, kernel)[1]);
    }
    const int shift = plan.layer->shift + plan.range;
    const int64_t half = shift == 0 ? 0 : int64_t{1} << (shift - 1);
    return static_cast<int64_t>(plan.layer->biases[to_index(kernel)]) * (1 << plan.range) + half;
  }

  // The largest magnitude of a biased partial sum of the layer at the plan's range.
  struct LargestSum {
    int64_t sum = 0;
    int64_t windows = 0;  // of it
    int64_t bias = 0;
    int kernel = 0;
  };
  LargestSum largest_sum(const Plan& plan) const {
    LargestSum largest;
    for (int kernel = 0; kernel < plan.kernels; ++kernel) {
      const std::array<int64_t, 2> windows = reach(plan, kernel);
      // A dummy needs a bias that takes away all that its windows may add.
      const int64_t bias = kernel < plan.layer->kernels ? bias_of(plan, kernel) : -windows[0];
      const int64_t up = windows[0] + bias;
      const int64_t down = windows[1] - bias;
      if (std::max(up, down) > largest.sum) {
        largest = {std::max(up, down), up > down ? windows[0] : windows[1], bias, kernel};
      }
    }
    return largest;
  }

  void check_sums(const Plan& plan) const {
    const LargestSum largest = largest_sum(plan);
    if (largest.sum > psum_limit()) {
      fail(network_, fmt::format("partial sums: kernel {} of layer {} can reach {} at range {} ({} "
                                 "in {} windows and a bias of {}), {} there ({} too much)",
                                 largest.kernel, plan.layer->name, largest.sum, plan.range,
                                 largest.windows, plan.windows.size(), largest.bias, psum_limit(),
                                 largest.sum - psum_limit()));
    }
  }

  void check_table(const char* what, int needed, int there) const {
    if (needed > there) {
      fail(network_, fmt::format("{}: {} needed, {} there ({} too many)", what, needed, there,
                                 needed - there));
    }
  }

  void check_tables() const {
    int rows = 0;
    int records = 0;
    int bias_rows = 0;
    int64_t lines = 0;
    for (const Plan& plan : plans_) {
      rows += static_cast<int>(plan.passes.size());
      records += static_cast<int>(plan.passes.size() * plan.windows.size());
      for (const Pass& pass : plan.passes) {
        bias_rows += divide_up(pass.kernels, 2);
        lines += static_cast<int64_t>(pass.lines) * static_cast<int64_t>(plan.windows.size());
      }
    }
    const int64_t there = static_cast<int64_t>(config_.num_pe) * config_.num_sl;
    if (lines > there) {
      std::string each;
      for (const Plan& plan : plans_) {
        int64_t sum = 0;
        for (const Pass& pass : plan.passes) {
          sum += static_cast<int64_t>(pass.lines) * static_cast<int64_t>(plan.windows.size());
        }
        each += fmt::format("{}{} {}", each.empty() ? "" : ", ", plan.layer->name, sum);
      }
      fail(
          network_,
          fmt::format(
              "source lines: {} needed with one replica of each layer ({}), {} there ({} too many)",
              lines, each, there, lines - there));
    }
    check_table("layer rows", rows, config_.num_layers);
    check_table("step records", records, config_.num_records);
    check_table("bias rows", bias_rows, config_.num_bias_rows);
    check_table("logits", network_.num_logits(), config_.num_logits);
  }

  // Layouts.

  // The most replicas that the fetched rows, the pooling and the tables allow.
  bool replicas_allowed(const Plan& plan, int replicas) const {
    const int stride = plan.layer->stride;
    if (replicas > config_.num_pe || replicas > config_.row_banks ||
        replicas > plan.layer->convolution.height || replicas * stride > kMaxRowStep ||
        plan.max_window_rows() + (replicas - 1) * stride > config_.row_banks) {
      return false;
    }
    const int height = plan.layer->convolution.height;
    for (int y0 = 0; y0 < height; y0 += replicas) {
      const int last = std::min(y0 + replicas, height) - 1;
      int first_pooled = plan.layer->output.height;
      int last_pooled = -1;
      for (int py = 0; py < plan.layer->output.height; ++py) {
        const int top = py * plan.pool.row_stride;
        if (top <= last && top + plan.pool.rows > y0) {
          first_pooled = std::min(first_pooled, py);
          last_pooled = py;
        }
      }
      if (last_pooled - first_pooled >= config_.row_banks) {
        return false;
      }
    }
    return true;
  }
  int max_replicas(const Plan& plan) const {
    int most = 0;
    while (replicas_allowed(plan, most + 1)) {
      ++most;
    }
    return most;
  }

  LayerRow make_row(const Plan& plan, const Pass& pass, int replicas) const {
    const Layer& layer = *plan.layer;
    LayerRow row;
    row.final = plan.final ? 1 : 0;
    row.vector = plan.vector_output ? 1 : 0;
    row.kernels = pass.kernels;
    row.range = plan.range;
    row.shift = layer.shift + plan.range;
    row.group_rows = replicas;
    row.in_height = plan.in_height;
    row.in_width = plan.in_width;
    row.stride = layer.stride;
    row.row_step = replicas * layer.stride;
    row.out_height = layer.convolution.height;
    row.out_width = layer.convolution.width;
    row.pool_rows = plan.pool.rows;
    row.pool_columns = plan.pool.columns;
    row.pool_row_stride = plan.pool.row_stride;
    row.pool_column_stride = plan.pool.column_stride;
    row.pooled_height = layer.output.height;
    row.pooled_width = layer.output.width;
    row.out_pitch = plan.out_pitch;
    row.out_base = plan.final || plan.vector_output ? pass.first_kernel / 2
                                                    : pass.first_kernel / 2 * plan.out_pitch;
    row.replica.assign(to_index(config_.num_pe), 0);
    row.row_offset.assign(to_index(config_.num_pe), 0);
    return row;
  }

  // The record of a window without its PEs.
  StepRecord make_record(const Plan& plan, const Window& window) const {
    const Layer& layer = *plan.layer;
    StepRecord record;
    record.half = window.channel % 2;
    record.window_columns = window.columns;
    record.window_rows = window.rows;
    record.column_offset = window.column - layer.padding_columns;
    record.row_offset = window.row - layer.padding_rows;
    record.channel_base = plan.channel_base(window.channel);
    record.first_line.assign(to_index(config_.num_pe), 0);
    record.active.assign(to_index(config_.num_pe), 0);
    return record;
  }

  // Calls take(window, step, PE of the segment) in the order of the records; the last argument is
  // true for the last record of a step.
  template <typename Take>
  static void for_each_record(const Plan& plan, const Option& option, const Take& take) {
    for (int step = 0; step < option.steps; ++step) {
      int users = 0;
      while (users < option.pes && step < option.windows_of(users, plan)) {
        ++users;
      }
      for (int i = 0; i < users; ++i) {
        take(plan.windows[to_index(i * option.steps + step)], step, i, i + 1 == users);
      }
    }
  }

  int64_t clocks_of(const Plan& plan, const Option& option) const {
    ChipProgram program;
    for_each_record(plan, option, [&](const Window& window, int, int, bool last) {
      StepRecord record;
      record.window_columns = window.columns;
      record.last_step = last ? 1 : 0;
      program.records.push_back(record);
    });
    program.records.back().last_pass = 1;
    int64_t clocks = 0;
    for (const Pass& pass : plan.passes) {
      program.layers.assign(1, make_row(plan, pass, option.replicas));
      clocks += pass_cycles(pass_timing(program, config_, 0), config_).clocks;
    }
    return clocks;
  }

  // A layout with segments of `pes` PEs, or none if fewer PEs do the same.
  std::optional<Option> make_option(const Plan& plan, int replicas, int pes) const {
    Option option;
    option.replicas = replicas;
    option.pes = pes;
    option.steps = divide_up(static_cast<int>(plan.windows.size()), pes);
    if (option.windows_of(pes - 1, plan) == 0) {
      return std::nullopt;
    }
    option.clocks = clocks_of(plan, option);
    return option;
  }

  int forced_replicas(size_t index) const {
    return index < options_.replicas.size() ? options_.replicas[index].value_or(0) : 0;
  }

  void check_forced_replicas(size_t index) const {
    const int forced = forced_replicas(index);
    const bool given = index < options_.replicas.size() && options_.replicas[index].has_value();
    if (given && (forced < 1 || !replicas_allowed(plans_[index], forced))) {
      throw Error(
          fmt::format("mapping: replicas of layer {}: found {}, allowed: 1..{} (rows that one "
                      "fetch delivers, PEs, "
                      "pooled rows)",
                      plans_[index].layer->name, forced, max_replicas(plans_[index])));
    }
  }

  // Every layout of a layer that could fit, the fastest first.
  std::vector<Option> options_of(size_t index) const {
    const Plan& plan = plans_[index];
    check_forced_replicas(index);
    if (!replicas_allowed(plan, 1)) {
      fail(network_,
           fmt::format("pooling: one output row of layer {} touches more than {} pooled rows",
                       plan.layer->name, config_.row_banks));
    }
    std::vector<Option> list;
    for (int replicas = 1; replicas_allowed(plan, replicas); ++replicas) {
      if (forced_replicas(index) != 0 && replicas != forced_replicas(index)) {
        continue;
      }
      for (int pes = 1; replicas * pes <= config_.num_pe; ++pes) {
        if (const std::optional<Option> option = make_option(plan, replicas, pes)) {
          list.push_back(*option);
        }
      }
    }
    std::stable_sort(list.begin(), list.end(), [](const Option& a, const Option& b) {
      return std::pair(a.clocks, a.replicas * a.pes) < std::pair(b.clocks, b.replicas * b.pes);
    });
    return list;
  }

  // Source lines of one pass in PE i of a segment.
  static int lines_of(const Plan& plan, const Pass& pass, const Option& option, int i) {
    return option.windows_of(i, plan) * pass.lines;
  }
  static int64_t total_lines(const Plan& plan, const Option& option) {
    int64_t lines = 0;
    for (const Pass& pass : plan.passes) {
      lines += static_cast<int64_t>(pass.lines) * static_cast<int64_t>(plan.windows.size()) *
               option.replicas;
    }
    return lines;
  }

  enum class Fit { kEmptiest, kFullest };

  // Gives every pass of the first layers its PEs, the largest pieces first.
  bool pack(std::span<const Option> choice, Fit fit, Packing* packing) const {
    struct Item {
      size_t layer;
      size_t pass;
      int lines;
    };
    std::vector<Item> items;
    for (size_t l = 0; l < choice.size(); ++l) {
      for (size_t p = 0; p < plans_[l].passes.size(); ++p) {
        items.push_back({l, p, lines_of(plans_[l], plans_[l].passes[p], choice[l], 0)});
      }
    }
    std::stable_sort(items.begin(), items.end(),
                     [](const Item& a, const Item& b) { return a.lines > b.lines; });
    std::vector<int> free(to_index(config_.num_pe), config_.num_sl);
    if (packing != nullptr) {
      packing->pes.clear();
      for (size_t l = 0; l < choice.size(); ++l) {
        packing->pes.emplace_back(plans_[l].passes.size());
      }
    }
    for (const Item& item : items) {
      const Plan& plan = plans_[item.layer];
      const Option& option = choice[item.layer];
      std::vector<int> order(free.size());
      std::iota(order.begin(), order.end(), 0);
      if (plan.layer->type == LayerType::kFullyConnected) {
        std::reverse(order.begin(), order.end());  // the last PEs, as published
      }
      if (fit == Fit::kFullest) {
        std::erase_if(order, [&](int pe) { return free[to_index(pe)] < item.lines; });
      }
      std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        const int free_a = free[to_index(a)];
        const int free_b = free[to_index(b)];
        return fit == Fit::kEmptiest ? free_a > free_b : free_a < free_b;
      });
      const size_t count = to_index(option.replicas * option.pes);
      if (order.size() < count) {
        return false;
      }
      order.resize(count);
      std::sort(order.begin(), order.end());
      for (size_t i = 0; i < count; ++i) {
        const int lines =
            lines_of(plan, plan.passes[item.pass], option, static_cast<int>(i) % option.pes);
        int& left = free[to_index(order[i])];
        left -= lines;
        if (left < 0) {
          return false;
        }
      }
      if (packing != nullptr) {
        packing->pes[item.layer][item.pass] = order;
      }
    }
    return true;
  }
  std::optional<Fit> fits(std::span<const Option> choice) const {
    for (const Fit fit : {Fit::kEmptiest, Fit::kFullest}) {
      if (pack(choice, fit, nullptr)) {
        return fit;
      }
    }
    return std::nullopt;
  }

  // Branch and bound over the layouts of the layers.
  struct Search {
    std::vector<std::vector<Option>> lists;  // [layer]
    std::vector<int64_t> clocks_left;        // least clocks of layers i and behind
    std::vector<int64_t> lines_left;         // least lines of layers i and behind
    std::vector<Option> current;
    std::vector<Option> best;
    int64_t best_clocks = std::numeric_limits<int64_t>::max();
    Fit best_fit = Fit::kEmptiest;
    int nodes = 0;
  };

  void descend(Search& search, int64_t clocks, int64_t lines) const {
    const size_t depth = search.current.size();
    if (depth == plans_.size()) {
      search.best_clocks = clocks;
      search.best = search.current;
      search.best_fit = *fits(search.current);
      return;
    }
    const int64_t there = static_cast<int64_t>(config_.num_pe) * config_.num_sl;
    for (const Option& option : search.lists[depth]) {
      if (clocks + option.clocks + search.clocks_left[depth + 1] >= search.best_clocks ||
          search.nodes >= kMaxSearchNodes) {
        return;
      }
      const int64_t total = lines + total_lines(plans_[depth], option);
      if (total + search.lines_left[depth + 1] > there) {
        continue;
      }
      ++search.nodes;
      search.current.push_back(option);
      if (fits(search.current)) {
        descend(search, clocks + option.clocks, total);
      }
      search.current.pop_back();
    }
  }

  void search(std::vector<Option>& choice, Packing& packing) const {
    Search search;
    const size_t layers = plans_.size();
    for (size_t l = 0; l < layers; ++l) {
      search.lists.push_back(options_of(l));
    }
    search.clocks_left.assign(layers + 1, 0);
    search.lines_left.assign(layers + 1, 0);
    // The layout that is easiest to pack, one replica in the smallest pieces, is where the search
    // starts.
    std::vector<Option> smallest(layers);
    for (size_t l = layers; l-- > 0;) {
      const std::vector<Option>& list = search.lists[l];
      if (list.empty()) {
        fail(network_, fmt::format("PEs: {} replicas of layer {} asked for, {} PEs there",
                                   forced_replicas(l), plans_[l].layer->name, config_.num_pe));
      }
      search.clocks_left[l] = search.clocks_left[l + 1] + list.front().clocks;
      int64_t least = std::numeric_limits<int64_t>::max();
      for (const Option& option : list) {
        least = std::min(least, total_lines(plans_[l], option));
      }
      search.lines_left[l] = search.lines_left[l + 1] + least;
      smallest[l] =
          *std::min_element(list.begin(), list.end(), [](const Option& a, const Option& b) {
            return std::tuple(a.replicas, a.steps, a.pes) < std::tuple(b.replicas, b.steps, b.pes);
          });
    }
    if (const std::optional<Fit> fit = fits(smallest)) {
      search.best = smallest;
      search.best_fit = *fit;
      search.best_clocks = 1;  // one more than the sum, so that a layout as fast replaces it
      for (const Option& option : smallest) {
        search.best_clocks += option.clocks;
      }
    }
    descend(search, 0, 0);
    if (search.best.empty()) {
      fail_packing(search.lines_left.front());
    }
    choice = search.best;
    pack(choice, search.best_fit, &packing);
  }

  [[noreturn]] void fail_packing(int64_t lines) const {
    const int64_t there = static_cast<int64_t>(config_.num_pe) * config_.num_sl;
    int largest = 0;
    for (const Plan& plan : plans_) {
      largest = std::max(largest, plan.passes.front().lines);
    }
    if (lines > there) {
      fail(
          network_,
          fmt::format("source lines: {} needed with the replicas asked for, {} there ({} too many)",
                      lines, there, lines - there));
    }
    fail(network_, fmt::format("source lines: {} needed, {} there, but in {} PEs of {} lines each: "
                               "blocks of up to {} lines "
                               "do not pack",
                               lines, there, config_.num_pe, config_.num_sl, largest));
  }

  // The published mapping: convolver groups of as few neighbouring PEs as hold every convolution
  // layer once, as many groups as there is room for, and the fully connected layers in the last
  // PEs.
  void pack_paper(std::vector<Option>& choice, Packing& packing) const {
    const auto is_convolution = [](const Plan& plan) {
      return plan.layer->type == LayerType::kConvolution;
    };
    const auto is_fully_connected = [](const Plan& plan) {
      return plan.layer->type == LayerType::kFullyConnected;
    };
    std::vector<std::vector<std::vector<int>>> group;
    const int group_pes = pack_group(is_convolution, "convolution", group);
    std::vector<std::vector<std::vector<int>>> shared;
    const int shared_pes = pack_group(is_fully_connected, "fully connected", shared);
    const int groups = group_pes == 0 ? 0 : (config_.num_pe - shared_pes) / group_pes;
    if (group_pes != 0 && groups == 0) {
      fail(network_, fmt::format("PEs: {} needed for one convolver group and {} for the fully "
                                 "connected layers, {} there",
                                 group_pes, shared_pes, config_.num_pe));
    }
    choice.clear();
    packing.pes.clear();
    for (size_t l = 0; l < plans_.size(); ++l) {
      const Plan& plan = plans_[l];
      check_forced_replicas(l);
      const bool convolution = is_convolution(plan);
      int replicas = convolution ? std::min(groups, max_replicas(plan)) : 1;
      if (convolution && replicas == 0) {
        fail(network_,
             fmt::format("pooling: one output row of layer {} touches more than {} pooled rows",
                         plan.layer->name, config_.row_banks));
      }
      if (forced_replicas(l) > replicas) {
        fail(network_,
             fmt::format("PEs: {} replicas of layer {} asked for, {} convolver groups there",
                         forced_replicas(l), plan.layer->name, groups));
      }
      replicas = forced_replicas(l) != 0 ? forced_replicas(l) : replicas;
      const std::vector<std::vector<int>>& local = convolution ? group[l] : shared[l];
      const Option option = *make_option(plan, replicas, static_cast<int>(local.front().size()));
      choice.push_back(option);
      std::vector<std::vector<int>> passes;
      for (const std::vector<int>& pes : local) {
        std::vector<int> all;
        for (int replica = 0; replica < replicas; ++replica) {
          for (const int pe : pes) {
            all.push_back(convolution ? replica * group_pes + pe
                                      : config_.num_pe - shared_pes + pe);
          }
        }
        passes.push_back(all);
      }
      packing.pes.push_back(passes);
    }
  }

  // Packs one copy of the chosen layers in as few PEs as possible and returns how many;
  // pes[layer][pass] are numbered from 0.
  template <typename Chosen>
  int pack_group(const Chosen& chosen, const char* what,
                 std::vector<std::vector<std::vector<int>>>& pes) const {
    if (std::none_of(plans_.begin(), plans_.end(), chosen)) {
      pes.assign(plans_.size(), {});
      return 0;
    }
    for (int count = 1; count <= config_.num_pe; ++count) {
      pes.assign(plans_.size(), {});
      std::vector<int> free(to_index(count), config_.num_sl);
      bool good = true;
      for (size_t l = 0; l < plans_.size() && good; ++l) {
        const Plan& plan = plans_[l];
        if (!chosen(plan)) {
          continue;
        }
        Option option;
        option.steps = divide_up(static_cast<int>(plan.windows.size()), count);
        option.pes = divide_up(static_cast<int>(plan.windows.size()), option.steps);
        for (const Pass& pass : plan.passes) {
          std::vector<int> taken;
          for (int pe = 0; pe < count && static_cast<int>(taken.size()) < option.pes; ++pe) {
            const int lines = lines_of(plan, pass, option, static_cast<int>(taken.size()));
            if (lines <= free[to_index(pe)]) {
              free[to_index(pe)] -= lines;
              taken.push_back(pe);
            }
          }
          good = good && static_cast<int>(taken.size()) == option.pes;
          pes[l].push_back(taken);
        }
      }
      if (good) {
        return count;
      }
    }
    fail(
        network_,
        fmt::format("source lines: one copy of the {} layers does not pack into {} PEs of {} lines",
                    what, config_.num_pe, config_.num_sl));
  }

  // The chip program.

  MappedNetwork build(const std::vector<Option>& choice, const Packing& packing) const {
    MappedNetwork mapped;
    mapped.kind = options_.kind;
    ChipProgram& program = mapped.program;
    program.name = network_.name;
    program.image = network_.input;
    program.image_pitch = words_of(network_.input.height, network_.input.width);
    program.num_logits = network_.num_logits();
    program.cells.assign(to_index(config_.num_pe),
                         std::vector<uint8_t>(to_index(config_.num_sl * config_.num_bl()), 0));
    mapped.lines_used.assign(to_index(config_.num_pe), 0);
    for (size_t l = 0; l < plans_.size(); ++l) {
      const Plan& plan = plans_[l];
      LayerMapping layer;
      layer.name = plan.layer->name;
      layer.replicas = choice[l].replicas;
      layer.segment_pes = choice[l].pes;
      layer.steps = choice[l].steps;
      layer.range = plan.range;
      layer.peak_codes = plan.peak_codes;
      layer.first_row = static_cast<int>(program.layers.size());
      layer.rows = static_cast<int>(plan.passes.size());
      for (size_t p = 0; p < plan.passes.size(); ++p) {
        build_pass(l, p, choice[l], packing.pes[l][p], mapped);
      }
      if (!plan.final) {
        program.layers.back().swap = 1;
        program.maps.push_back({plan.layer->name, plan.layer->output, plan.vector_output,
                                plan.out_pitch, static_cast<int>(program.layers.size()) - 1});
      }
      mapped.layers.push_back(layer);
    }
    validate(program, config_);
    const ImageCycles cycles = image_cycles(program, config_);
    mapped.clocks_per_image = cycles.clocks;
    for (LayerMapping& layer : mapped.layers) {
      for (int row = layer.first_row; row < layer.first_row + layer.rows; ++row) {
        layer.beats += cycles.passes[to_index(row)].beats;
        layer.clocks += cycles.passes[to_index(row)].clocks;
      }
    }
    return mapped;
  }

  void build_pass(size_t layer_index, size_t pass_index, const Option& option,
                  const std::vector<int>& pes, MappedNetwork& mapped) const {
    const Plan& plan = plans_[layer_index];
    const Pass& pass = plan.passes[pass_index];
    ChipProgram& program = mapped.program;
    LayerRow row = make_row(plan, pass, option.replicas);
    row.bias_base = static_cast<int>(program.biases.size());
    row.first_record = static_cast<int>(program.records.size());
    if (plan.final || plan.vector_output) {
      row.segment_end = 1u << (config_.num_pe - 1);
    } else {
      int first = 0;
      for (int replica = 0; replica < option.replicas; ++replica) {
        const int end = pes[to_index((replica + 1) * option.pes - 1)];
        row.segment_end |= 1u << end;
        for (; first <= end; ++first) {
          row.replica[to_index(first)] = replica;
          row.row_offset[to_index(first)] = replica * plan.layer->stride;
        }
      }
    }
    for (int k = 0; k < pass.kernels; k += 2) {
      BiasRow bias;
      bias.even = static_cast<int32_t>(bias_of(plan, pass.first_kernel + k));
      if (k + 1 < pass.kernels) {
        bias.odd = static_cast<int32_t>(bias_of(plan, pass.first_kernel + k + 1));
      }
      program.biases.push_back(bias);
    }
    for_each_record(plan, option, [&](const Window& window, int step, int i, bool last) {
      StepRecord record = make_record(plan, window);
      record.last_step = last ? 1 : 0;
      for (int replica = 0; replica < option.replicas; ++replica) {
        const int pe = pes[to_index(replica * option.pes + i)];
        int& used = mapped.lines_used[to_index(pe)];
        record.active[to_index(pe)] = 1;
        record.first_line[to_index(pe)] = used;
        write_cells(plan, pass, window, used, program.cells[to_index(pe)]);
        mapped.placements.push_back(
            {static_cast<int>(layer_index), static_cast<int>(program.layers.size()),
             pass.first_kernel, pass.kernels, replica, window.channel, window.row, window.column,
             window.rows, window.columns, step, pe, used, pass.lines});
        used += pass.lines;
      }
      program.records.push_back(record);
    });
    program.records.back().last_pass = 1;
    program.layers.push_back(row);
  }

  void write_cells(const Plan& plan, const Pass& pass, const Window& window, int first_line,
                   std::vector<uint8_t>& cells) const {
    for (int k = 0; k < pass.kernels; ++k) {
      for (int c = 0; c < window.columns; ++c) {
        for (int r = 0; r < window.rows; ++r) {
          const int weight = plan.weight(pass.first_kernel + k, window, r, c);
          const int bit_line = config_.kernel_max * c + r;
          const size_t cell = to_index((first_line + 2 * k) * config_.num_bl() + bit_line);
          cells[cell] = static_cast<uint8_t>(positive_part(weight));
          cells[cell + to_index(config_.num_bl())] = static_cast<uint8_t>(positive_part(-weight));
        }
      }
    }
  }

  const Network& network_;
  const ChipConfig& config_;
  const MappingOptions& options_;
  std::vector<Plan> plans_;
};

char layer_letter(int layer, bool upper) {
  return static_cast<char>((upper ? 'A' : 'a') + layer % 26);
}

}  // namespace

MappingKind mapping_kind(std::string_view name) {
  if (name == "default") {
    return MappingKind::kDefault;
  }
  if (name == "paper") {
    return MappingKind::kPaper;
  }
  throw Error(fmt::format("mapping: found \"{}\", allowed: default, paper", name));
}

std::string_view mapping_name(MappingKind kind) {
  return kind == MappingKind::kPaper ? "paper" : "default";
}

DeviceLimits device_limits(const DeviceCard& card) {
  DeviceLimits limits;
  const double step = card.level_step_uS();
  limits.offset = card.g_min_uS / step;
  limits.converter_sigma = std::sqrt(card.adc_sigma_codes * card.adc_sigma_codes +
                                     card.adc_offset_sigma_codes * card.adc_offset_sigma_codes +
                                     card.adc_inl_codes * card.adc_inl_codes);
  limits.converter_gain = card.adc_gain_sigma;
  limits.any_code = card.has_stuck_cells() || card.has_endurance();
  for (size_t level = 0; level < limits.sigma.size(); ++level) {
    const double written = card.level_uS(static_cast<int>(level));
    double mean = 0.0;
    double square = 0.0;
    const auto [first, last] = card.measured_near(written);
    for (size_t i = first; i < last; ++i) {
      const double error = card.measured[i].measured_uS - card.measured[i].target_uS;
      mean += error / static_cast<double>(last - first);
      square += error * error / static_cast<double>(last - first);
    }
    const double factor =
        card.age_s > 0.0 ? card.drift_factor(card.drift_exponent, card.age_s) : 1.0;
    const double conductance =
        card.disturbed(std::max(0.0, written + mean) * factor, card.read_disturb_pulses);
    const double programming = card.programming_sigma_at(written);
    const double relaxation = card.relaxation_sigma_at(written, card.age_s);
    const double cell = std::sqrt(programming * programming + relaxation * relaxation +
                                  std::max(0.0, square - mean * mean)) *
                        factor;
    const double read = card.read_noise * conductance;
    limits.shift[level] = (conductance - written) / step;
    limits.sigma[level] =
        std::sqrt(cell * cell + read * read + card.read_noise_uS * card.read_noise_uS) / step;
  }
  return limits;
}

MappedNetwork map_network(const Network& network, const ChipConfig& config,
                          const MappingOptions& options) {
  return Mapper(network, config, options).run();
}

std::string mapping_table(const MappedNetwork& mapped, const ChipConfig& config) {
  std::string text = fmt::format("{:<3} {:<12} {:>7} {:>8} {:>11} {:>5} {:>5} {:>10} {:>7} {:>8}\n",
                                 "", "layer", "kernels", "replicas", "PEs/replica", "steps",
                                 "range", "peak code", "beats", "clocks");
  int64_t beats = 0;
  for (size_t l = 0; l < mapped.layers.size(); ++l) {
    const LayerMapping& layer = mapped.layers[l];
    int kernels = 0;
    for (int row = layer.first_row; row < layer.first_row + layer.rows; ++row) {
      kernels += mapped.program.layers[to_index(row)].kernels;
    }
    beats += layer.beats;
    const bool clips = layer.peak_codes > (1 << config.adc_bits) - 1;
    text += fmt::format("{:<3} {:<12} {:>7} {:>8} {:>11} {:>5} {:>5} {:>10} {:>7} {:>8}\n",
                        layer_letter(static_cast<int>(l), true), layer.name, kernels,
                        layer.replicas, layer.segment_pes, layer.steps, layer.range,
                        fmt::format("{:.1f}{}", layer.peak_codes, clips ? " !" : ""), layer.beats,
                        layer.clocks);
  }
  text += fmt::format("{:<3} {:<12} {:>7} {:>8} {:>11} {:>5} {:>5} {:>10} {:>7} {:>8}\n", "",
                      "image", "", "", "", "", "", "", beats, mapped.clocks_per_image);
  return text;
}

std::string mapping_picture(const MappedNetwork& mapped, const ChipConfig& config) {
  const size_t width = to_index(config.num_sl / kLineUnit);
  std::vector<std::string> arrays(to_index(config.num_pe), std::string(width, '.'));
  std::vector<bool> upper(arrays.size(), true);
  for (const Placement& placement : mapped.placements) {
    const size_t pe = to_index(placement.pe);
    const char letter = layer_letter(placement.layer, upper[pe]);
    std::fill_n(arrays[pe].begin() + placement.first_line / kLineUnit, placement.lines / kLineUnit,
                letter);
    upper[pe] = !upper[pe];
  }
  std::string text;
  for (size_t pe = 0; pe < arrays.size(); ++pe) {
    text += fmt::format("PE {:>2} |{}| {:>4} of {} source lines\n", pe, arrays[pe],
                        mapped.lines_used[pe], config.num_sl);
  }
  return text;
}

}  // namespace mcnn
