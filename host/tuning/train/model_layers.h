// SPDX-License-Identifier: Apache-2.0
// The layers of a network in libtorch, for real and for whole numbers.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "host/network/network.h"

namespace mcnn::train {

// [kernel][channel of its group][row][column]; a fully connected layer has the rows and columns of
// what it takes.
std::vector<std::int64_t> weight_shape(const Layer& layer);

// Convolution or fully connected layer, without activation. `x`: [image][channel][row][column].
torch::Tensor convolve(torch::Tensor x, const Layer& layer, const torch::Tensor& weight,
                       const torch::Tensor& bias);

// Maxima of the windows of its pooling.
torch::Tensor largest(torch::Tensor x, const Layer& layer);

// Means of windows, or their sums. Throws Error for a padding that libtorch does not have.
torch::Tensor mean(const torch::Tensor& x, const Layer& layer, bool sums);

int pixels_of_window(const Layer& layer);

}  // namespace mcnn::train
