// SPDX-License-Identifier: Apache-2.0
#include "common/text_file.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace mcnn {
namespace {

using testing::TemporaryFolder;
using testing::write_file;

TEST(TextFile, IsReadByteForByte) {
  const TemporaryFolder folder("mcnn_text_file");
  const std::string bytes("a\r\nb\0c\xFF\n", 8);
  write_file(folder / "bytes", bytes);
  EXPECT_EQ(read_text(folder / "bytes"), bytes);
  write_file(folder / "empty", "");
  EXPECT_EQ(read_text(folder / "empty"), "");
}

TEST(TextFile, WhatCannotBeReadIsRefusedWithTheReason) {
  const TemporaryFolder folder("mcnn_text_file");
  EXPECT_EQ(error_of([&] { read_text(folder / "none", "--in"); }),
            "--in: cannot be read: No such file or directory");
  EXPECT_EQ(error_of([&] { read_text(folder.path(), "--in"); }),
            "--in: cannot be read: Is a directory");
}

}  // namespace
}  // namespace mcnn
