// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/training.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "common/error.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/model.h"
#include "host/tuning/train/progress.h"

namespace mcnn::train {
namespace {

namespace F = torch::nn::functional;

constexpr int kCalibrationImages = 2000;
constexpr int kValidationDraws = 10;  // sets of weight errors for the choice between epochs,
constexpr std::uint64_t kValidationSeed = 1000;  // none of which the final evaluation uses

// ---- data
// -----------------------------------------------------------------------------------------------------------

struct Tensors {
  torch::Tensor pixels;  // [image][1][row][column], bytes
  torch::Tensor labels;  // [image]

  std::int64_t count() const { return labels.size(0); }
};

Tensors to_tensors(const Dataset& data, std::int64_t count) {
  Tensors result{torch::empty({count, 1, data.images.height, data.images.width}, torch::kUInt8),
                 torch::empty({count}, torch::kInt64)};
  std::copy_n(data.images.pixels.begin(), result.pixels.numel(),
              result.pixels.data_ptr<std::uint8_t>());
  std::copy_n(data.labels.begin(), count, result.labels.data_ptr<std::int64_t>());
  return result;
}

Dataset last_images(const Dataset& data, int count) {
  const int first = data.images.count - count;
  const std::ptrdiff_t first_pixel = std::ptrdiff_t{first} * data.images.height * data.images.width;
  Dataset last;
  last.images.count = count;
  last.images.height = data.images.height;
  last.images.width = data.images.width;
  last.images.pixels.assign(data.images.pixels.begin() + first_pixel, data.images.pixels.end());
  last.labels.assign(data.labels.begin() + first, data.labels.end());
  return last;
}

// Each image turned and moved a little; the pixels stay whole numbers.
torch::Tensor augment(const torch::Tensor& pixels, const Settings& settings) {
  if (settings.max_shift == 0 && settings.max_rotation == 0) return pixels;
  const std::int64_t count = pixels.size(0);
  const auto uniform = [count](double limit) { return (torch::rand({count}) * 2 - 1) * limit; };
  const auto angle = uniform(settings.max_rotation * std::numbers::pi / 180);
  const double unit = 2.0 / kDigitSize;  // a pixel of 28x28, as the grid counts
  const auto dx = uniform(settings.max_shift * unit);
  const auto dy = uniform(settings.max_shift * unit);
  const auto theta =
      torch::stack(
          {torch::cos(angle), -torch::sin(angle), dx, torch::sin(angle), torch::cos(angle), dy}, 1)
          .view({count, 2, 3});
  const auto grid = F::affine_grid(theta, pixels.sizes(), false);
  return torch::round(
      F::grid_sample(pixels, grid, F::GridSampleFuncOptions().align_corners(false)));
}

// ---- optimiser
// ------------------------------------------------------------------------------------------------------

// One cycle: from 1/25 of the largest rate up to it in 30 % of the steps, down to nearly nothing in
// the rest; cosines.
double one_cycle(double largest, std::int64_t step, std::int64_t steps) {
  const auto cosine = [](double from, double to, double t) {
    return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * t));
  };
  const double t = static_cast<double>(step) / static_cast<double>(steps);
  constexpr double kRise = 0.3;
  return t < kRise ? cosine(largest / 25, largest, t / kRise)
                   : cosine(largest, largest / 1e4, (t - kRise) / (1 - kRise));
}

// One half of the training: `epochs` over all images with one cycle of the learning rate.
struct Phase {
  const char* name;
  int epochs;
  std::function<torch::Tensor(const torch::Tensor&)> forward;
  std::function<void()> after_step;
  std::function<std::string()> after_epoch;  // returns what to add to the epoch's line
};

void run(const Phase& phase, const Model& model, const Tensors& data, const Settings& settings,
         Progress& progress) {
  const std::int64_t steps_per_epoch = data.count() / settings.batch;
  const std::int64_t steps = phase.epochs * steps_per_epoch;
  torch::optim::Adam optimiser(model.parameters(),
                               torch::optim::AdamOptions(settings.learning_rate));
  std::int64_t step = 0;
  for (int epoch = 1; epoch <= phase.epochs; ++epoch) {
    const std::string label = fmt::format("{:<9} epoch {:2}/{}", phase.name, epoch, phase.epochs);
    const torch::Tensor order = torch::randperm(data.count());
    double loss_sum = 0;
    for (std::int64_t i = 0; i < steps_per_epoch; ++i) {
      for (auto& group : optimiser.param_groups()) {
        group.options().set_lr(one_cycle(settings.learning_rate, step, steps));
      }
      const auto chosen = order.narrow(0, i * settings.batch, settings.batch);
      const auto pixels = data.pixels.index_select(0, chosen).to(torch::kFloat32);
      optimiser.zero_grad();
      const auto loss = F::cross_entropy(phase.forward(augment(pixels, settings)),
                                         data.labels.index_select(0, chosen));
      loss.backward();
      optimiser.step();
      phase.after_step();
      loss_sum += loss.item<double>();
      ++step;
      progress.step(label);
    }
    progress.line(fmt::format("{}  loss {:.4f}{}  {:.0f} s", label,
                              loss_sum / static_cast<double>(steps_per_epoch), phase.after_epoch(),
                              progress.seconds()));
  }
}

// ---- choice between epochs
// ------------------------------------------------------------------------------------------

// Keeps the network that does best on the held-out images: with errors on the weights if it is
// trained for them.
class Best {
 public:
  Best(Dataset held_out, bool judge_with_errors)
      : held_out_(std::move(held_out)), judge_with_errors_(judge_with_errors) {}

  // Returns what to say about the network.
  std::string offer(const Network& network) {
    const double exact = accuracy(network, held_out_);
    const double with_errors =
        accuracy_over_draws(network, held_out_, kValidationDraws, kValidationSeed).mean;
    const double score = judge_with_errors_ ? with_errors : exact;
    const bool better = score > score_;
    if (better) {
      score_ = score;
      network_ = network;
    }
    return fmt::format("  held out {:.2f} %, with weight errors {:.2f} %{}", 100 * exact,
                       100 * with_errors, better ? " *" : "");
  }

  const Network& network() const { return network_; }

 private:
  Dataset held_out_;
  bool judge_with_errors_;
  Network network_;
  double score_ = -1;
};

void make_repeatable(const Settings& settings) {
  torch::manual_seed(settings.seed);
  torch::set_num_threads(settings.threads);
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
}

}  // namespace

Network train(const NetworkShape& shape, const Dataset& images, const Settings& settings) {
  const int needed = settings.held_out + kCalibrationImages;
  if (images.images.count < needed) {
    throw Error(fmt::format("training images: found {}, allowed {} or more ({} are held out)",
                            images.images.count, needed, settings.held_out));
  }
  make_repeatable(settings);
  const Tensors data = to_tensors(images, images.images.count - settings.held_out);
  Best best(last_images(images, settings.held_out), settings.noise > 0);
  Model model(shape);
  Progress progress(
      (settings.epochs_float + settings.epochs_quantised) * (data.count() / settings.batch),
      settings.batch);

  run({.name = "real",
       .epochs = settings.epochs_float,
       .forward = [&](const torch::Tensor& pixels) { return model.forward_real(pixels); },
       .after_step = [] {},
       .after_epoch = [] { return std::string(); }},
      model, data, settings, progress);

  model.calibrate(data.pixels.narrow(0, 0, kCalibrationImages).to(torch::kFloat32),
                  settings.weight_range, settings.max_clipped);
  Model averaged = model.clone();
  progress.line("quantised" + best.offer(averaged.to_network()));

  const double sigma = settings.noise * kMaxWeight;
  run({.name = "quantised",
       .epochs = settings.epochs_quantised,
       .forward = [&](const torch::Tensor& x) { return model.forward_quantised(x, sigma); },
       .after_step =
           [&] {
             model.clamp_weights();
             averaged.move_towards(model, settings.average);
           },
       .after_epoch = [&] { return best.offer(averaged.to_network()); }},
      model, data, settings, progress);
  return best.network();
}

}  // namespace mcnn::train
