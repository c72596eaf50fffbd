// SPDX-License-Identifier: Apache-2.0
// The analogue macro: one crossbar of 1T1R cells with its converters, as the chip sees it
// (rtl/README.md, "The analogue boundary"). A read drives bit lines with unit pulses and returns
// one code for each source line of a window.
//
// Cells answer to programming pulses, to time and to reads as the device card says (README.md has
// the equations). Units: conductances are in uS outside; inside, a cell is held in level steps
// Gs = (g_max - g_min) / 7,
//
//   v = G / Gs,   g_min / Gs + level for a cell at its target   (never below 0)
//
// so that the ideal card (g_min 0, no error) gives integers. A read of source line s at converter
// range r gives
//
//   x     = 2^r * sum over the driven bit lines b of v[s][b]                             [codes]
//   y     = (1 + gain) x + offset + 4 bow u (1 - u),  u = x / (2^adc_bits - 1) within 0..1  [codes]
//   sigma = sqrt(4^r * sum over the driven b of sigma_cell[s][b]^2 + adc_sigma^2)        [codes]
//   code  = clamp(floor(y + sigma * z + 1/2), 0, 2^adc_bits - 1)
//   sigma_cell^2 = (read_noise * v)^2 + (read_noise_uS / Gs)^2                     [level steps^2]
//
// with gain, offset and bow of converter lane s mod adc_lanes, and z the Gaussian of this
// conversion: conversions are numbered from 0 within an image or a programming run, in the order of
// the reads and, within a read, of the source lines (gaussian_stream.h). The sum of independent
// Gaussian cell noises is one Gaussian, so one draw a conversion is exact. With wires, v is the
// effective conductance of the window that is read. All arithmetic of a read is IEEE single
// precision in a fixed order (bit lines ascending), that of the cells and wires double precision,
// without fused operations or library functions: the same bits at every optimisation level, SIMD
// width and machine.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "behavioral_models/device_card.h"
#include "behavioral_models/gaussian_stream.h"
#include "behavioral_models/relaxation.h"

namespace mcnn {

struct MacroShape {
  int bit_lines = 16;      // inputs, 1..256
  int source_lines = 128;  // outputs
  int adc_lanes = 32;      // most lines converted by one read
  int adc_bits = 8;        // 1..16
};

// What a macro did, for energy and for the choice of converter ranges.
struct ReadCounts {
  std::uint64_t reads = 0;         // read strobes
  std::uint64_t conversions = 0;   // codes made
  std::uint64_t clipped_low = 0;   // codes that would have been below 0
  std::uint64_t clipped_high = 0;  // codes that would have been above 2^adc_bits - 1
  // Largest value that the converter saw, before rounding and clipping, 0 if none was above 0
  // [codes]. Sums of counts keep the larger. At a range lower by k it would have been 2^k times
  // less, but for the errors of the converter.
  double peak = 0.0;

  ReadCounts& operator+=(const ReadCounts& other);
  friend ReadCounts operator+(ReadCounts a, const ReadCounts& b) { return a += b; }
  bool operator==(const ReadCounts&) const = default;
};

// The reads of one window of source lines at one converter range, for energy. All numbers are
// whole, so sums over images do not depend on their order.
struct WindowReads {
  int first_line = 0;
  int count = 0;  // source lines sampled and converted by each read
  int range = 0;
  std::uint64_t reads = 0;
  std::vector<std::uint64_t> pulses{};  // [bit line] reads that drove it

  std::uint64_t total_pulses() const;
  std::uint64_t conversions() const { return reads * static_cast<std::uint64_t>(count); }
  bool operator==(const WindowReads&) const = default;
};

// Programming pulses and verify reads of a macro, for energy.
struct ProgrammingCounts {
  struct Pulses {
    std::uint64_t count = 0;
    double conductance_uS = 0.0;  // sum over the pulses of the cell's conductance before the pulse

    bool operator==(const Pulses&) const = default;
  };
  std::array<Pulses, 64> set{};  // [amplitude]
  std::array<Pulses, 64> reset{};
  std::uint64_t reads = 0;
  std::uint64_t conversions = 0;
  std::uint64_t read_pulses = 0;     // on bit lines
  double read_conductance_uS = 0.0;  // sum over the reads of the driven cells' conductances

  bool operator==(const ProgrammingCounts&) const = default;
};

// What programming and time did to a cell.
struct CellState {
  double base = 0.0;             // conductance as written last [level steps]
  double age_s = 0.0;            // since then
  double read_pulses = 0.0;      // since then
  std::uint32_t generation = 0;  // writes that time ended
  std::uint32_t pulses = 0;      // programming pulses in all
  bool settled = false;          // the error of the write has appeared

  bool operator==(const CellState&) const = default;
};

// All that programming and time did to a macro: with card, seed and PE it gives every conductance.
struct MacroState {
  std::vector<CellState> cells;            // [source_line * bit_lines + bit_line]
  std::uint32_t next_programming_run = 0;  // number of the programming run that begins next

  bool operator==(const MacroState&) const = default;
};

class Macro {
 public:
  static constexpr int kAmplitudes = 64;  // codes of a pulse's amplitude
  static constexpr int kLevels = 8;       // conductance levels of a cell
  static constexpr int kMaxRange = 7;
  static constexpr std::size_t kMaxPlanes = 16;
  static constexpr std::size_t kMaxBitLines = 256;

  // The array starts with every cell at level 0, programmed without error. Throws Error on a shape
  // or card out of range. `pe` numbers the macro in the chip: macros of one seed have independent
  // random numbers.
  Macro(const MacroShape& shape, const DeviceCard& card, std::uint64_t seed, int pe);
  // The same, on given kernels (kernels.h): for tests, every one gives the same bits.
  Macro(const MacroShape& shape, const DeviceCard& card, std::uint64_t seed, int pe,
        const Kernels& kernels);

  // Programs every cell directly: target level 0..7 of cell [source_line * bit_lines + bit_line],
  // with the card's programming error, as if the array were new but for the pulses that its cells
  // have seen; worn and stuck cells keep what they hold. The error of a cell depends on seed, PE,
  // cell and level only. Throws Error on a wrong size or level.
  void program(std::span<const std::uint8_t> levels);

  // A programming run begins: conversions are numbered from 0 again and take the random numbers of
  // this run. Runs are numbered from 0.
  void begin_programming();

  // One programming pulse for one cell: SET raises its conductance, RESET lowers it; amplitude
  // 0..63. Throws Error outside the array or the amplitudes.
  void pulse(int source_line, int bit_line, bool set, int amplitude);

  // Time passes, and every cell sees so many read pulses; both >= 0. Nothing else makes time pass.
  void elapse(double seconds, double read_pulses);

  MacroState save_state() const { return {states_, next_run_}; }
  // Throws Error if the state is not one of this shape, or has values that cannot be.
  void restore(const MacroState& state);

  // Conversions are numbered from 0 again and take the random numbers of this image.
  void begin_image(std::uint32_t image);

  // Reads from here on are counted for this row of the layer table (>= 0).
  void set_layer(int layer);

  // 32-bit words that say which bit lines of the array get a pulse.
  std::size_t pulse_words() const { return words_; }

  // Bit b % 32 of pulses[b / 32] drives bit line b; codes[k] is the code of source line first_line
  // + k, k < count <= adc_lanes. One weight level is worth 2^range codes, range 0..7. Throws Error
  // on a window outside the array.
  void read(std::span<const std::uint32_t> pulses, int first_line, int count, int range,
            std::span<std::uint16_t> codes);
  // The same of an array with up to 32 bit lines.
  void read(std::uint32_t pulses, int first_line, int count, int range,
            std::span<std::uint16_t> codes) {
    read({&pulses, 1}, first_line, count, range, codes);
  }

  // All bit planes of an input vector at once, [plane][word], most significant plane first: exactly
  // the read() of each plane that has a pulse, in this order, and then, with codes 0 for a plane
  // without a pulse,
  //   pair_sums[k] = sum over planes b of 2^b * (code_b[2k] - code_b[2k + 1]),   k < count / 2.
  // At most 16 planes, count even. Several times faster than single reads.
  void read_planes(std::span<const std::uint32_t> pulses_msb_first, int first_line, int count,
                   int range, std::span<std::int32_t> pair_sums);

  ReadCounts counts(int layer) const;  // zero for a layer that was never read
  ReadCounts total() const;
  void clear_counts();  // of inference; what programming did stays
  void clear_programming_counts() { programmed_ = {}; }
  // Without it, what the energy below needs is not counted: to measure what counting costs.
  void count_energy(bool on) { counting_ = on; }

  // Energy: a read pulse of voltage V and length t puts V^2 G t through every cell that conducts,
  // that is each cell of a driven bit line on a source line of the window; the other source lines
  // are off. With wires G is the cell's effective conductance.
  //
  // The windows that inference read for a layer row, by first line, count and range. Programming
  // runs are counted apart: reads from begin_programming() to the next begin_image().
  std::vector<WindowReads> window_reads(int layer) const;
  const ProgrammingCounts& programming_counts() const { return programmed_; }
  // What one pulse on each bit line drives: the present conductances of its cells in the window,
  // summed [uS].
  std::vector<double> window_conductances(int first_line, int count) const;
  // Sum over the reads of a layer row of the conductances that they drove, as the cells were at
  // the time of each read [uS].
  double driven_conductance(int layer) const;

  // Present conductances [uS], [source_line * bit_lines + bit_line].
  std::span<const float> conductances() const { return conductances_; }

  // Whether pulses move a cell no more: stuck, or worn by the pulses that it has seen.
  bool is_fixed(int source_line, int bit_line) const {
    const std::size_t cell = cell_of(source_line, bit_line);
    return (!stuck_.empty() && stuck_[cell] != Stuck::kNo) || worn(cell);
  }

  const MacroShape& shape() const { return shape_; }
  const DeviceCard& card() const { return card_; }

 private:
  // What a cell of a window adds to the codes of its line, through wires.
  struct Window {
    int first_line = 0;
    int count = 0;
    std::uint64_t solved = 0;        // number of the last change that it has taken in
    std::vector<float> cells{};      // [level steps], [bit_line * pitch + line]
    std::vector<float> variances{};  // [level steps^2]
  };

  // Reads of one window in one layer row. Pulses are counted in bit slices first: `slices[k]` holds
  // bit k of 64 numbers, one for each bit of two bit planes side by side.
  struct Counted {
    // What a read touches lies together.
    using Slices = std::array<std::uint64_t, 8>;
    Slices slices{};             // of the first 32 bit lines
    std::size_t words = 0;       // added to the slices
    std::vector<Slices> more{};  // of each 32 bit lines behind them
    WindowReads window;
    std::vector<std::uint64_t> folded;  // pulses that `conductance` holds already
    double conductance = 0.0;           // [uS]

    // planes: [plane][word]
    void add(std::span<const std::uint32_t> planes);
    void flush();

   private:
    static void add_planes(std::span<const std::uint32_t> planes, Slices& slices);
  };
  struct CountedLayer {
    std::vector<Counted> windows;
    std::size_t last = 0;  // the window that was read last
  };

  void count_pulses(std::span<const std::uint32_t> planes, int first_line, int count, int range,
                    std::size_t reads);
  double pending_conductance(const Counted& counted) const;
  void fold();  // before a conductance changes: takes in what was read with the old ones
  // Sums over the planes, of each lane, into sums_; planes without a pulse are not read if
  // `skip_empty`.
  void convert(std::span<const std::uint32_t> planes, int first_line, int count, int range,
               bool skip_empty);
  void draw_devices();  // what is fixed for each cell and lane
  bool worn(std::size_t cell) const;
  double settled_value(std::size_t cell) const;
  // What pulses and time made of a cell, and the factor that reads see of it.
  double intrinsic(std::size_t cell) const;
  double factor(std::size_t cell, double value) const;
  bool trapped(std::size_t cell) const;
  // W of a process of this cell's write, at its age [uS, or what its card has].
  double process(const RelaxationProcess& process, Purpose step, Purpose end, std::size_t cell,
                 double g_uS) const;
  // Standard Gaussians of the cells, correlated over the array.
  std::vector<double> field(Purpose purpose) const;
  void set_converter_noise(double sigma_codes) {
    job_.adc_variance = static_cast<float>(sigma_codes * sigma_codes);
  }
  // The planes of the job, all at once, or with a supply of its own voltage for each.
  Clips read_together(std::span<const std::uint32_t> planes, std::size_t conversions);
  Clips read_apart(std::span<const std::uint32_t> planes);
  double relaxed_by(std::size_t cell, double g_uS) const;  // [level steps]
  void update(std::size_t cell);                           // present conductance from the state
  void hold(std::size_t cell, double value);
  double variance(double value) const;
  const Window& window(int first_line, int count);
  void solve(Window& window) const;
  template <typename Put>
  void solve_line(int line, double r, const Put& put) const;  // r of a segment [1/level step]
  std::size_t cell_of(int source_line, int bit_line) const {
    return static_cast<std::size_t>(source_line) * static_cast<std::size_t>(shape_.bit_lines) +
           static_cast<std::size_t>(bit_line);
  }
  float gaussian(Purpose purpose, std::uint32_t image, std::size_t n) const {
    return gaussian_number(seed_, pe_, purpose, image, static_cast<std::uint32_t>(n));
  }

  enum class Stuck : std::uint8_t { kNo, kHigh, kLow };

  MacroShape shape_;
  DeviceCard card_;
  const Kernels* kernels_;
  std::uint64_t seed_;
  std::uint32_t pe_;
  double step_;    // one level [uS]
  double offset_;  // conductance of level 0 [level steps]

  // Fixed for the device; empty where the card leaves it off.
  std::vector<double> set_spread_;    // factor of a SET pulse's step
  std::vector<double> reset_spread_;  // and of a RESET pulse's
  std::vector<double> limits_;        // pulses that a cell endures
  std::vector<Stuck> stuck_;
  std::shared_ptr<const RelaxationProcess> relaxation_;  // null: all of it is frozen
  std::shared_ptr<const RelaxationProcess> flicker_;     // relative; null: none
  std::vector<double> trap_s_;                           // time of a cell's trap, 0: none
  bool has_factors_ = false;

  std::vector<CellState> states_;
  std::vector<double> values_;    // present conductance [level steps], [source_line][bit_line]
  std::vector<float> cells_;      // the same, rounded, [bit_line * pitch + source_line]
  std::vector<float> variances_;  // sigma_cell^2 [level steps^2], same order; empty without noise
  std::vector<float> conductances_;
  std::size_t pitch_ = 0;
  std::size_t words_ = 1;  // of the pulses of a plane
  std::uint32_t next_run_ = 0;

  // Wires: every change of a conductance has a number; a window is solved again when it is read and
  // a line of it has changed since. [first line][]
  std::uint64_t changes_ = 0;
  std::vector<std::uint64_t> line_changed_;
  std::vector<std::vector<Window>> windows_;

  std::vector<float> gains_;  // converter lanes, twice in a row, so that a window's are neighbours
  std::vector<float> offsets_;
  std::vector<float> bows_;

  GaussianStream noise_;
  ReadJob job_;
  std::vector<std::int32_t> sums_;  // of each lane
  std::vector<ReadCounts> counts_;  // of each layer row, without the peak
  std::vector<float> peaks_;        // of each layer row and lane of a read, [layer * pitch + lane]
  std::size_t layer_ = 0;

  std::vector<CountedLayer> counted_;  // of each layer row
  ProgrammingCounts programmed_;
  bool programming_ = false;
  bool counting_ = true;
  bool pending_ = false;  // reads that are not folded
};

}  // namespace mcnn
