// SPDX-License-Identifier: Apache-2.0
#include "host/network/idx.h"

#include <zlib.h>

#include <string>
#include <vector>

#include "host_test_util.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

using Bytes = std::vector<uint8_t>;

const Bytes kImages = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                       0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
const Bytes kLabels = {0, 0, 8, 1, 0, 0, 0, 2, 7, 9};

class Idx : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const Bytes& bytes) const {
    write_file(folder_ / name, {bytes.begin(), bytes.end()});
    return (folder_ / name).string();
  }
  std::string write_gzip(const std::string& name, const Bytes& bytes) const {
    std::string path = (folder_ / name).string();
    const gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    return path;
  }

  const TemporaryFolder folder_{"mcnn_idx"};
};

TEST_F(Idx, ReadsPlainAndGzip) {
  for (const std::string& path : {write("plain", kImages), write_gzip("packed.gz", kImages)}) {
    const ImageSet images = read_idx_images(path);
    EXPECT_EQ(images.count, 2);
    EXPECT_EQ(images.height, 2);
    EXPECT_EQ(images.width, 3);
    EXPECT_EQ(images.image(1)[0], 7);
    EXPECT_EQ(images.image(1).size(), 6u);
  }
  EXPECT_EQ(read_idx_labels(write_gzip("labels.gz", kLabels)), (Bytes{7, 9}));
  EXPECT_EQ(read_dataset(write("i", kImages), write("l", kLabels)).labels.size(), 2u);
}

TEST_F(Idx, ReadsSeveralChannels) {
  const Bytes bytes = {0, 0, 8, 4, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0,  0,  1,
                       0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const ImageSet images = read_idx_images(write("colour", bytes));
  EXPECT_EQ(images.count, 2);
  EXPECT_EQ(images.channels, 3);
  EXPECT_EQ(images.height, 1);
  EXPECT_EQ(images.width, 2);
  const std::span<const uint8_t> second = images.image(1);
  EXPECT_EQ(Bytes(second.begin(), second.end()), (Bytes{7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(read_idx_images(write("plain", kImages)).channels, 1);
  expect_parts(error_of([&] { read_idx_labels(write("colour", bytes)); }), "colour", "0x00000804",
               "images", "0x00000801");
  Bytes none = bytes;
  none[11] = 0;
  expect_parts(error_of([&] { read_idx_images(write("none", none)); }), "none", "dimension 1",
               "found 0", "1..65535");
  Bytes shorter = bytes;
  shorter.pop_back();
  expect_parts(error_of([&] { read_idx_images(write("short", shorter)); }), "short", "truncated",
               "found 31", "32");
  shorter.resize(18);
  expect_parts(error_of([&] { read_idx_images(write("short", shorter)); }), "short", "truncated",
               "a header of 20");
}

TEST_F(Idx, ImagesAndLabelsExchanged) {
  const std::string labels = write("labels", kLabels);
  expect_parts(error_of([&] { read_idx_images(labels); }), labels, "0x00000801", "labels",
               "0x00000803", "images");
  const std::string images = write("images", kImages);
  expect_parts(error_of([&] { read_idx_labels(images); }), images, "0x00000803", "0x00000801");
}

TEST_F(Idx, NotIdx) {
  Bytes bytes = kImages;
  bytes[2] = 13;  // floats
  expect_parts(error_of([&] { read_idx_images(write("floats", bytes)); }), "floats", "0x00000d03",
               "not an IDX file");
  expect_parts(error_of([&] { read_idx_images(write("empty", {})); }), "empty", "found 0 bytes");
  expect_parts(error_of([&] { read_idx_images((folder_ / "missing").string()); }), "missing",
               "cannot be opened");
}

TEST_F(Idx, TruncatedAtEveryByte) {
  for (size_t size = 0; size < kImages.size(); ++size) {
    const std::string path =
        write("short", Bytes(kImages.begin(), kImages.begin() + static_cast<ptrdiff_t>(size)));
    const std::string error = error_of([&] { read_idx_images(path); });
    expect_parts(error, "short", std::to_string(size));
  }
}

TEST_F(Idx, TruncatedGzip) {
  Bytes noise(4000);
  for (size_t i = 0; i < noise.size(); ++i) {
    noise[i] = static_cast<uint8_t>(i * i * 2654435761u >> 7);
  }
  Bytes labels = {0, 0, 8, 1, 0, 0, 15, 160};
  labels.insert(labels.end(), noise.begin(), noise.end());
  const std::string path = write_gzip("labels.gz", labels);
  EXPECT_EQ(read_idx_labels(path), noise);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  expect_parts(error_of([&] { read_idx_labels(path); }), "labels.gz", "cannot be read");
}

TEST_F(Idx, TrailingBytes) {
  Bytes bytes = kLabels;
  bytes.push_back(1);
  expect_parts(error_of([&] { read_idx_labels(write("long", bytes)); }), "long", "trailing bytes",
               "found 1");
}

TEST_F(Idx, CountMismatch) {
  Bytes labels = kLabels;
  labels[7] = 3;
  labels.push_back(1);
  expect_parts(error_of([&] { read_dataset(write("images", kImages), write("labels", labels)); }),
               "labels", "found 3 labels", "2", "images");
}

TEST_F(Idx, SizesThatNoFileHas) {
  Bytes bytes = kImages;
  bytes[8] = 0xFF;
  expect_parts(error_of([&] { read_idx_images(write("huge", bytes)); }), "dimension 1", "65535");
}

}  // namespace
}  // namespace mcnn::testing
