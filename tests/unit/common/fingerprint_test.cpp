// SPDX-License-Identifier: Apache-2.0
#include "common/fingerprint.h"

#include <gtest/gtest.h>

namespace mcnn {
namespace {

TEST(Fingerprint, IsFnv1a) {
  EXPECT_EQ(fingerprint(""), 0xCBF29CE484222325U);
  EXPECT_EQ(fingerprint("a"), 0xAF63DC4C8601EC8CU);
  EXPECT_EQ(fingerprint("foobar"), 0x85944171F73967E8U);
}

// Not that of the file, which takes as long as the file is large; the same each time.
TEST(Fingerprint, OfTheProgramIsThatOfItsBuildId) {
  EXPECT_EQ(program_fingerprint(), program_fingerprint());
  EXPECT_NE(program_fingerprint(), fingerprint(""));
  EXPECT_NE(program_fingerprint(), file_fingerprint("/proc/self/exe"));
}

}  // namespace
}  // namespace mcnn
