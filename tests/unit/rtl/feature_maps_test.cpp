// SPDX-License-Identifier: Apache-2.0
// mcnn_feature_maps: buffers with rotating roles, loads of several rows, every port at once, each
// answer compared with plain arrays.
#include <optional>

#include "VFeatureMapsCorner.h"
#include "VFeatureMapsWide.h"
#include "VFeatureMapsYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

template <class C>
class FeatureMaps : public testing::Test {
 protected:
  static constexpr int kAddrBits = std::countr_zero(static_cast<unsigned>(C::kBankDepth));

  // [buffer][lane][bank][word]
  using Memory = std::vector<int>;
  static std::size_t Index(int buffer, int lane, int bank, int word) {
    return static_cast<std::size_t>(
        ((buffer * C::kLanes + lane) * C::kRowBanks + bank) * C::kBankDepth + word);
  }

  void Idle(Bench<typename C::Model>& maps) {
    Clear(maps->fetch_re_i, C::kRowBanks * C::kLanes);
    maps->pool_re_i = 0;
    Clear(maps->pool_we_i, C::kRowBanks * C::kLanes);
    maps->load_we_i = 0;
    maps->host_re_i = 0;
  }

  // Fills everything through the load port: the only one that reaches every buffer at any time.
  Memory Fill(Bench<typename C::Model>& maps, Rng& rng) {
    Memory memory(Index(C::kNumBuffers, 0, 0, 0));
    Idle(maps);
    for (int buffer = 0; buffer < C::kNumBuffers; ++buffer) {
      for (int lane = 0; lane < C::kLanes; ++lane) {
        for (int bank = 0; bank < C::kRowBanks; bank += C::kLoadRows) {
          for (int word = 0; word < C::kBankDepth; ++word) {
            for (int row = 0; row < C::kLoadRows; ++row) {
              const int value = static_cast<int>(rng.Bits(C::kActBits));
              memory[Index(buffer, lane, bank + row, word)] = value;
              SetBits(maps->load_data_i, row * C::kActBits, C::kActBits,
                      static_cast<std::uint64_t>(value));
            }
            SetBits(maps->load_we_i, 0, C::kLoadRows, Mask(C::kLoadRows));
            maps->load_buffer_i = static_cast<CData>(buffer);
            maps->load_lane_i = static_cast<CData>(lane);
            maps->load_bank_i = static_cast<CData>(bank);
            maps->load_addr_i = static_cast<CData>(word);
            maps.Edge();
          }
        }
      }
    }
    maps->load_we_i = 0;
    return memory;
  }

  // The host's view of one word: four banks, the lowest in the low byte.
  static std::uint32_t HostWord(const Memory& memory, int buffer, int lane, int group, int word) {
    std::uint32_t value = 0;
    for (int b = 0; b < 4; ++b) {
      value |= static_cast<std::uint32_t>(memory[Index(buffer, lane, group * 4 + b, word)])
               << (8 * b);
    }
    return value;
  }
};

using Configurations = testing::Types<On<Yao2020, VFeatureMapsYao2020>,
                                      On<Corner, VFeatureMapsCorner>, On<Wide, VFeatureMapsWide>>;
TYPED_TEST_SUITE(FeatureMaps, Configurations);

// Fetch, pool read, pool write and load every clock, with roles that change as the sequencer
// changes them (write role one clock after the output role), in between host reads; in the end the
// host reads everything back.
TYPED_TEST(FeatureMaps, AllPortsAtOnceMatchArrays) {
  using C = TypeParam;
  using Fixture = FeatureMaps<C>;
  ForSeeds<typename C::Model>(3, [&](Rng& rng, auto& maps) {
    auto memory = this->Fill(maps, rng);
    int in = 0, out = 1, load = 2, rest = 3, write = 1;
    std::vector<bool> fetch_known(C::kRowBanks * C::kLanes);
    std::optional<std::uint32_t> host_next;  // the host's data come two clocks behind the request
    std::vector<int> fetch_expected(C::kRowBanks * C::kLanes);
    for (int i = 0; i < 4000; ++i) {
      // Roles change as at the end of a layer (in and out) or at an image (in and load).
      if (rng.Chance(5)) {
        int& other = rng.Chance(50) ? out : load;
        if (C::kNumBuffers > 3 && rng.Chance(40)) {
          std::swap(other, rest);
        } else {
          std::swap(in, other);
        }
        fetch_known.assign(fetch_known.size(), false);  // another port may read that buffer now
      }
      maps->in_buffer_i = static_cast<CData>(in);
      maps->out_buffer_i = static_cast<CData>(out);
      maps->write_buffer_i = static_cast<CData>(write);
      maps->load_buffer_i = static_cast<CData>(load);
      // A buffer that was just given to the loader is not written by pool write any more: the
      // sequencer sees to it.
      const bool host = rng.Chance(5);
      const bool fetch = !host && rng.Chance(70);
      const int host_buffer = rng.Below(C::kNumBuffers), host_lane = rng.Below(C::kLanes);
      const int host_group = rng.Below(C::kRowBanks / 4), host_word = rng.Below(C::kBankDepth);
      const auto pool_re = host ? 0 : rng.Bits(C::kRowBanks);
      // The rows of a beat, all or some of them.
      const std::uint64_t load_we = !rng.Chance(60)  ? 0
                                    : rng.Chance(50) ? Mask(C::kLoadRows)
                                                     : rng.Bits(C::kLoadRows);
      const int load_lane = rng.Below(C::kLanes), load_word = rng.Below(8);
      const int load_bank = rng.Below(C::kRowBanks / C::kLoadRows) * C::kLoadRows;
      const std::uint64_t load_data = rng.Bits(C::kLoadRows * C::kActBits);
      maps->host_re_i = host;
      maps->host_buffer_i = static_cast<CData>(host_buffer);
      maps->host_lane_i = static_cast<CData>(host_lane);
      maps->host_group_i = static_cast<CData>(host_group);
      maps->host_addr_i = static_cast<CData>(host_word);
      maps->pool_re_i = static_cast<decltype(+maps->pool_re_i)>(pool_re);
      SetBits(maps->load_we_i, 0, C::kLoadRows, load_we);
      maps->load_lane_i = static_cast<CData>(load_lane);
      maps->load_bank_i = static_cast<CData>(load_bank);
      maps->load_addr_i = static_cast<CData>(load_word);
      SetBits(maps->load_data_i, 0, C::kLoadRows * C::kActBits, load_data);
      std::vector<int> pool_expected(C::kRowBanks * C::kLanes, -1);
      const std::uint32_t host_expected =
          Fixture::HostWord(memory, host_buffer, host_lane, host_group, host_word);
      if (host) fetch_known.assign(fetch_known.size(), false);
      for (int bank = 0; bank < C::kRowBanks; ++bank) {
        // Few words, so that ports meet.
        const int fetch_word = rng.Below(8), read_word = rng.Below(8);
        SetBits(maps->fetch_addr_i, bank * this->kAddrBits, this->kAddrBits, fetch_word);
        SetBits(maps->pool_raddr_i, bank * this->kAddrBits, this->kAddrBits, read_word);
        for (int lane = 0; lane < C::kLanes; ++lane) {
          const int at = bank * C::kLanes + lane;
          const bool read = fetch && rng.Chance(80);
          SetBits(maps->fetch_re_i, at, 1, read ? 1 : 0);
          if (read) {
            fetch_expected[at] = memory[Fixture::Index(in, lane, bank, fetch_word)];
            fetch_known[at] = true;
          }
          if ((pool_re >> bank & 1) != 0)
            pool_expected[at] = memory[Fixture::Index(out, lane, bank, read_word)];
        }
      }
      for (int bank = 0; bank < C::kRowBanks; ++bank) {
        const int write_word = rng.Below(8);
        SetBits(maps->pool_waddr_i, bank * this->kAddrBits, this->kAddrBits, write_word);
        for (int lane = 0; lane < C::kLanes; ++lane) {
          const int at = bank * C::kLanes + lane;
          const int value = static_cast<int>(rng.Bits(C::kActBits));
          const bool we = write != load && rng.Chance(50);
          SetBits(maps->pool_we_i, at, 1, we ? 1 : 0);
          SetBits(maps->pool_wdata_i, at * C::kActBits, C::kActBits, value);
          if (we) memory[Fixture::Index(write, lane, bank, write_word)] = value;
        }
      }
      for (int row = 0; row < C::kLoadRows; ++row) {
        if ((load_we >> row & 1) == 0) continue;
        memory[Fixture::Index(load, load_lane, load_bank + row, load_word)] =
            static_cast<int>(GetBits(load_data, row * C::kActBits, C::kActBits));
      }
      maps.Edge();
      write = out;

      for (int bank = 0; bank < C::kRowBanks; ++bank) {
        for (int lane = 0; lane < C::kLanes; ++lane) {
          const int at = bank * C::kLanes + lane;
          if (fetch_known[at]) {
            ASSERT_EQ(static_cast<int>(GetBits(maps->fetch_data_o, at * C::kActBits, C::kActBits)),
                      fetch_expected[at])
                << "clock " << i << ", fetch, bank " << bank << ", lane " << lane;
          }
          if (pool_expected[at] < 0) continue;
          ASSERT_EQ(static_cast<int>(GetBits(maps->pool_rdata_o, at * C::kActBits, C::kActBits)),
                    pool_expected[at])
              << "clock " << i << ", pool read, lane " << lane << ", bank " << bank;
        }
      }
      if (host_next.has_value()) {
        ASSERT_EQ(maps->host_data_o, *host_next) << "clock " << i << ", host";
      }
      host_next.reset();
      if (host) host_next = host_expected;
    }
    this->Idle(maps);
    for (int buffer = 0; buffer < C::kNumBuffers; ++buffer) {
      for (int lane = 0; lane < C::kLanes; ++lane) {
        for (int group = 0; group < C::kRowBanks / 4; ++group) {
          for (int word = 0; word < C::kBankDepth; ++word) {
            maps->host_re_i = 1;
            maps->host_buffer_i = static_cast<CData>(buffer);
            maps->host_lane_i = static_cast<CData>(lane);
            maps->host_group_i = static_cast<CData>(group);
            maps->host_addr_i = static_cast<CData>(word);
            maps.Edge();
            maps->host_re_i = 0;
            maps.Edge();
            ASSERT_EQ(maps->host_data_o, Fixture::HostWord(memory, buffer, lane, group, word))
                << "buffer " << buffer << ", lane " << lane << ", group " << group << ", word "
                << word;
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace mcnn::rtl_test
