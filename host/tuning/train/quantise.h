// SPDX-License-Identifier: Apache-2.0
// The chip's rounding, shift and clamp with gradients that pass them.
#pragma once

#include <torch/torch.h>

namespace mcnn::train {

// round(x) half up, with the gradient of the identity.
torch::Tensor round_through(const torch::Tensor& x);

// clamp(round(x / 2^shift), low, high); gradients pass where the rounded value is inside.
torch::Tensor shift_and_clamp(const torch::Tensor& x, int shift, double low, double high);

}  // namespace mcnn::train
