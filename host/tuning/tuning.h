// SPDX-License-Identifier: Apache-2.0
// The arithmetic of tuning a chip in place: where the weights lie as pairs of cells, gradients of
// the last layer from what the chip gave, which cells a wanted change rewrites, and the refit of
// the last layer on the chip's own features. docs/tuning.md has the equations.
//
// Everything is IEEE double in a fixed order (images ascending, then inputs, then outputs), with
// the project's own exponential and logarithm, so that results do not depend on threads, engine or
// machine. Weights and conductances are in level steps Gs; a threshold is given in uS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/engine/program_port.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/mapper.h"
#include "host/network/network.h"
#include "host/programming/closed_loop.h"
#include "host/programming/fault_map.h"

namespace mcnn {

// The two cells of a weight: `line` holds the positive, `line + 1` the negative part.
struct CellPair {
  int pe = 0;
  int line = 0;
  int bit_line = 0;
  int weight = 0;  // of the network, -7..7

  bool operator==(const CellPair&) const = default;
};

// Every pair of a network layer, one for each replica of each weight.
std::vector<CellPair> layer_pairs(const Network& network, const MappedNetwork& mapped, int layer);

// The last layer, which is tuned: its weights as pairs, [output * inputs + input]. Inputs are
// numbered as the last hidden map is read back, [channel][row][column]. Throws Error when it has
// replicas.
struct TunedLayer {
  int inputs = 0;
  int outputs = 0;
  int shift = 0;  // of the network: a logit is sum >> shift
  std::vector<CellPair> pairs;

  const CellPair& pair(int output, int input) const {
    return pairs[static_cast<size_t>((output * inputs) + input)];
  }
};
TunedLayer tuned_layer(const Network& network, const MappedNetwork& mapped);

// What the chip gave for a set of images.
struct ForwardBatch {
  int inputs = 0;
  int outputs = 0;
  std::vector<uint8_t> features;  // [image][input], the last hidden map
  std::vector<int32_t> logits;    // [image][output]
  std::vector<uint8_t> labels;    // [image]

  size_t count() const { return labels.size(); }
  std::span<const uint8_t> feature(size_t image) const {
    return std::span(features).subspan(image * static_cast<size_t>(inputs),
                                       static_cast<size_t>(inputs));
  }
  std::span<const int32_t> logit(size_t image) const {
    return std::span(logits).subspan(image * static_cast<size_t>(outputs),
                                     static_cast<size_t>(outputs));
  }
};

// Images whose largest logit (the lowest of equal ones) is not their label.
int count_errors(const ForwardBatch& batch);

// Mean cross entropy of softmax(beta * logits).
double cross_entropy(const ForwardBatch& batch, double beta);
// The beta > 0 at which cross_entropy is smallest: how much a logit is worth.
double fit_beta(const ForwardBatch& batch);

// d cross_entropy / d weight of the last layer [1 / level step], [output * inputs + input]:
//   beta / 2^shift * mean over images of (p_output - [output is the label]) * x_input
std::vector<double> weight_gradient(const ForwardBatch& batch, double beta, int shift);
// d cross_entropy / d bias of the last layer.
std::vector<double> bias_gradient(const ForwardBatch& batch, double beta, int shift);

// ---- cells

struct RewriteCounters {
  int64_t pairs = 0;      // that were to change
  int64_t cells = 0;      // rewritten
  int64_t failed = 0;     // rewritten cells that did not reach their target
  int64_t saturated = 0;  // pairs whose wanted difference the window does not hold
  int64_t reads = 0;      // cells that were read to know where they stand

  RewriteCounters& operator+=(const RewriteCounters& other);
  bool operator==(const RewriteCounters&) const = default;
};

// New values of the two cells of a pair [level steps above g_min is 0..7 and all below].
struct PairSplit {
  double positive = 0.0;
  double negative = 0.0;
  bool write_positive = false;
  bool write_negative = false;
  bool saturated = false;
};

// How a pair whose cells stand at `positive` and `negative` changes its difference by `change`.
// One cell takes all of it if it can: of two that can, the one that goes down, because less
// conductance means less noise; otherwise the one that has room; otherwise both. `low` and `high`
// bound a written cell. A cell that cannot be written (`positive_fixed`, `negative_fixed`) is left.
// All in level steps.
PairSplit split_change(double positive, double negative, double change, double low, double high,
                       bool positive_fixed = false, bool negative_fixed = false);

// Reads and rewrites cells of a chip through its programmer, in a closed loop.
class CellWriter {
 public:
  // `bad`: cells that are known not to move.
  CellWriter(ProgramPort& port, const ChipConfig& config, const DeviceCard& card,
             ProgramSettings settings, TargetCorrection correction,
             std::span<const CellAddress> bad = {});

  // Verify reads: conductances of the cells of each pair, positive and negative [level steps]. A
  // cell that reads the largest code is read again at a coarser range.
  std::vector<std::pair<double, double>> read(std::span<const CellPair> pairs);

  // Changes the difference of each pair by changes[i] [level steps]. Reads the pairs first.
  // Returns what is left of each change, by the verify reads: 0 of one that the window cut off.
  std::vector<double> change(std::span<const CellPair> pairs, std::span<const double> changes);

  // Reads all pairs and rewrites those whose difference is more than `threshold` [level steps] from
  // wanted[i]. Returns the number of pairs that were outside.
  int64_t bring(std::span<const CellPair> pairs, std::span<const double> wanted, double threshold);

  const RewriteCounters& counters() const { return counters_; }
  const ProgramCounters& programming() const { return programming_; }
  // Cells that a loop did not bring to their target, and those known before: no more written while
  // the other cell can do.
  const std::set<CellAddress>& bad_cells() const { return bad_; }

  void restore(const RewriteCounters& counters, const ProgramCounters& programming,
               std::set<CellAddress> bad);

 private:
  std::vector<double> write(std::span<const CellPair> pairs,
                            std::span<const std::pair<double, double>> present,
                            std::span<const double> changes);

  ProgramPort& port_;
  ChipConfig config_;
  DeviceCard card_;
  ProgramSettings settings_;
  TargetCorrection correction_;
  RewriteCounters counters_;
  ProgramCounters programming_;
  std::set<CellAddress> bad_;
};

// ---- hybrid training, as published

struct HybridSettings {
  double learning_rate = 2.0;  // of weights in units of 1 / (255 beta)
  double threshold_uS = 1.5;
};

// Stochastic gradient descent in the cells: adds the wanted change of a mini-batch to each weight's
// accumulator, and has those beyond the threshold written.
class HybridTraining {
 public:
  HybridTraining(const TunedLayer& layer, const DeviceCard& card, const HybridSettings& settings,
                 double beta);

  // Returns the number of pairs that were rewritten.
  int64_t step(const ForwardBatch& batch, CellWriter& writer);

  double beta() const { return beta_; }
  std::span<const double> accumulators() const { return accumulators_; }  // [level steps]
  void set_accumulators(std::vector<double> accumulators);

 private:
  const TunedLayer& layer_;
  double step_uS_;
  HybridSettings settings_;
  double beta_;
  std::vector<double> accumulators_;
};

// ---- refit of the last layer in the host

struct RefitSettings {
  int epochs = 60;
  int batch = 100;
  double learning_rate = 0.1;  // of Adam, at the start, in level steps
  double weight_sigma = 0.0;   // [level steps] error that a written weight will have
  double penalty = 0.0;        // on the squared distance of the weights from the start
  double largest = 7.0;        // bound of a weight [level steps]
  // Instead of it, one for each weight: what its pair of cells can do. Empty: `largest` for all.
  std::vector<Reach> bounds;
  uint64_t seed = 1;  // of the errors and of the order of the images
};

// Weights [level steps] and biases [units of a logit's sum] of a last layer, real numbers.
struct LastLayer {
  std::vector<double> weights;  // [output * inputs + input]
  std::vector<double> biases;
};

// Multinomial logistic regression on the features: fits weights and biases so that softmax(beta *
// (W x + b) / 2^shift) gives the labels while every weight has a fresh Gaussian error in every
// mini-batch, which is what writing will do to it. Starts from `start`.
LastLayer refit(const ForwardBatch& data, const LastLayer& start, double beta, int shift,
                const RefitSettings& settings);

// Biases alone, on the logits that the chip gave: Newton's method on the full set.
// Returns what to add to the biases, in units of a logit's sum.
std::vector<double> refit_biases(const ForwardBatch& data, double beta, int shift);

// Sets the biases of a layer in network and program, in the units of the network.
void set_biases(Network& network, MappedNetwork& mapped, int layer,
                std::span<const int32_t> biases);

}  // namespace mcnn
