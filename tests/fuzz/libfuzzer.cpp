// SPDX-License-Identifier: Apache-2.0
// One target as libFuzzer calls it: MCNN_FUZZ_TARGET.
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mcnn::fuzz::MCNN_FUZZ_TARGET({data, size});
  return 0;
}
