// SPDX-License-Identifier: Apache-2.0
// mcnn_axi_lite: a random master on five channels, a random slave behind it. Every transaction
// reaches the other side once, in order, with its address and data, and is answered with what that
// side said; nothing changes while it waits.
#include <deque>

#include "VAxiLite.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

constexpr int kAddressBits = 17;
constexpr int kOkay = 0;
constexpr int kSlverr = 2;

struct Write {
  std::uint32_t address;
  std::uint32_t data;
  int strobe;
};

// What the slave side answers: any function of the request.
bool Allowed(std::uint32_t address) { return (address * 0x9E37'79B9U >> 28) < 10; }
std::uint32_t Data(std::uint32_t address) { return address * 0x85EB'CA6BU; }

class AxiLite : public testing::TestWithParam<int> {};  // how often a channel holds back [percent]

TEST_P(AxiLite, EveryTransactionOnceInOrderWithItsAnswer) {
  constexpr int kTransactions = 400;
  const int stall = GetParam();
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Rng rng(seed * 100 + static_cast<std::uint64_t>(stall));
    Bench<VAxiLite> axi(seed);
    axi->s_axil_awvalid_i = 0;
    axi->s_axil_wvalid_i = 0;
    axi->s_axil_arvalid_i = 0;
    axi->s_axil_bready_i = 0;
    axi->s_axil_rready_i = 0;
    axi->rd_valid_i = 0;
    axi->wr_ok_i = 0;
    axi.Reset();
    axi.Limit(200'000);

    std::vector<Write> writes(kTransactions);
    std::vector<std::uint32_t> reads(kTransactions);
    for (auto& w : writes) {
      w = {static_cast<std::uint32_t>(rng.Bits(kAddressBits)),
           static_cast<std::uint32_t>(rng.Bits(32)), rng.Chance(50) ? 15 : rng.Below(16)};
    }
    for (auto& r : reads) r = static_cast<std::uint32_t>(rng.Bits(kAddressBits));

    int aw = 0, w = 0, b = 0, ar = 0, r = 0;  // handshakes so far
    int requested_writes = 0, requested_reads = 0;
    int answer_in = -1;  // clocks until the slave side answers a read
    bool b_waits = false, r_waits = false;
    int waiting_bresp = 0;
    std::uint32_t waiting_rdata = 0;
    while (b < kTransactions || r < kTransactions) {
      // A master keeps valid and payload until ready.
      if (axi->s_axil_awvalid_i == 0 && aw < kTransactions && !rng.Chance(stall)) {
        axi->s_axil_awvalid_i = 1;
        axi->s_axil_awaddr_i = writes[aw].address;
      }
      if (axi->s_axil_wvalid_i == 0 && w < kTransactions && !rng.Chance(stall)) {
        axi->s_axil_wvalid_i = 1;
        axi->s_axil_wdata_i = writes[w].data;
        axi->s_axil_wstrb_i = static_cast<CData>(writes[w].strobe);
      }
      if (axi->s_axil_arvalid_i == 0 && ar < kTransactions && !rng.Chance(stall)) {
        axi->s_axil_arvalid_i = 1;
        axi->s_axil_araddr_i = reads[ar];
      }
      axi->s_axil_bready_i = !rng.Chance(stall);
      axi->s_axil_rready_i = !rng.Chance(stall);
      axi->rd_valid_i = answer_in == 0;
      axi->rd_ok_i = answer_in == 0 ? Allowed(axi->rd_addr_o) : static_cast<int>(rng.Bits(1));
      axi->rd_data_i =
          answer_in == 0 ? Data(axi->rd_addr_o) : static_cast<std::uint32_t>(rng.Bits(32));
      axi.Eval();
      axi->wr_ok_i = axi->wr_valid_o != 0 ? Allowed(axi->wr_addr_o) : static_cast<int>(rng.Bits(1));
      axi.Eval();

      if (answer_in >= 0) --answer_in;
      if (axi->wr_valid_o != 0) {
        ASSERT_LT(requested_writes, std::min(aw, w)) << "a write before its address and data";
        ASSERT_EQ(axi->wr_addr_o, writes[requested_writes].address);
        ASSERT_EQ(axi->wr_data_o, writes[requested_writes].data);
        ASSERT_EQ(axi->wr_whole_o, writes[requested_writes].strobe == 15);
        ++requested_writes;
      }
      if (axi->rd_valid_o != 0) {
        ASSERT_LT(requested_reads, ar);
        ASSERT_EQ(axi->rd_addr_o, reads[requested_reads]);
        ++requested_reads;
        answer_in = rng.Chance(50) ? 0 : rng.Below(4);
      }
      if (b_waits) {
        ASSERT_TRUE(axi->s_axil_bvalid_o != 0) << "BVALID fell before BREADY";
        ASSERT_EQ(axi->s_axil_bresp_o, waiting_bresp);
      }
      if (r_waits) {
        ASSERT_TRUE(axi->s_axil_rvalid_o != 0) << "RVALID fell before RREADY";
        ASSERT_EQ(axi->s_axil_rdata_o, waiting_rdata);
      }
      b_waits = axi->s_axil_bvalid_o != 0 && axi->s_axil_bready_i == 0;
      r_waits = axi->s_axil_rvalid_o != 0 && axi->s_axil_rready_i == 0;
      waiting_bresp = axi->s_axil_bresp_o;
      waiting_rdata = axi->s_axil_rdata_o;
      const bool aw_taken = axi->s_axil_awvalid_i != 0 && axi->s_axil_awready_o != 0;
      const bool w_taken = axi->s_axil_wvalid_i != 0 && axi->s_axil_wready_o != 0;
      const bool ar_taken = axi->s_axil_arvalid_i != 0 && axi->s_axil_arready_o != 0;
      if (axi->s_axil_bvalid_o != 0 && axi->s_axil_bready_i != 0) {
        ASSERT_LT(b, requested_writes) << "an answer before the request";
        ASSERT_EQ(axi->s_axil_bresp_o, Allowed(writes[b].address) ? kOkay : kSlverr);
        ++b;
      }
      if (axi->s_axil_rvalid_o != 0 && axi->s_axil_rready_i != 0) {
        ASSERT_LT(r, requested_reads);
        const bool ok = Allowed(reads[r]);
        ASSERT_EQ(axi->s_axil_rresp_o, ok ? kOkay : kSlverr);
        if (ok) {
          ASSERT_EQ(axi->s_axil_rdata_o, Data(reads[r]));
        }
        ++r;
      }
      axi.Edge();
      if (aw_taken) {
        ++aw;
        axi->s_axil_awvalid_i = 0;
        axi->s_axil_awaddr_i = static_cast<std::uint32_t>(rng.Bits(kAddressBits));
      }
      if (w_taken) {
        ++w;
        axi->s_axil_wvalid_i = 0;
        axi->s_axil_wdata_i = static_cast<std::uint32_t>(rng.Bits(32));
      }
      if (ar_taken) {
        ++ar;
        axi->s_axil_arvalid_i = 0;
        axi->s_axil_araddr_i = static_cast<std::uint32_t>(rng.Bits(kAddressBits));
      }
    }
    EXPECT_EQ(requested_writes, kTransactions);
    EXPECT_EQ(requested_reads, kTransactions);
  }
}

INSTANTIATE_TEST_SUITE_P(Stalls, AxiLite, testing::Values(0, 30, 80));

}  // namespace
}  // namespace mcnn::rtl_test
