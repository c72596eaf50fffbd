// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/import/random_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "common/index.h"
#include "tests/support/onnx_builder.h"
#include "tests/support/random.h"

namespace mcnn::testing {
namespace {

using Maps = std::vector<std::vector<double>>;  // of each image: [channel][row][column]

struct Tensor {
  std::string name;
  int channels = 0;
  int height = 0;
  int width = 0;
  Maps maps;

  int size() const { return channels * height * width; }
  double at(size_t image, int c, int y, int x) const {
    return maps[image][to_index((c * height + y) * width + x)];
  }
};

class Maker {
 public:
  Maker(uint64_t seed, int images) : random_(seed) {
    ImageSet& all = result_.images;
    all.count = images;
    all.channels = random_.between(1, 3);
    all.height = random_.between(7, 12);
    all.width = random_.between(7, 12);
    // Smooth, as pictures are: so the padding is not the brightest thing.
    const size_t size = to_index(images) * all.image_size();
    for (size_t i = 0; i < size; ++i) {
      const int base = static_cast<int>((i / 5 * 37) % 200);
      all.pixels.push_back(static_cast<uint8_t>(base / 2 + random_.between(0, 155)));
    }
    result_.scale = 1.0 / 64.0;
    result_.mean = random_.one_of(2) ? 0.0 : 100.0;
  }

  RandomModel make() {
    Tensor value = image();
    const int layers = random_.between(1, 3);
    for (int i = 0; i < layers; ++i) {
      value = block(value);
      if (value.height > 3 && value.width > 3 && random_.one_of(2)) value = pool(value);
    }
    value = flat(value);
    if (random_.one_of(2)) value = relu(gemm(value, random_.between(4, 9)));
    value = gemm(value, 5);
    if (random_.one_of(2)) {
      builder_.node("Softmax", {value.name}, "probability");
      value.name = "probability";
    }
    builder_.output(value.name);
    result_.bytes = builder_.bytes();
    result_.logits = value.maps;
    return std::move(result_);
  }

 private:
  std::string next(const std::string& what) { return fmt::format("{}_{}", what, ++names_); }
  double real() { return random_.between(-1000, 1000) / 1000.0; }
  std::vector<double> reals(int count, double scale) {
    std::vector<double> numbers;
    // What the file holds.
    for (int i = 0; i < count; ++i) numbers.push_back(static_cast<float>(real() * scale));
    return numbers;
  }

  Tensor image() {
    const ImageSet& all = result_.images;
    Tensor value{"image", all.channels, all.height, all.width, {}};
    for (int i = 0; i < all.count; ++i) {
      std::vector<double>& map = value.maps.emplace_back();
      for (const uint8_t pixel : all.image(i)) {
        map.push_back((pixel - result_.mean) * result_.scale);
      }
    }
    if (random_.one_of(3)) {  // channels last, as some exporters have it
      builder_.input("nhwc", {1, value.height, value.width, value.channels});
      builder_.node("Transpose", {"nhwc"}, "image", {{"perm", {0, 3, 1, 2}}});
    } else {
      builder_.input("image", {-1, value.channels, value.height, value.width});
    }
    return value;
  }

  // A convolution with the same rows and columns.
  Tensor convolution(const Tensor& in, int kernels) {
    Tensor out{next("conv"), kernels, in.height, in.width, {}};
    const int size = random_.one_of(4) ? 1 : 3;
    const int both = std::gcd(in.channels, kernels);
    const int groups = random_.one_of(3) ? both : 1;
    const int channels = in.channels / groups;
    const std::vector<double> weights =
        reals(kernels * channels * size * size, 1.5 / std::sqrt(channels * size * size));
    builder_.constant(out.name + ".w", {kernels, channels, size, size}, weights, random_.one_of(2));
    std::vector<OnnxBuilder::Attribute> attributes = {{"group", {groups}, "", false},
                                                      {"kernel_shape", {size, size}}};
    const int pad = size / 2;
    std::string from = in.name;
    if (random_.one_of(3)) {
      attributes.push_back({"auto_pad", {}, random_.one_of(2) ? "SAME_UPPER" : "SAME_LOWER"});
    } else if (random_.one_of(3)) {
      from = next("pad");
      builder_.shape(from + ".p", {0, 0, pad, pad, 0, 0, pad, pad});
      builder_.node("Pad", {in.name, from + ".p"}, from);
    } else {
      attributes.push_back({"pads", {pad, pad, pad, pad}});
    }
    std::vector<double> biases(to_index(kernels), 0.0);
    const int bias = random_.between(0, 2);
    if (bias > 0) biases = reals(kernels, 0.3);
    std::vector<std::string> inputs = {from, out.name + ".w"};
    if (bias == 1) {
      builder_.constant(out.name + ".b", {kernels}, biases);
      inputs.push_back(out.name + ".b");
    }
    builder_.node("Conv", inputs, out.name, attributes);
    const int per_group = kernels / groups;
    for (size_t image = 0; image < in.maps.size(); ++image) {
      std::vector<double>& map = out.maps.emplace_back();
      for (int k = 0; k < kernels; ++k) {
        for (int y = 0; y < in.height; ++y) {
          for (int x = 0; x < in.width; ++x) {
            double sum = biases[to_index(k)];
            for (int c = 0; c < channels; ++c) {
              for (int r = 0; r < size; ++r) {
                for (int q = 0; q < size; ++q) {
                  const int row = y + r - pad;
                  const int column = x + q - pad;
                  if (row < 0 || column < 0 || row >= in.height || column >= in.width) continue;
                  sum += weights[to_index(((k * channels + c) * size + r) * size + q)] *
                         in.at(image, k / per_group * channels + c, row, column);
                }
              }
            }
            map.push_back(sum);
          }
        }
      }
    }
    if (bias == 2) {
      builder_.constant(out.name + ".b", {kernels, 1, 1}, biases);
      const std::string sum = next("bias");
      builder_.node("Add", {out.name, out.name + ".b"}, sum);
      out.name = sum;
    }
    return random_.one_of(2) ? normalised(out) : out;
  }

  Tensor normalised(const Tensor& in) {
    Tensor out = in;
    out.name = next("norm");
    std::vector<double> scale = reals(in.channels, 0.5);
    for (double& number : scale) number = static_cast<float>(number + 1.0);
    const std::vector<double> bias = reals(in.channels, 0.2);
    const std::vector<double> mean = reals(in.channels, 0.2);
    std::vector<double> variance = reals(in.channels, 0.5);
    for (double& number : variance) number = static_cast<float>(number + 1.0);
    const std::vector<std::pair<std::string, const std::vector<double>*>> constants = {
        {".scale", &scale}, {".bias", &bias}, {".mean", &mean}, {".variance", &variance}};
    std::vector<std::string> inputs = {in.name};
    for (const auto& [name, numbers] : constants) {
      inputs.push_back(out.name + name);
      builder_.constant(inputs.back(), {in.channels}, *numbers);
    }
    builder_.node("BatchNormalization", inputs, out.name, {{"epsilon", {}, "", false, 0.001}});
    const size_t pixels = to_index(in.height * in.width);
    for (std::vector<double>& map : out.maps) {
      for (size_t i = 0; i < map.size(); ++i) {
        const size_t c = i / pixels;
        map[i] = (map[i] - mean[c]) / std::sqrt(variance[c] + 0.001) * scale[c] + bias[c];
      }
    }
    return out;
  }

  Tensor relu(const Tensor& in) {
    Tensor out = in;
    out.name = next("relu");
    builder_.node("Relu", {in.name}, out.name);
    for (std::vector<double>& map : out.maps) {
      for (double& value : map) value = std::max(value, 0.0);
    }
    return out;
  }

  Tensor sum(const Tensor& a, const Tensor& b) {
    Tensor out = a;
    out.name = next("add");
    builder_.node("Add", {a.name, b.name}, out.name);
    for (size_t image = 0; image < out.maps.size(); ++image) {
      for (size_t i = 0; i < out.maps[image].size(); ++i) out.maps[image][i] += b.maps[image][i];
    }
    return out;
  }

  // A convolution with its activation, or two around which the map goes on.
  Tensor block(const Tensor& in) {
    Tensor first = relu(convolution(in, random_.between(2, 6)));
    if (random_.one_of(2)) return first;
    const Tensor inner = relu(convolution(first, random_.between(2, 6)));
    if (random_.one_of(3)) {  // the way around has a convolution of its own
      const int kernels = random_.between(2, 6);
      const Tensor around = convolution(first, kernels);
      return relu(sum(convolution(inner, kernels), around));
    }
    const Tensor outer = convolution(inner, first.channels);
    return relu(random_.one_of(2) ? sum(first, outer) : sum(outer, first));
  }

  Tensor pool(const Tensor& in) {
    const bool largest = random_.one_of(2);
    const int size = random_.between(2, 3);
    const int pad = random_.between(0, size - 1);
    const bool counted = !largest && random_.one_of(2);
    const auto positions = [&](int pixels) { return (pixels + 2 * pad - size) / 2 + 1; };
    Tensor out{next("pool"), in.channels, positions(in.height), positions(in.width), {}};
    std::vector<OnnxBuilder::Attribute> attributes = {
        {"kernel_shape", {size, size}}, {"strides", {2, 2}}, {"pads", {pad, pad, pad, pad}}};
    if (counted) attributes.push_back({"count_include_pad", {1}, "", false});
    builder_.node(largest ? "MaxPool" : "AveragePool", {in.name}, out.name, attributes);
    for (size_t image = 0; image < in.maps.size(); ++image) {
      std::vector<double>& map = out.maps.emplace_back();
      for (int c = 0; c < in.channels; ++c) {
        for (int y = 0; y < out.height; ++y) {
          for (int x = 0; x < out.width; ++x) {
            double most = -1e30;
            double total = 0.0;
            int count = 0;
            for (int r = 2 * y - pad; r < 2 * y - pad + size; ++r) {
              for (int q = 2 * x - pad; q < 2 * x - pad + size; ++q) {
                if (r < 0 || q < 0 || r >= in.height || q >= in.width) continue;
                most = std::max(most, in.at(image, c, r, q));
                total += in.at(image, c, r, q);
                ++count;
              }
            }
            map.push_back(largest ? most : total / (counted ? size * size : count));
          }
        }
      }
    }
    return out;
  }

  // One axis, by way of a global mean, of the order row, column, channel, or straight.
  Tensor flat(const Tensor& in) {
    Tensor out = in;
    const int way = random_.between(0, 3);
    if (way == 0) {
      out = {next("mean"), in.channels, 1, 1, {}};
      builder_.node("GlobalAveragePool", {in.name}, out.name);
      for (size_t image = 0; image < in.maps.size(); ++image) {
        std::vector<double>& map = out.maps.emplace_back();
        const size_t pixels = to_index(in.height * in.width);
        for (size_t i = 0; i < in.maps[image].size(); i += pixels) {
          const auto begin = in.maps[image].begin() + static_cast<ptrdiff_t>(i);
          map.push_back(std::accumulate(begin, begin + static_cast<ptrdiff_t>(pixels), 0.0) /
                        static_cast<double>(pixels));
        }
      }
    } else if (way == 1) {
      out.name = next("last");
      builder_.node("Transpose", {in.name}, out.name, {{"perm", {0, 2, 3, 1}}});
      for (size_t image = 0; image < in.maps.size(); ++image) {
        out.maps[image].clear();
        for (int y = 0; y < in.height; ++y) {
          for (int x = 0; x < in.width; ++x) {
            for (int c = 0; c < in.channels; ++c) out.maps[image].push_back(in.at(image, c, y, x));
          }
        }
      }
    }
    const std::string name = next("flat");
    if (way == 2) {
      builder_.shape(name + ".s", {1, -1});
      builder_.node("Reshape", {out.name, name + ".s"}, name);
    } else {
      builder_.node("Flatten", {out.name}, name);
    }
    out.name = name;
    return out;
  }

  Tensor gemm(const Tensor& in, int outputs) {
    Tensor out{next("dense"), outputs, 1, 1, {}};
    const int inputs = in.size();
    const std::vector<double> weights = reals(inputs * outputs, 1.5 / std::sqrt(inputs));
    const std::vector<double> biases = reals(outputs, 0.3);
    const bool turned = random_.one_of(2);
    const std::string matrix = out.name + ".w";
    builder_.constant(out.name + ".b", {outputs}, biases);
    if (turned) {
      builder_.constant(matrix, {outputs, inputs}, weights);
      builder_.node("Gemm", {in.name, matrix, out.name + ".b"}, out.name,
                    {{"transB", {1}, "", false}});
    } else {
      builder_.constant(matrix, {inputs, outputs}, weights);
      const std::string product = next("product");
      builder_.node("MatMul", {in.name, matrix}, product);
      builder_.node("Add", {product, out.name + ".b"}, out.name);
    }
    for (const std::vector<double>& map : in.maps) {
      std::vector<double>& result = out.maps.emplace_back();
      for (int k = 0; k < outputs; ++k) {
        double total = biases[to_index(k)];
        for (int i = 0; i < inputs; ++i) {
          total += map[to_index(i)] * weights[to_index(turned ? k * inputs + i : i * outputs + k)];
        }
        result.push_back(total);
      }
    }
    return out;
  }

  Random random_;
  RandomModel result_;
  OnnxBuilder builder_;
  int names_ = 0;
};

}  // namespace

RandomModel random_model(uint64_t seed, int images) { return Maker(seed, images).make(); }

}  // namespace mcnn::testing
