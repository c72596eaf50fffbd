// SPDX-License-Identifier: Apache-2.0
// mcnn_tables: what the host writes word by word is what it reads back and what the chip reads as
// whole rows.
#include "VTablesCorner.h"
#include "VTablesMany.h"
#include "VTablesWide.h"
#include "VTablesYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

MCNN_SUITE(Tables, On<Yao2020, VTablesYao2020>, On<Corner, VTablesCorner>, On<Wide, VTablesWide>,
           On<Many, VTablesMany>);

// Fills all tables, then random writes, host reads, and chip reads of all three tables in the same
// clock; a chip's row stays until it asks for another one.
TYPED_TEST(Tables, RowsAndWordsMatchArrays) {
  using C = TypeParam;
  constexpr int kRows[3] = {C::kNumLayers, C::kNumRecords, C::kNumBiasRows};
  constexpr int kWords[3] = {8 + (C::kNumPe + 3) / 4 + (C::kNumPe > 32 ? 1 : 0),
                             2 + (C::kNumPe + 1) / 2, C::kLanes};
  ForSeeds<typename C::Model>(3, [&](Rng& rng, auto& dut) {
    std::vector<std::vector<std::uint32_t>> tables[3];
    auto write = [&](int table, int row, int word) {
      const auto value = static_cast<std::uint32_t>(rng.Bits(32));
      dut->host_we_i = 1;
      dut->host_wr_table_i = static_cast<CData>(table);
      dut->host_wr_row_i = static_cast<SData>(row);
      dut->host_wr_word_i = static_cast<CData>(word);
      dut->host_wdata_i = value;
      // Biases have PsumBits bits and come back sign-extended.
      tables[table][row][word] =
          table == 2 ? static_cast<std::uint32_t>(SignExtend(value, C::kPsumBits)) : value;
    };
    dut->host_re_i = 0;
    dut->layer_re_i = 0;
    dut->record_re_i = 0;
    dut->bias_re_i = 0;
    for (int table = 0; table < 3; ++table) {
      tables[table].assign(kRows[table], std::vector<std::uint32_t>(kWords[table]));
      for (int row = 0; row < kRows[table]; ++row) {
        for (int word = 0; word < kWords[table]; ++word) {
          write(table, row, word);
          dut.Edge();
        }
      }
    }
    std::vector<std::uint32_t> rows[3];  // what the chip read last
    bool host_waits = false;             // the host's word comes two clocks behind the request
    std::uint32_t host_next = 0;
    for (int i = 0; i < 4000; ++i) {
      const bool host = rng.Chance(30);
      const int table = rng.Below(3), row = rng.Below(kRows[table]),
                word = rng.Below(kWords[table]);
      const std::uint32_t host_expected = tables[table][row][word];
      dut->host_re_i = host;
      dut->host_rd_table_i = static_cast<CData>(table);
      dut->host_rd_row_i = static_cast<SData>(row);
      dut->host_rd_word_i = static_cast<CData>(word);
      if (host) rows[table].clear();
      const int layer = rng.Below(kRows[0]), record = rng.Below(kRows[1]),
                bias = rng.Below(kRows[2]);
      dut->layer_re_i = !host && rng.Chance(50);
      dut->layer_addr_i = static_cast<CData>(layer);
      dut->record_re_i = !host && rng.Chance(50);
      dut->record_addr_i = static_cast<CData>(record);
      dut->bias_re_i = !host && rng.Chance(50);
      dut->bias_addr_i = static_cast<CData>(bias);
      if (dut->layer_re_i != 0) rows[0] = tables[0][layer];
      if (dut->record_re_i != 0) rows[1] = tables[1][record];
      if (dut->bias_re_i != 0) rows[2] = tables[2][bias];
      dut->host_we_i = 0;
      if (rng.Chance(50)) {
        const int t = rng.Below(3);
        // Often the row that is read.
        const int r = rng.Chance(30) ? (t == 0   ? layer
                                        : t == 1 ? record
                                                 : bias)
                                     : rng.Below(kRows[t]);
        write(t, r, rng.Below(kWords[t]));
      }
      dut.Edge();
      if (host_waits) {
        ASSERT_EQ(dut->host_rdata_o, host_next) << "clock " << i;
      }
      host_waits = host;
      host_next = host_expected;
      for (std::size_t w = 0; w < rows[0].size(); ++w) {
        ASSERT_EQ(GetBits(dut->layer_o, static_cast<int>(w) * 32, 32), rows[0][w])
            << "layer word " << w;
      }
      for (std::size_t w = 0; w < rows[1].size(); ++w) {
        ASSERT_EQ(GetBits(dut->record_o, static_cast<int>(w) * 32, 32), rows[1][w])
            << "record word " << w;
      }
      for (std::size_t w = 0; w < rows[2].size(); ++w) {
        ASSERT_EQ(SignExtend(GetBits(dut->bias_o, static_cast<int>(w) * C::kPsumBits, C::kPsumBits),
                             C::kPsumBits),
                  static_cast<std::int32_t>(rows[2][w]))
            << "bias word " << w;
      }
    }
  });
}

}  // namespace
}  // namespace mcnn::rtl_test
