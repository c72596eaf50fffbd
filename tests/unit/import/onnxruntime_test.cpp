// SPDX-License-Identifier: Apache-2.0
// The importer's networks in floating point against onnxruntime on the same files: random ones, and
// those of ONNX_DIR. onnxruntime is in ONNXRUNTIME_DIR (scripts/onnxruntime.sh).
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/index.h"
#include "host/import/onnx_import.h"
#include "tests/support/random.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/import/random_model.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

class OnnxRuntime : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const named = std::getenv("ONNXRUNTIME_DIR");
    const fs::path folder = named == nullptr ? fs::path(MCNN_ONNXRUNTIME_DIR) : fs::path(named);
    module_ = folder / "node_modules" / "onnxruntime-node";
    if (!fs::exists(module_)) {
      GTEST_SKIP() << "onnxruntime is not in " << folder
                   << "; scripts/onnxruntime.sh puts it there";
    }
    if (std::system("node --version > /dev/null 2>&1") != 0)
      GTEST_SKIP() << "node is not installed";
  }

  struct Model {
    FloatNetwork network;
    ImageSet images;
    std::vector<int64_t> dims;  // as the file has them
    bool probability = false;   // it ends in a softmax, which the importer leaves out
  };

  // A file that is there, with images for it; the importer's Error where it takes none.
  void add(const std::string& name, const ImageSet& images, double scale, double mean) {
    const OnnxModel file = load_onnx((folder_ / (name + ".onnx")).string());
    Model model;
    model.images = images;
    model.network = import_onnx(
        file, {{images.channels, images.height, images.width}, {{scale, -mean * scale}}});
    model.dims = file.inputs.front().dims;
    model.dims.front() = 1;
    model.probability = file.nodes.back().op == "Softmax";
    const bool last = model.dims.size() == 4 && model.dims.back() == images.channels &&
                      model.dims[1] != images.channels;
    std::string input;
    for (int i = 0; i < images.count; ++i) {
      const std::vector<float> values =
          float_image(with_input(model.network, scale, mean, images.channels), images.image(i));
      const size_t area = to_index(images.height * images.width);
      for (size_t p = 0; p < values.size(); ++p) {
        const auto channels = to_index(images.channels);
        const float value = last ? values[p % channels * area + p / channels] : values[p];
        input.append(reinterpret_cast<const char*>(&value), sizeof value);
      }
    }
    write_file(folder_ / (name + ".in"), input);
    write_file(folder_ / (name + ".dims"), fmt::format("{}\n", fmt::join(model.dims, " ")));
    models_[name] = std::move(model);
  }

  void run() const {
    const std::string command = fmt::format("node '{}' '{}' '{}'", MCNN_ONNXRUNTIME_SCRIPT,
                                            module_.string(), folder_.path().string());
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  // Largest difference of an output, relative to the largest output of the file.
  double difference(const std::string& name) const {
    const Model& model = models_.at(name);
    EXPECT_FALSE(fs::exists(folder_ / (name + ".error"))) << read_file(folder_ / (name + ".error"));
    const std::string output = read_file(folder_ / (name + ".out"));
    std::vector<float> theirs(output.size() / sizeof(float));
    std::memcpy(theirs.data(), output.data(), theirs.size() * sizeof(float));
    std::vector<float> ours;
    for (int i = 0; i < model.images.count; ++i) {
      std::vector<float> logits = evaluate(model.network, model.images.image(i));
      if (model.probability) logits = softmax(logits);
      ours.insert(ours.end(), logits.begin(), logits.end());
    }
    EXPECT_EQ(theirs.size(), ours.size()) << name;
    if (theirs.size() != ours.size()) return 1.0;
    double largest = 0.0;
    double most = 0.0;
    for (size_t i = 0; i < ours.size(); ++i) {
      EXPECT_TRUE(std::isfinite(theirs[i]) && std::isfinite(ours[i])) << name;
      largest = std::max(largest, std::abs(double{theirs[i]}));
      most = std::max(most, std::abs(double{theirs[i]} - double{ours[i]}));
    }
    return most / largest;
  }

  TemporaryFolder folder_{"mcnn_onnxruntime"};

 private:
  // What the file itself takes, before it changes the channels of its input.
  static FloatNetwork with_input(FloatNetwork network, double scale, double mean, int channels) {
    network.input.assign(to_index(channels), {scale, -mean * scale});
    return network;
  }
  static std::vector<float> softmax(const std::vector<float>& logits) {
    const float largest = std::ranges::max(logits);
    std::vector<float> all;
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(double{logit} - largest);
    for (const float logit : logits) {
      all.push_back(static_cast<float>(std::exp(double{logit} - largest) / sum));
    }
    return all;
  }

  fs::path module_;
  std::map<std::string, Model> models_;
};

TEST_F(OnnxRuntime, RandomFilesGiveTheSame) {
  constexpr uint64_t kSeeds = 60;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const RandomModel model = random_model(seed, 3);
    const std::string name = fmt::format("random{}", seed);
    write_file(folder_ / (name + ".onnx"), model.bytes);
    add(name, model.images, model.scale, model.mean);
  }
  run();
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    EXPECT_LT(difference(fmt::format("random{}", seed)), 1e-4);
  }
}

// Those that the importer refuses are left out: another test holds the refusals.
TEST_F(OnnxRuntime, FilesOfOthersGiveTheSame) {
  const char* const folder = std::getenv("ONNX_DIR");
  if (folder == nullptr) GTEST_SKIP() << "ONNX_DIR names no folder with ONNX files";
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    const std::string name = entry.path().stem().string();
    write_file(folder_ / (name + ".onnx"), read_file(entry.path()));
    const std::vector<int64_t> dims = load_onnx(entry.path().string()).inputs.front().dims;
    std::vector<MapShape> shapes;
    const auto size = [&](size_t axis) { return static_cast<int>(dims[axis]); };
    if (dims.size() == 4) {
      shapes = {{size(1), size(2), size(3)}, {size(3), size(1), size(2)}};
    } else if (dims.size() == 3) {
      shapes = {{size(1), 1, size(2)}, {1, size(1), size(2)}, {1, 1, size(1) * size(2)}};
    } else {
      shapes = {{1, 1, size(dims.size() - 1)}};
    }
    for (const MapShape& shape : shapes) {
      ImageSet images;
      images.count = 5;
      images.channels = shape.channels;
      images.height = shape.height;
      images.width = shape.width;
      Random random(1);
      for (size_t i = 0; i < 5 * images.image_size(); ++i) {
        images.pixels.push_back(static_cast<uint8_t>(random.between(0, 255)));
      }
      try {
        add(name, images, 1.0 / 255.0, 0.0);
        names.push_back(name);
        break;
      } catch (const Error& error) {
        std::printf("%s\n", error.what());
      }
    }
    if (std::ranges::count(names, name) == 0) fs::remove(folder_ / (name + ".onnx"));
  }
  run();
  for (const std::string& name : names) {
    if (fs::exists(folder_ / (name + ".error"))) {
      std::printf("%s: onnxruntime: %s\n", name.c_str(),
                  read_file(folder_ / (name + ".error")).c_str());
      continue;
    }
    const double found = difference(name);
    EXPECT_LT(found, 1e-4) << name;
    std::printf("%s: differs by %.1e of the largest output\n", name.c_str(), found);
  }
}

}  // namespace
}  // namespace mcnn::testing
