// SPDX-License-Identifier: Apache-2.0
#include "host/network/image_files.h"

#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "host_test_util.h"
#include "tests/support/pictures.h"
#include "tests/support/random.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

using Bytes = std::vector<uint8_t>;

std::string string_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

const std::string kIdx = string_of({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4});

class ImageFiles : public ::testing::Test {
 protected:
  ImageFiles() {
    network_.name = "net";
    network_.input = {1, 1, 2};
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    write_file(folder_ / name, bytes);
    return path(name);
  }
  LoadedImages load(const std::string& images, const std::string& labels = "",
                    const ImageFit& fit = {}) const {
    return load_images(images, labels, network_, fit);
  }

  const TemporaryFolder folder_{"mcnn_image_files"};
  Network network_;
};

TEST_F(ImageFiles, OfEveryKind) {
  EXPECT_EQ(load(write("idx.bin", kIdx)).data.images.pixels, (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(load(write("a.png", png_bytes(2, 1, {7, 8}, {}))).data.images.pixels, (Bytes{7, 8}));
  EXPECT_EQ(load(write("a.pgm", "P5 2 1 255 AB")).data.images.pixels, (Bytes{'A', 'B'}));
  network_.input = {3, 32, 32};
  const LoadedImages cifar = load(write("batch.bin", std::string(2 * 3073, 5)));
  EXPECT_EQ(cifar.data.labels, (Bytes{5, 5}));
  EXPECT_EQ(cifar.data.images.count, 2);
  EXPECT_EQ(cifar.label_file, path("batch.bin"));
  expect_error({"a.jpg", "0xffd8ffe0", "IDX, PNG, PGM, PPM or GIF", ".bin"},
               [&] { load(write("a.jpg", "\xff\xd8\xff\xe0")); });
  expect_error({"--labels", "labels", "batch.bin", "its own"},
               [&] { load(path("batch.bin"), write("labels", "1 2")); });
}

TEST_F(ImageFiles, FoldersAreReadInTheOrderOfTheirNames) {
  write("set/b.PNG", png_bytes(2, 1, {3, 4}, {}));
  write("set/a.pgm", "P5 4 1 255 AABB");
  write("set/c.ppm", "P6 2 1 255 aaabbb");
  write("set/labels.txt", "2 0\n1\n");
  EXPECT_EQ(image_files(path("set")).size(), 3U);
  expect_error({"a.pgm", "1 x 1 x 4", "--fit scale"}, [&] { load(path("set")); });
  const LoadedImages loaded = load(path("set"), path("set/labels.txt"), {FitKind::kScale, false});
  EXPECT_EQ(loaded.data.images.count, 3);
  EXPECT_EQ(loaded.data.images.pixels, (Bytes{'A', 'B', 3, 4, 'a', 'b'}));
  EXPECT_EQ(loaded.data.labels, (Bytes{2, 0, 1}));
  EXPECT_EQ(loaded.text(network_.input),
            "colour to grey (0.299 R + 0.587 G + 0.114 B), 1 x 4 scaled to 1 x 2, 1 other file of "
            "the folder left out");
  write("none/readme.txt", "no picture");
  expect_error({"none", "a folder of 1 files without a picture", ".png"},
               [&] { load(path("none")); });
}

TEST_F(ImageFiles, LabelsOfText) {
  const std::string images = write("idx", kIdx);
  EXPECT_EQ(load(images, write("labels", "7\n255\n")).data.labels, (Bytes{7, 255}));
  expect_error({"labels", "label 1", "0..255"}, [&] { load(images, write("labels", "7 256")); });
  expect_error({"labels", "label 0"},
               [&] { load(images, write("labels", "99999999999999999999 1")); });
  expect_error({"labels", "found 1 labels", "2"}, [&] { load(images, write("labels", "7")); });
  expect_error({"labels", "magic"}, [&] { load(images, write("labels", "7, 8")); });
}

// Bytes that change, go, come or are cut off: every file either gives images or an error.
class Mutation {
 public:
  explicit Mutation(uint64_t seed) : random_(seed) {}

  std::string operator()(std::string bytes) {
    for (int changes = random_.between(1, 4); changes > 0 && !bytes.empty(); --changes) {
      const auto at = static_cast<size_t>(random_.between(0, static_cast<int>(bytes.size()) - 1));
      const auto byte = static_cast<char>(random_.between(0, 255));
      switch (random_.between(0, 4)) {
        case 0:
          bytes.resize(at);
          break;
        case 1:
          bytes.insert(at, 1, byte);
          break;
        case 2:
          bytes.erase(at, static_cast<size_t>(random_.between(1, 8)));
          break;
        case 3:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << random_.between(0, 7)));
          break;
        default:
          bytes[at] = byte;
      }
    }
    return bytes;
  }

 private:
  Random random_;
};

// Mutated chunks with a right sum reach what lies behind the check.
std::string with_right_sums(std::string png) {
  for (size_t at = 8; at + 12 <= png.size();) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<uint8_t>(png[at + i]);
    if (length > png.size() - at - 12) break;
    const auto* const chunk = reinterpret_cast<const Bytef*>(png.data() + at + 4);
    const uLong sum = crc32(0, chunk, static_cast<uInt>(length + 4));
    for (size_t i = 0; i < 4; ++i) {
      png[at + 8 + length + i] = static_cast<char>(sum >> (24 - 8 * i) & 0xFF);
    }
    at += 12 + length;
  }
  return png;
}

TEST_F(ImageFiles, MutatedFilesAreErrorsOrImages) {
  constexpr uint64_t kSeed = 12;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  Mutation mutated(kSeed);
  network_.input = {3, 8, 8};
  const PngOptions palette{PNG_COLOR_TYPE_PALETTE, 4, true, Bytes(48, 9), {}};
  const std::vector<std::pair<std::string, std::string>> whole = {
      {"a.png", png_bytes(20, 11, Bytes(20 * 11 * 3, 77), {PNG_COLOR_TYPE_RGB, 8, false, {}, {}})},
      {"b.png", png_bytes(20, 11, Bytes(10 * 11, 0x37), palette)},
      {"c.pgm", "P5 9 8 255\n" + std::string(72, 'x')},
      {"d.ppm", "P3 2 2 9\n1 2 3 4 5 6 7 8 9 1 2 3"},
      {"e", kIdx},
      {"f.bin", std::string(3073, 3)}};
  int errors = 0;
  int images = 0;
  for (const auto& [name, bytes] : whole) {
    ASSERT_EQ(error_of([&, &name = name, &bytes = bytes] {
                load(write(name, bytes), "", {FitKind::kScale, false});
              }),
              "no error");
    for (int i = 0; i < 150; ++i) {
      std::string changed = mutated(bytes);
      if (name.ends_with(".png") && i % 2 == 0) changed = with_right_sums(std::move(changed));
      const std::string file = write(name, changed);
      const std::string error = error_of([&] { load(file, "", {FitKind::kScale, false}); });
      if (error == "no error") {
        ++images;
      } else {
        ++errors;
        EXPECT_EQ(error.find(file + ": "), 0U) << error;
        EXPECT_EQ(error.find('\n'), std::string::npos) << error;
      }
    }
  }
  std::printf("%d mutated files: %d errors, %d images (seed %d)\n", errors + images, errors, images,
              static_cast<int>(kSeed));
  EXPECT_GT(errors, 400);
  EXPECT_GT(images, 20);
}

}  // namespace
}  // namespace mcnn::testing
