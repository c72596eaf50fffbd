// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/training.h"

#include <ATen/autocast_mode.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <future>
#include <memory>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

#include "common/error.h"
#include "common/fingerprint.h"
#include "host/tuning/train/checkpoint.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/judge.h"
#include "host/tuning/train/model.h"
#include "host/tuning/train/progress.h"

namespace mcnn::train {
namespace {

namespace F = torch::nn::functional;

constexpr int kCalibrationImages = 2000;
constexpr int kResidualCalibrationImages = 500;  // whose maps are many

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

// Adam; of a network with batch normalisations, while it has them, momentum, which generalises
// better there.
std::unique_ptr<torch::optim::Optimizer> make_optimiser(const Model& model, bool momentum,
                                                        const Settings& settings) {
  if (!momentum) return std::make_unique<torch::optim::Adam>(model.parameters());
  using Options = torch::optim::SGDOptions;
  std::vector<torch::Tensor> rest;
  const std::vector<torch::Tensor> weights = model.weights();
  for (const torch::Tensor& tensor : model.parameters()) {
    const auto same = [&](const torch::Tensor& weight) { return weight.is_same(tensor); };
    if (std::ranges::none_of(weights, same)) rest.push_back(tensor);
  }
  const auto options = [] { return Options(0.1).momentum(0.9).nesterov(true); };
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(weights,
                      std::make_unique<Options>(options().weight_decay(settings.weight_decay)));
  groups.emplace_back(rest, std::make_unique<Options>(options()));
  return std::make_unique<torch::optim::SGD>(groups, options());
}

// One half of the training: `epochs` over all images with one cycle of the learning rate.
struct Phase {
  int index;
  const char* name;
  int epochs;
  double learning_rate;
  bool momentum;
  std::string settings;  // which a checkpoint of it must have
  std::function<torch::Tensor(const Model&, const torch::Tensor&)> forward;
  std::function<void()> before_step;
  std::function<void()> after_step;
  std::function<std::string()> after_epoch;  // returns what to add to the epoch's line
};

// work(0) here, the others on a thread each. Throws what one of them threw.
void run_side_by_side(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::vector<std::future<void>> others;
  for (std::size_t i = 1; i < count; ++i) {
    others.push_back(std::async(std::launch::async, work, i));
  }
  work(0);
  for (std::future<void>& other : others) other.get();
}

// A training run and what it goes on from.
class Run {
 public:
  Run(const Topology& topology, const Dataset& data, const Settings& settings)
      : settings_(settings),
        topology_(topology),
        device_(settings.use_gpu && torch::cuda::is_available() ? torch::kCUDA : torch::kCPU),
        images_(to_tensors(data, 0, data.images.count - settings.held_out)),
        judge_(topology, part_of(data, data.images.count - settings.held_out, settings.held_out),
               settings.noise > 0, device_),
        model_(topology.has_weights ? Model(topology.network, device_)
                                    : Model(topology.network, topology.normalised, device_)),
        averaged_(model_.clone()),
        progress_((settings.epochs_float + settings.epochs_quantised) * steps_per_epoch(),
                  settings.batch) {
    phase_ = topology.has_weights ? 1 : 0;
    if (settings.resume) resume();
  }

  Network train() {
    if (phase_ == 0) {
      train_real();
      phase_ = 1;
      epochs_ = 0;
    }
    train_quantised();
    return judge_.network();
  }

 private:
  std::int64_t steps_per_epoch() const { return images_.count() / settings_.batch; }

  // What the trained numbers depend on.
  std::string real_settings() const {
    const Augmentation& a = settings_.augmentation;
    return fmt::format(
        "{} {:016x} seed {} float {} threads {} shards {} bfloat16 {} batch {} rate {} decay {} "
        "held out {} average {} shift {} rotation {} mirror {} device {}",
        topology_.name, fingerprint(network_to_json(topology_.network)), settings_.seed,
        settings_.epochs_float, settings_.threads, settings_.shards, settings_.bfloat16,
        settings_.batch, settings_.learning_rate, settings_.weight_decay, settings_.held_out,
        settings_.average, a.max_shift, a.max_rotation, a.mirror, device_.str());
  }
  std::string quantised_settings() const {
    return fmt::format("{}, quantised {} noise {} rate {} range {} clipped {}", real_settings(),
                       settings_.epochs_quantised, settings_.noise,
                       settings_.learning_rate_quantised, settings_.weight_range,
                       settings_.max_clipped);
  }

  void resume() {
    const std::optional<Checkpoint> checkpoint = load_checkpoint(settings_.checkpoint);
    if (!checkpoint) return;
    const std::string allowed = checkpoint->phase == 0 ? real_settings() : quantised_settings();
    if (checkpoint->settings != allowed) {
      throw Error(fmt::format("{}: settings: found '{}', allowed to go on: '{}'",
                              settings_.checkpoint, checkpoint->settings, allowed));
    }
    phase_ = checkpoint->phase;
    epochs_ = checkpoint->epochs;
    model_.set_state(checkpoint->model);
    averaged_.set_state(checkpoint->averaged);
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    generator.set_state(checkpoint->generator);
    judge_.set_best(checkpoint->best, checkpoint->best_score);
    const int before = phase_ == 0 ? 0 : settings_.epochs_float;
    progress_.skip((before + epochs_) * steps_per_epoch(), checkpoint->seconds);
    progress_.line(
        fmt::format("goes on from {}, {} epochs", settings_.checkpoint, before + epochs_));
    resumed_ = true;
  }

  void train_real() {
    run({.index = 0,
         .name = "real",
         .epochs = settings_.epochs_float,
         .learning_rate = settings_.learning_rate,
         .momentum = topology_.normalised,
         .settings = real_settings(),
         .forward = [&](const Model& model,
                        const torch::Tensor& pixels) { return model.forward_real(pixels, true); },
         .before_step = [] {},
         .after_step =
             [&] {
               if (topology_.normalised) averaged_.move_towards(model_, settings_.average);
             },
         .after_epoch =
             [&] { return topology_.normalised ? judge_.real(averaged_) : std::string(); }});
  }

  void calibrate() {
    if (topology_.normalised) {
      model_.set_state(averaged_.state());
      model_.fold();
    }
    const int count = topology_.normalised ? kResidualCalibrationImages : kCalibrationImages;
    const torch::Tensor first = torch::arange(std::min<std::int64_t>(count, images_.count()));
    const torch::Tensor pixels = batch_of(images_, first, {}).to(device_);
    if (topology_.has_weights) {
      model_.scale_logits(pixels, images_.labels.index_select(0, first).to(device_));
    } else {
      model_.calibrate(pixels, settings_.weight_range, settings_.max_clipped);
    }
    averaged_ = model_.clone();
    progress_.line("quantised" + judge_.offer(averaged_));
  }

  void train_quantised() {
    if (epochs_ == 0) calibrate();
    const double sigma = settings_.noise * kMaxWeight;
    run({.index = 1,
         .name = "quantised",
         .epochs = settings_.epochs_quantised,
         .learning_rate = settings_.learning_rate_quantised,
         .momentum = false,
         .settings = quantised_settings(),
         .forward = [&](const Model& model,
                        const torch::Tensor& x) { return model.forward_quantised(x, errors_); },
         .before_step = [&] { errors_ = model_.draw_errors(sigma); },
         .after_step =
             [&] {
               model_.clamp_weights();
               averaged_.move_towards(model_, settings_.average);
             },
         .after_epoch = [&] { return judge_.offer(averaged_); }});
  }

  void run(const Phase& phase) {
    const std::int64_t steps = phase.epochs * steps_per_epoch();
    const auto optimiser = make_optimiser(model_, phase.momentum, settings_);
    if (std::exchange(resumed_, false) && epochs_ > 0) {
      load_optimiser(settings_.checkpoint, *optimiser);
    }
    std::vector<Model> replicas;
    for (int shard = 0; settings_.shards > 1 && shard < settings_.shards; ++shard) {
      replicas.push_back(model_.replica());
    }
    std::int64_t step = epochs_ * steps_per_epoch();
    while (epochs_ < phase.epochs) {
      const std::string label =
          fmt::format("{:<9} epoch {:2}/{}", phase.name, epochs_ + 1, phase.epochs);
      const torch::Tensor order = torch::randperm(images_.count());
      double loss_sum = 0;
      for (std::int64_t i = 0; i < steps_per_epoch(); ++i) {
        for (auto& group : optimiser->param_groups()) {
          group.options().set_lr(one_cycle(phase.learning_rate, step, steps));
        }
        optimiser->zero_grad();
        loss_sum +=
            gradients(phase, replicas, order.narrow(0, i * settings_.batch, settings_.batch));
        optimiser->step();
        phase.after_step();
        ++step;
        progress_.step(label);
      }
      ++epochs_;
      progress_.line(fmt::format("{}  loss {:.4f}{}  {}", label,
                                 loss_sum / static_cast<double>(steps_per_epoch()),
                                 phase.after_epoch(), progress_.times()));
      save(phase, *optimiser);
    }
  }

  // Logits while training, with rounded convolutions where that is asked for.
  torch::Tensor logits(const Phase& phase, const Model& model, const torch::Tensor& pixels) const {
    if (!settings_.bfloat16) return phase.forward(model, pixels);
    at::autocast::set_cpu_enabled(true);
    torch::Tensor logits = phase.forward(model, pixels).to(torch::kFloat32);
    at::autocast::set_cpu_enabled(false);
    at::autocast::clear_cache();
    return logits;
  }

  // Gives the model the gradients of the loss on these images; returns the loss.
  double gradients(const Phase& phase, std::vector<Model>& replicas, const torch::Tensor& chosen) {
    const torch::Tensor pixels = batch_of(images_, chosen, settings_.augmentation).to(device_);
    const torch::Tensor labels = images_.labels.index_select(0, chosen).to(device_);
    phase.before_step();
    const auto backward = [&](const Model& model, const torch::Tensor& x, const torch::Tensor& y) {
      const torch::Tensor loss = F::cross_entropy(logits(phase, model, x), y);
      loss.backward();
      return loss.item<double>();
    };
    if (replicas.empty()) return backward(model_, pixels, labels);
    const std::int64_t size = pixels.size(0) / settings_.shards;
    std::vector<double> losses(replicas.size());
    const auto work = [&](std::size_t shard) {
      torch::set_num_threads(settings_.threads);  // OpenMP asks each thread
      for (const torch::Tensor& tensor : replicas[shard].parameters()) {
        if (tensor.grad().defined()) tensor.mutable_grad() = torch::Tensor();
      }
      const auto first = static_cast<std::int64_t>(shard) * size;
      losses[shard] =
          backward(replicas[shard], pixels.narrow(0, first, size), labels.narrow(0, first, size));
    };
    run_side_by_side(replicas.size(), work);
    model_.gather(replicas);
    return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
  }

  void save(const Phase& phase, const torch::optim::Optimizer& optimiser) const {
    if (settings_.checkpoint.empty()) return;
    save_checkpoint(settings_.checkpoint,
                    {.phase = phase.index,
                     .epochs = epochs_,
                     .settings = phase.settings,
                     .model = model_.state(),
                     .averaged = averaged_.state(),
                     .generator = at::detail::getDefaultCPUGenerator().get_state(),
                     .best = judge_.best(),
                     .best_score = judge_.best_score(),
                     .seconds = progress_.seconds()},
                    optimiser);
    if (settings_.after_checkpoint) settings_.after_checkpoint();
  }

  const Settings& settings_;
  const Topology& topology_;
  torch::Device device_;
  Images images_;
  Judge judge_;
  Model model_;
  Model averaged_;
  Progress progress_;
  Model::Errors errors_;  // of the mini-batch
  int phase_ = 0;
  int epochs_ = 0;  // of the phase, done
  bool resumed_ = false;
};

void make_repeatable(const Settings& settings) {
  torch::manual_seed(settings.seed);
  torch::set_num_threads(settings.threads);
  const bool gpu = settings.use_gpu && torch::cuda::is_available();
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/gpu);
}

}  // namespace

Network train(const Topology& topology, const Dataset& images, const Settings& settings) {
  const int needed =
      settings.held_out + (topology.has_weights ? settings.batch : kCalibrationImages);
  if (images.images.count < needed) {
    throw Error(fmt::format("training images: found {}, allowed {} or more ({} are held out)",
                            images.images.count, needed, settings.held_out));
  }
  make_repeatable(settings);
  return Run(topology, images, settings).train();
}

}  // namespace mcnn::train
