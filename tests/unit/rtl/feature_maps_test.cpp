// SPDX-License-Identifier: Apache-2.0
// mcnn_feature_maps: three buffers with rotating roles, every port at once, each answer compared
// with plain arrays.
#include <optional>

#include "VFeatureMapsCorner.h"
#include "VFeatureMapsYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

template <class C>
class FeatureMaps : public testing::Test {
 protected:
  static constexpr int kAddrBits = std::countr_zero(static_cast<unsigned>(C::kBankDepth));

  // [buffer][half][bank][word]
  using Memory = std::vector<int>;
  static std::size_t Index(int buffer, int half, int bank, int word) {
    return static_cast<std::size_t>(((buffer * 2 + half) * C::kRowBanks + bank) * C::kBankDepth +
                                    word);
  }

  void Idle(Bench<typename C::Model>& maps) {
    maps->fetch_re_i = 0;
    maps->pool_re_i = 0;
    maps->pool_we_i = 0;
    maps->load_we_i = 0;
    maps->host_re_i = 0;
  }

  // Fills everything through the load port: the only one that reaches every buffer at any time.
  Memory Fill(Bench<typename C::Model>& maps, Rng& rng) {
    Memory memory(Index(3, 0, 0, 0));
    Idle(maps);
    for (int buffer = 0; buffer < 3; ++buffer) {
      for (int half = 0; half < 2; ++half) {
        for (int bank = 0; bank < C::kRowBanks; ++bank) {
          for (int word = 0; word < C::kBankDepth; ++word) {
            const int value = static_cast<int>(rng.Bits(C::kActBits));
            memory[Index(buffer, half, bank, word)] = value;
            maps->load_we_i = 1;
            maps->load_buffer_i = static_cast<CData>(buffer);
            maps->load_half_i = static_cast<CData>(half);
            maps->load_bank_i = static_cast<CData>(bank);
            maps->load_addr_i = static_cast<CData>(word);
            maps->load_data_i = static_cast<CData>(value);
            maps.Edge();
          }
        }
      }
    }
    maps->load_we_i = 0;
    return memory;
  }

  // The host's view of one word: four banks, the lowest in the low byte.
  static std::uint32_t HostWord(const Memory& memory, int buffer, int half, int group, int word) {
    std::uint32_t value = 0;
    for (int b = 0; b < 4; ++b) {
      value |= static_cast<std::uint32_t>(memory[Index(buffer, half, group * 4 + b, word)])
               << (8 * b);
    }
    return value;
  }
};

using Configurations =
    testing::Types<On<Yao2020, VFeatureMapsYao2020>, On<Corner, VFeatureMapsCorner>>;
TYPED_TEST_SUITE(FeatureMaps, Configurations);

// Fetch, pool read, pool write and load every clock, with roles that change as the sequencer
// changes them (write role one clock after the output role), in between host reads; in the end the
// host reads everything back.
TYPED_TEST(FeatureMaps, AllPortsAtOnceMatchArrays) {
  using C = TypeParam;
  using Fixture = FeatureMaps<C>;
  ForSeeds<typename C::Model>(3, [&](Rng& rng, auto& maps) {
    auto memory = this->Fill(maps, rng);
    int in = 0, out = 1, load = 2, write = 1;
    bool fetch_known = false;
    std::optional<std::uint32_t> host_next;  // the host's data come two clocks behind the request
    std::vector<int> fetch_expected(C::kRowBanks);
    for (int i = 0; i < 4000; ++i) {
      // Roles change as at the end of a layer (in and out) or at an image (in and load).
      if (rng.Chance(5)) {
        std::swap(in, rng.Chance(50) ? out : load);
        fetch_known = false;  // another port may read that buffer now
      }
      maps->in_buffer_i = static_cast<CData>(in);
      maps->out_buffer_i = static_cast<CData>(out);
      maps->write_buffer_i = static_cast<CData>(write);
      maps->load_buffer_i = static_cast<CData>(load);
      // A buffer that was just given to the loader is not written by pool write any more: the
      // sequencer sees to it.
      const bool host = rng.Chance(5);
      const bool fetch = !host && rng.Chance(70);
      const int fetch_half = rng.Below(2);
      const int host_buffer = rng.Below(3), host_half = rng.Below(2);
      const int host_group = rng.Below(C::kRowBanks / 4), host_word = rng.Below(C::kBankDepth);
      const auto pool_re = host ? 0 : rng.Bits(C::kRowBanks);
      const auto pool_we = write == load ? 0 : rng.Bits(2 * C::kRowBanks);
      const bool load_we = rng.Chance(60);
      const int load_half = rng.Below(2), load_bank = rng.Below(C::kRowBanks);
      const int load_word = rng.Below(8), load_value = static_cast<int>(rng.Bits(C::kActBits));
      maps->host_re_i = host;
      maps->host_buffer_i = static_cast<CData>(host_buffer);
      maps->host_half_i = static_cast<CData>(host_half);
      maps->host_group_i = static_cast<CData>(host_group);
      maps->host_addr_i = static_cast<CData>(host_word);
      maps->fetch_re_i = fetch;
      maps->fetch_half_i = static_cast<CData>(fetch_half);
      maps->pool_re_i = static_cast<decltype(+maps->pool_re_i)>(pool_re);
      maps->pool_we_i = static_cast<decltype(+maps->pool_we_i)>(pool_we);
      maps->load_we_i = load_we;
      maps->load_half_i = static_cast<CData>(load_half);
      maps->load_bank_i = static_cast<CData>(load_bank);
      maps->load_addr_i = static_cast<CData>(load_word);
      maps->load_data_i = static_cast<CData>(load_value);
      std::vector<int> pool_expected(2 * C::kRowBanks, -1);
      const std::uint32_t host_expected =
          Fixture::HostWord(memory, host_buffer, host_half, host_group, host_word);
      if (host) fetch_known = false;
      for (int bank = 0; bank < C::kRowBanks; ++bank) {
        // Few words, so that ports meet.
        const int fetch_word = rng.Below(8), read_word = rng.Below(8);
        SetBits(maps->fetch_addr_i, bank * this->kAddrBits, this->kAddrBits, fetch_word);
        SetBits(maps->pool_raddr_i, bank * this->kAddrBits, this->kAddrBits, read_word);
        if (fetch) fetch_expected[bank] = memory[Fixture::Index(in, fetch_half, bank, fetch_word)];
        for (int half = 0; half < 2; ++half) {
          if ((pool_re >> bank & 1) != 0) {
            pool_expected[half * C::kRowBanks + bank] =
                memory[Fixture::Index(out, half, bank, read_word)];
          }
        }
      }
      if (fetch) fetch_known = true;
      for (int bank = 0; bank < C::kRowBanks; ++bank) {
        const int write_word = rng.Below(8);
        SetBits(maps->pool_waddr_i, bank * this->kAddrBits, this->kAddrBits, write_word);
        for (int half = 0; half < 2; ++half) {
          const int lane = half * C::kRowBanks + bank;
          const int value = static_cast<int>(rng.Bits(C::kActBits));
          SetBits(maps->pool_wdata_i, lane * C::kActBits, C::kActBits, value);
          if ((pool_we >> lane & 1) != 0) {
            memory[Fixture::Index(write, half, bank, write_word)] = value;
          }
        }
      }
      if (load_we) memory[Fixture::Index(load, load_half, load_bank, load_word)] = load_value;
      maps.Edge();
      write = out;

      for (int bank = 0; bank < C::kRowBanks; ++bank) {
        if (fetch_known) {
          ASSERT_EQ(static_cast<int>(GetBits(maps->fetch_data_o, bank * C::kActBits, C::kActBits)),
                    fetch_expected[bank])
              << "clock " << i << ", fetch, bank " << bank;
        }
        for (int half = 0; half < 2; ++half) {
          const int lane = half * C::kRowBanks + bank;
          if (pool_expected[lane] < 0) continue;
          ASSERT_EQ(static_cast<int>(GetBits(maps->pool_rdata_o, lane * C::kActBits, C::kActBits)),
                    pool_expected[lane])
              << "clock " << i << ", pool read, half " << half << ", bank " << bank;
        }
      }
      if (host_next.has_value()) {
        ASSERT_EQ(maps->host_data_o, *host_next) << "clock " << i << ", host";
      }
      host_next.reset();
      if (host) host_next = host_expected;
    }
    this->Idle(maps);
    for (int buffer = 0; buffer < 3; ++buffer) {
      for (int half = 0; half < 2; ++half) {
        for (int group = 0; group < C::kRowBanks / 4; ++group) {
          for (int word = 0; word < C::kBankDepth; ++word) {
            maps->host_re_i = 1;
            maps->host_buffer_i = static_cast<CData>(buffer);
            maps->host_half_i = static_cast<CData>(half);
            maps->host_group_i = static_cast<CData>(group);
            maps->host_addr_i = static_cast<CData>(word);
            maps.Edge();
            maps->host_re_i = 0;
            maps.Edge();
            ASSERT_EQ(maps->host_data_o, Fixture::HostWord(memory, buffer, half, group, word))
                << "buffer " << buffer << ", half " << half << ", group " << group << ", word "
                << word;
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace mcnn::rtl_test
