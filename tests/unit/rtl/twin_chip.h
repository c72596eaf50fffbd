// SPDX-License-Identifier: Apache-2.0
// A chip three times, with the same inputs: registers without a reset and memories begin with
// random contents, with zeros and with ones, and the three leave their reset in different phases of
// the clock. All outputs are the same at every clock, as far as they mean something then: nothing
// that was not reset or written reaches them.
#pragma once

#include <cstdint>

#include "bench.h"

namespace mcnn::rtl_test {

template <class C>
class TwinChip : public Bench<typename C::Model> {
 public:
  using Base = Bench<typename C::Model>;

  explicit TwinChip(std::uint64_t seed)
      : Base(seed), zeros_(seed, Base::Fill::kZeros), ones_(seed, Base::Fill::kOnes) {}

  void Reset() {
    CopyInputs();
    Base::Reset();
    for (auto* const twin : {&zeros_, &ones_}) {
      typename C::Model& model = *twin->operator->();
      const auto set = [&model](int clock, int reset) {
        model.clk_i = static_cast<CData>(clock);
        model.rst_ni = static_cast<CData>(reset);
        model.eval();
      };
      const bool early = twin == &zeros_;  // in the high half of the clock before
      set(0, 1);
      set(0, 0);
      set(1, 0);
      set(0, 0);
      set(1, 0);
      set(1, early ? 1 : 0);
      set(0, early ? 1 : 0);
      set(0, 1);
    }
    is_reset_ = true;
  }

  void Edge() {
    CopyInputs();
    Base::Eval();
    zeros_.Eval();
    ones_.Eval();
    if (is_reset_ && !testing::Test::HasFailure()) Compare();
    Base::Edge();
    zeros_.Edge();
    ones_.Edge();
  }

  void Limit(int clocks) {
    Base::Limit(clocks);
    zeros_.Limit(clocks);
    ones_.Limit(clocks);
  }

 private:
  static constexpr int kSlBits = std::bit_width(static_cast<unsigned>(C::kNumSl) - 1U);
  static constexpr int kCountBits = std::bit_width(static_cast<unsigned>(C::kNumAdc));
  static constexpr int kBitLines = 16;
  static constexpr int kAmplitudeBits = 6;
  // Beyond it addresses are those of tables and maps, which a host may read before it writes them.
  static constexpr std::uint32_t kMemories = 0x1000;

  void CopyInputs() {
    typename C::Model& from = *Base::operator->();
    for (auto* const twin : {&zeros_, &ones_}) {
      typename C::Model& to = *twin->operator->();
      to.rst_ni = from.rst_ni;
      to.s_axil_awaddr_i = from.s_axil_awaddr_i;
      to.s_axil_awvalid_i = from.s_axil_awvalid_i;
      to.s_axil_wdata_i = from.s_axil_wdata_i;
      to.s_axil_wstrb_i = from.s_axil_wstrb_i;
      to.s_axil_wvalid_i = from.s_axil_wvalid_i;
      to.s_axil_bready_i = from.s_axil_bready_i;
      to.s_axil_araddr_i = from.s_axil_araddr_i;
      to.s_axil_arvalid_i = from.s_axil_arvalid_i;
      to.s_axil_rready_i = from.s_axil_rready_i;
      to.s_axis_tdata_i = from.s_axis_tdata_i;
      to.s_axis_tvalid_i = from.s_axis_tvalid_i;
      to.s_axis_tlast_i = from.s_axis_tlast_i;
      to.m_axis_tready_i = from.m_axis_tready_i;
      to.macro_code_i = from.macro_code_i;
    }
    if (from.s_axil_arvalid_i != 0) read_address_ = from.s_axil_araddr_i;
  }

  void Compare() {
    const typename C::Model& chip = *Base::operator->();
    for (auto* const twin : {&zeros_, &ones_}) {
      const typename C::Model& other = *twin->operator->();
      const auto same = [&](const char* name, auto a, auto b) {
        EXPECT_EQ(+a, +b) << name
                          << " of the chip that began with random contents and of the one with "
                          << (twin == &zeros_ ? "zeros" : "ones") << ", clock " << Base::clocks();
      };
      same("s_axil_awready_o", chip.s_axil_awready_o, other.s_axil_awready_o);
      same("s_axil_wready_o", chip.s_axil_wready_o, other.s_axil_wready_o);
      same("s_axil_bvalid_o", chip.s_axil_bvalid_o, other.s_axil_bvalid_o);
      if (chip.s_axil_bvalid_o != 0) {
        same("s_axil_bresp_o", chip.s_axil_bresp_o, other.s_axil_bresp_o);
      }
      same("s_axil_arready_o", chip.s_axil_arready_o, other.s_axil_arready_o);
      same("s_axil_rvalid_o", chip.s_axil_rvalid_o, other.s_axil_rvalid_o);
      if (chip.s_axil_rvalid_o != 0) {
        same("s_axil_rresp_o", chip.s_axil_rresp_o, other.s_axil_rresp_o);
        if (read_address_ < kMemories) {
          same("s_axil_rdata_o", chip.s_axil_rdata_o, other.s_axil_rdata_o);
        }
      }
      same("s_axis_tready_o", chip.s_axis_tready_o, other.s_axis_tready_o);
      same("m_axis_tvalid_o", chip.m_axis_tvalid_o, other.m_axis_tvalid_o);
      if (chip.m_axis_tvalid_o != 0) {
        same("m_axis_tdata_o", chip.m_axis_tdata_o, other.m_axis_tdata_o);
        same("m_axis_tlast_o", chip.m_axis_tlast_o, other.m_axis_tlast_o);
      }
      same("irq_o", chip.irq_o, other.irq_o);
      same("frame_start_o", chip.frame_start_o, other.frame_start_o);
      same("program_start_o", chip.program_start_o, other.program_start_o);
      same("macro_read_o", chip.macro_read_o, other.macro_read_o);
      same("macro_program_o", chip.macro_program_o, other.macro_program_o);
      for (int pe = 0; pe < C::kNumPe; ++pe) {
        const auto field = [&](const char* name, const auto& a, const auto& b, int width) {
          same(name, GetBits(a, pe * width, width), GetBits(b, pe * width, width));
        };
        const bool reads = GetBits(chip.macro_read_o, pe, 1) != 0;
        const bool programs = GetBits(chip.macro_program_o, pe, 1) != 0;
        if (reads || programs) {
          field("macro_pulse_o", chip.macro_pulse_o, other.macro_pulse_o, kBitLines);
          field("macro_line_o", chip.macro_line_o, other.macro_line_o, kSlBits);
        }
        if (reads) {
          same("layer_o", chip.layer_o, other.layer_o);
          field("macro_count_o", chip.macro_count_o, other.macro_count_o, kCountBits);
          field("macro_range_o", chip.macro_range_o, other.macro_range_o, 3);
        }
        if (programs) {
          field("macro_set_o", chip.macro_set_o, other.macro_set_o, 1);
          field("macro_amplitude_o", chip.macro_amplitude_o, other.macro_amplitude_o,
                kAmplitudeBits);
        }
      }
    }
  }

  Base zeros_;
  Base ones_;
  bool is_reset_ = false;
  std::uint32_t read_address_ = 0;
};

}  // namespace mcnn::rtl_test
