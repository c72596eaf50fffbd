// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "host/tuning/train/images.h"

namespace mcnn::train {
namespace {

constexpr int kValidationDraws = 10;  // sets of weight errors for the choice between epochs,
constexpr std::uint64_t kValidationSeed = 1000;  // none of which the final evaluation uses
constexpr int kBatch = 250;

using Forward = std::function<torch::Tensor(const torch::Tensor&)>;

double fraction_right(const Dataset& data, torch::Device device, const Forward& forward) {
  const torch::NoGradGuard no_grad;
  const Images images = to_tensors(data, 0, data.images.count);
  std::int64_t right = 0;
  for (std::int64_t first = 0; first < images.count(); first += kBatch) {
    const torch::Tensor chosen = torch::arange(first, std::min(first + kBatch, images.count()));
    const torch::Tensor classes =
        forward(batch_of(images, chosen, {}).to(device)).argmax(1).to(torch::kCPU);
    right += (classes == images.labels.index_select(0, chosen)).sum().item<std::int64_t>();
  }
  return static_cast<double>(right) / static_cast<double>(images.count());
}

// Training goes on with the random numbers that it would have had.
class KeepGenerator {
 public:
  KeepGenerator() : state_(at::detail::getDefaultCPUGenerator().get_state()) {}
  ~KeepGenerator() {
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    generator.set_state(state_);
  }
  KeepGenerator(const KeepGenerator&) = delete;
  KeepGenerator& operator=(const KeepGenerator&) = delete;

 private:
  torch::Tensor state_;
};

}  // namespace

ErrorAccuracy accuracy_with_errors(const Network& network, const Dataset& data, int draws,
                                   std::uint64_t first_seed, torch::Device device) {
  if (is_plain_chain(network)) return accuracy_over_draws(network, data, draws, first_seed);
  const KeepGenerator keep;
  const torch::NoGradGuard no_grad;
  std::vector<double> values;
  for (int draw = 0; draw < draws; ++draw) {
    torch::manual_seed(first_seed + static_cast<std::uint64_t>(draw));
    const Model model(network, device);
    const Model::Errors errors = model.draw_errors(kJudgedError * kMaxWeight);
    values.push_back(fraction_right(
        data, device, [&](const torch::Tensor& x) { return model.forward_quantised(x, errors); }));
  }
  return summary(values);
}

Judge::Judge(const Topology& topology, Dataset held_out, bool with_errors, torch::Device device)
    : topology_(topology),
      held_out_(std::move(held_out)),
      with_errors_(with_errors),
      device_(device) {}

std::string Judge::real(const Model& model) const {
  if (held_out_.images.count == 0) return "";
  const KeepGenerator keep;
  const double right = fraction_right(
      held_out_, device_, [&](const torch::Tensor& x) { return model.forward_real(x); });
  return fmt::format("  held out {:.2f} %", 100 * right);
}

std::string Judge::offer(const Model& model) {
  const Network network = model.to_network();
  if (held_out_.images.count == 0) {
    network_ = network;
    return "";
  }
  const double exact = accuracy(network, held_out_);
  const double with_errors =
      accuracy_with_errors(network, held_out_, kValidationDraws, kValidationSeed, device_).mean;
  const double score = with_errors_ ? with_errors : exact;
  const bool better = score > score_ || topology_.keep_last;
  if (better) {
    score_ = score;
    network_ = network;
  }
  return fmt::format("  held out {:.2f} %, with weight errors {:.2f} %{}", 100 * exact,
                     100 * with_errors, better && !topology_.keep_last ? " *" : "");
}

std::string Judge::best() const { return network_.layers.empty() ? "" : network_to_json(network_); }

void Judge::set_best(const std::string& text, double score) {
  if (!text.empty()) network_ = parse_network(text, "checkpoint");
  score_ = score;
}

}  // namespace mcnn::train
