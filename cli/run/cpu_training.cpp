// SPDX-License-Identifier: Apache-2.0
#include "cli/run/cpu_training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <vector>

namespace mcnn::cli {
namespace {

constexpr double kRate = 0.05;
constexpr int kMostIterations = 1000;
constexpr double kMeasured_s = 0.5;

// Microjoules that the packages of the machine have taken, by powercap; none where nobody may read.
std::optional<double> package_uJ() {
  double sum = 0.0;
  bool found = false;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/sys/class/powercap", error), end;
       !error && at != end; at.increment(error)) {
    // Packages are intel-rapl:0, ...; parts of them have a second colon.
    const std::string name = at->path().filename().string();
    if (!name.starts_with("intel-rapl:") || name.find(':') != name.rfind(':')) continue;
    std::ifstream file(at->path() / "energy_uj");
    double value = 0.0;
    if (file >> value) {
      sum += value;
      found = true;
    }
  }
  return found ? std::optional(sum) : std::nullopt;
}

class Perceptron {
 public:
  Perceptron(const Dataset& training, int classes, std::uint64_t seed)
      : training_(training), classes_(static_cast<std::size_t>(classes)) {
    std::mt19937_64 random(seed);
    weights_.resize(classes_ * inputs());
    for (float& weight : weights_) {
      weight = (static_cast<float>(random() >> 40) * 0x1p-24F - 0.5F) * 0.05F;
    }
    for (const std::uint8_t pixel : training.images.pixels) {
      pixels_.push_back(static_cast<float>(pixel) / 255.0F);
    }
  }

  std::size_t inputs() const { return training_.images.image_size(); }

  template <typename Pixel>
  std::vector<float> outputs(std::span<const Pixel> image, float scale) const {
    std::vector<float> sums(classes_, 0.0F);
    for (std::size_t k = 0; k < classes_; ++k) {
      float sum = 0.0F;
      for (std::size_t i = 0; i < image.size(); ++i) {
        sum += weights_[(k * inputs()) + i] * static_cast<float>(image[i]);
      }
      sums[k] = sum * scale;
    }
    return sums;
  }

  // One iteration; images that were wrong in it.
  int iterate() {
    int wrong = 0;
    std::vector<float> updates(weights_.size(), 0.0F);
    for (std::size_t n = 0; n < training_.labels.size(); ++n) {
      const std::span<const float> x = std::span(pixels_).subspan(n * inputs(), inputs());
      std::vector<float> p = outputs(x, 1.0F);
      const auto largest = std::max_element(p.begin(), p.end());
      wrong += largest - p.begin() != training_.labels[n] ? 1 : 0;
      const float top = *largest;
      float sum = 0.0F;
      for (float& value : p) sum += value = std::exp(value - top);
      for (std::size_t k = 0; k < classes_; ++k) {
        const float error = (k == training_.labels[n] ? 1.0F : 0.0F) - (p[k] / sum);
        for (std::size_t i = 0; i < x.size(); ++i) updates[(k * inputs()) + i] += error * x[i];
      }
    }
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      weights_[i] += static_cast<float>(kRate) * updates[i];
    }
    return wrong;
  }

  int errors(const Dataset& data) const {
    int wrong = 0;
    for (int n = 0; n < data.images.count; ++n) {
      const std::vector<float> sums = outputs(data.images.image(n), 1.0F / 255.0F);
      wrong += std::max_element(sums.begin(), sums.end()) - sums.begin() !=
                       data.labels[static_cast<std::size_t>(n)]
                   ? 1
                   : 0;
    }
    return wrong;
  }

 private:
  const Dataset& training_;
  std::size_t classes_;
  std::vector<float> weights_;  // [class][input]
  std::vector<float> pixels_;   // 0..1
};

}  // namespace

CpuTraining train_on_cpu(const Dataset& training, const Dataset& test, int classes,
                         std::uint64_t seed) {
  CpuTraining result;
  Perceptron trained(training, classes, seed);
  while (result.iterations < kMostIterations && trained.errors(training) > 0) {
    trained.iterate();
    ++result.iterations;
  }
  result.test_errors = trained.errors(test);

  Perceptron measured(training, classes, seed);
  const std::optional<double> energy = package_uJ();
  const auto start = std::chrono::steady_clock::now();
  double elapsed = 0.0;
  std::int64_t iterations = 0;
  while (elapsed < kMeasured_s) {
    for (int i = 0; i < 100; ++i) measured.iterate();
    iterations += 100;
    elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  result.iteration_s = elapsed / static_cast<double>(iterations);
  const std::optional<double> after = package_uJ();
  if (energy && after && *after > *energy) result.package_W = (*after - *energy) * 1e-6 / elapsed;
  return result;
}

}  // namespace mcnn::cli
