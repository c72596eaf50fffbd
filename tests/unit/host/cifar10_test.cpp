// SPDX-License-Identifier: Apache-2.0
#include "host/network/cifar10.h"

#include <string>
#include <vector>

#include "host_test_util.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

std::string record(char label, char red, char green, char blue) {
  return std::string(1, label) + std::string(1024, red) + std::string(1024, green) +
         std::string(1024, blue);
}

class Cifar10 : public ::testing::Test {
 protected:
  std::string write(const std::string& bytes) const {
    write_file(folder_ / "batch.bin", bytes);
    return (folder_ / "batch.bin").string();
  }

  const TemporaryFolder folder_{"mcnn_cifar10"};
};

TEST_F(Cifar10, ImagesAndLabels) {
  const Dataset data = read_cifar10(write(record(7, 1, 2, 3) + record(0, 4, 5, 6)));
  EXPECT_EQ(data.images.count, 2);
  EXPECT_EQ(data.images.channels, 3);
  EXPECT_EQ(data.images.height, 32);
  EXPECT_EQ(data.images.width, 32);
  EXPECT_EQ(data.labels, (std::vector<uint8_t>{7, 0}));
  EXPECT_EQ(data.images.image(0)[0], 1);
  EXPECT_EQ(data.images.image(1)[1023], 4);
  EXPECT_EQ(data.images.image(1)[1024], 5);
  EXPECT_EQ(data.images.image(1)[3071], 6);
}

TEST(Cifar10Subset, IsThatOfTheTree) {
  const Dataset data = read_cifar10(MCNN_DATA_DIR "/cifar10/test800.bin.gz");
  EXPECT_EQ(data.images.count, 800);
  EXPECT_EQ(std::vector<uint8_t>(data.labels.begin(), data.labels.begin() + 8),
            (std::vector<uint8_t>{3, 8, 8, 0, 6, 6, 1, 6}));
}

TEST_F(Cifar10, FilesThatAreNone) {
  expect_error({"batch.bin", "found 0 bytes", "3073"}, [&] { read_cifar10(write("")); });
  expect_error({"batch.bin", "found 6145 bytes", "multiple of 3073"},
               [&] { read_cifar10(write((record(1, 2, 3, 4) + record(1, 2, 3, 4)).substr(1))); });
  expect_error({"batch.bin", "label of image 1", "found 10", "0..9"},
               [&] { read_cifar10(write(record(9, 2, 3, 4) + record(10, 2, 3, 4))); });
  expect_error({"none.bin", "cannot be opened"},
               [&] { read_cifar10((folder_ / "none.bin").string()); });
}

}  // namespace
}  // namespace mcnn::testing
