// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/quantise.h"

#include <cmath>

namespace mcnn::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct RoundThrough : torch::autograd::Function<RoundThrough> {
  static torch::Tensor forward(AutogradContext* /*context*/, const torch::Tensor& x) {
    return (x + 0.5).floor_();
  }
  static variable_list backward(AutogradContext* /*context*/, const variable_list& gradients) {
    return {gradients[0]};
  }
};

struct ShiftAndClamp : torch::autograd::Function<ShiftAndClamp> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, double factor,
                               double low, double high) {
    torch::Tensor y = (x * factor).add_(0.5).floor_();
    const torch::Tensor inside = (y >= low).logical_and_(y <= high);
    context->save_for_backward({inside});
    context->saved_data["factor"] = factor;
    return y.clamp_(low, high);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const torch::Tensor inside = context->get_saved_variables()[0];
    const double factor = context->saved_data["factor"].toDouble();
    return {(gradients[0] * inside).mul_(factor), {}, {}, {}};
  }
};

}  // namespace

torch::Tensor round_through(const torch::Tensor& x) { return RoundThrough::apply(x); }

torch::Tensor shift_and_clamp(const torch::Tensor& x, int shift, double low, double high) {
  return ShiftAndClamp::apply(x, std::ldexp(1.0, -shift), low, high);
}

}  // namespace mcnn::train
