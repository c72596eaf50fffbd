// SPDX-License-Identifier: Apache-2.0
// mcnn_ram: one read and one write port, lanes that are read and written separately, latency of one
// clock, old data on a read during a write, data kept without a read.
#include "VRam.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

// As CMakeLists.txt sets them.
constexpr int kLaneBits = 6;
constexpr int kLanes = 3;
constexpr int kDepth = 40;

// Random requests on both ports every clock, every answer compared with an array.
TEST(Ram, MatchesAnArrayOnRandomRequests) {
  ForSeeds<VRam>(4, [&](Rng& rng, auto& ram) {
    std::vector<std::uint32_t> memory(kDepth);
    ram->re_i = 0;
    for (int a = 0; a < kDepth; ++a) {
      memory[a] = static_cast<std::uint32_t>(rng.Bits(kLaneBits * kLanes));
      ram->we_i = static_cast<CData>(Mask(kLanes));
      ram->waddr_i = static_cast<CData>(a);
      ram->wdata_i = memory[a];
      ram.Edge();
    }
    std::uint64_t known = 0;  // lanes that have been read
    std::uint32_t expected = 0;
    for (int i = 0; i < 4000; ++i) {
      // Few addresses, so that reads meet writes.
      const int raddr = rng.Chance(50) ? rng.Below(4) : rng.Below(kDepth);
      const int waddr = rng.Chance(50) ? rng.Below(4) : rng.Below(kDepth);
      const auto lanes = static_cast<CData>(rng.Bits(kLanes));
      const auto data = static_cast<std::uint32_t>(rng.Bits(kLaneBits * kLanes));
      const std::uint64_t read = rng.Chance(40) ? 0 : rng.Bits(kLanes);
      ram->re_i = static_cast<CData>(read);
      ram->raddr_i = static_cast<CData>(raddr);
      ram->we_i = lanes;
      ram->waddr_i = static_cast<CData>(waddr);
      ram->wdata_i = data;
      for (int lane = 0; lane < kLanes; ++lane) {
        if ((read >> lane & 1) == 0) continue;
        SetBits(expected, lane * kLaneBits, kLaneBits, memory[raddr] >> (lane * kLaneBits));
      }
      known |= read;
      for (int lane = 0; lane < kLanes; ++lane) {
        if ((lanes >> lane & 1) == 0) continue;
        SetBits(memory[waddr], lane * kLaneBits, kLaneBits, data >> (lane * kLaneBits));
      }
      ram.Edge();
      for (int lane = 0; lane < kLanes; ++lane) {
        if ((known >> lane & 1) == 0) continue;
        ASSERT_EQ(GetBits(ram->rdata_o, lane * kLaneBits, kLaneBits),
                  GetBits(expected, lane * kLaneBits, kLaneBits))
            << "lane " << lane << ", clock " << i;
      }
    }
  });
}

}  // namespace
}  // namespace mcnn::rtl_test
