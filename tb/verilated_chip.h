// SPDX-License-Identifier: Apache-2.0
// RtlChip around a Verilated model class. Included only by the files that CMake writes for each
// configuration.
//
// A clock has two evaluations: with the clock low everything that depends on the bus inputs
// settles, then the rising edge. What the bench samples it samples between the two; what it drives
// it drives after the edge.
#pragma once

#include <fmt/format.h>
#include <svdpi.h>
#include <verilated.h>
#include <verilated_fst_c.h>
#include <verilated_syms.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "behavioral_models/dpi/dpi_chip.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "tb/rtl_chip.h"
#include "tb/stall.h"

namespace mcnn::tb {

template <typename Model>
class VerilatedChip final : public RtlChip {
 public:
  VerilatedChip(std::span<Macro> macros, const RtlOptions& options)
      : options_(options), models_(macros) {
    enter();
    context_->threads(1);  // otherwise it starts one for every core, which do nothing
    context_->randReset(2);
    context_->randSeed(static_cast<int>(options.seed % 0x7FFF'FFFFU) + 1);
    context_->fatalOnError(false);
    context_->traceEverOn(kTraces);
    model_ = std::make_unique<Model>(context_.get());
    for (const auto& [name, scope] : *context_->scopeNameMap()) {
      svPutUserData(const_cast<VerilatedScope*>(scope), DpiChip::user_key(), &models_);
    }
    models_.set_monitor(options_.monitor);
    if constexpr (kTraces) {
      if (!options_.trace_path.empty()) open_trace();
    }
    reset();
  }

  ~VerilatedChip() override {
    enter();
    close_trace();
    model_->final();
  }
  VerilatedChip(const VerilatedChip&) = delete;
  VerilatedChip& operator=(const VerilatedChip&) = delete;

  std::uint32_t read(std::uint32_t address) override {
    const AxiAnswer answer = try_read(address);
    if (answer.slave_error) throw Error(fmt::format("read of 0x{:05X}: SLVERR", address));
    return answer.data;
  }

  void write(std::uint32_t address, std::uint32_t value) override {
    if (try_write(address, value, 0xF).slave_error) {
      throw Error(fmt::format("write of 0x{:08X} to 0x{:05X}: SLVERR", value, address));
    }
  }

  void send(std::span<const std::uint8_t> bytes) override { send_packet(bytes, true); }

  std::vector<std::uint32_t> receive() override {
    enter();
    const std::uint64_t limit = clocks_ + options_.timeout;
    while (results_.empty()) {
      if (clocks_ >= limit) throw_timeout("a result");
      if (interrupt_requested()) throw Interrupted{};
      // Most clocks pass here, in a loop of their own.
      const std::uint64_t until = std::min(limit, clocks_ + 4096);
      while (clocks_ < until && results_.empty()) clock();
    }
    std::vector<std::uint32_t> result = std::move(results_.front());
    results_.pop_front();
    return result;
  }

  void set_next_image(std::uint32_t number) override {
    models_.set_next_image(number);
    sent_image_ = number;
    received_image_ = number;
  }

  AxiAnswer try_read(std::uint32_t address) override {
    enter();
    AxiAnswer answer;
    bool taken = false;
    for (const std::uint64_t limit = clocks_ + options_.timeout; clocks_ < limit;) {
      if (!taken && model_->s_axil_arvalid_i == 0 && !stall_ar_.next()) {
        model_->s_axil_arvalid_i = 1;
        model_->s_axil_araddr_i = address;
      }
      model_->s_axil_rready_i = stall_r_.next() ? 0 : 1;
      settle();
      const bool address_taken = model_->s_axil_arvalid_i != 0 && model_->s_axil_arready_o != 0;
      const bool answered = model_->s_axil_rvalid_o != 0 && model_->s_axil_rready_i != 0;
      answer.data = model_->s_axil_rdata_o;
      answer.slave_error = model_->s_axil_rresp_o != 0;
      edge();
      if (address_taken) {
        model_->s_axil_arvalid_i = 0;
        taken = true;
      }
      if (answered) {
        model_->s_axil_rready_i = 0;
        if (!taken) throw Error("the chip answered a read that it had not taken");
        return answer;
      }
    }
    throw_timeout(fmt::format("the answer to a read of 0x{:05X}", address));
  }

  AxiAnswer try_write(std::uint32_t address, std::uint32_t value, unsigned strobe) override {
    enter();
    AxiAnswer answer;
    bool address_done = false;
    bool data_done = false;
    for (const std::uint64_t limit = clocks_ + options_.timeout; clocks_ < limit;) {
      if (!address_done && model_->s_axil_awvalid_i == 0 && !stall_aw_.next()) {
        model_->s_axil_awvalid_i = 1;
        model_->s_axil_awaddr_i = address;
      }
      if (!data_done && model_->s_axil_wvalid_i == 0 && !stall_w_.next()) {
        model_->s_axil_wvalid_i = 1;
        model_->s_axil_wdata_i = value;
        model_->s_axil_wstrb_i = static_cast<CData>(strobe);
      }
      model_->s_axil_bready_i = stall_b_.next() ? 0 : 1;
      settle();
      const bool address_taken = model_->s_axil_awvalid_i != 0 && model_->s_axil_awready_o != 0;
      const bool data_taken = model_->s_axil_wvalid_i != 0 && model_->s_axil_wready_o != 0;
      const bool answered = model_->s_axil_bvalid_o != 0 && model_->s_axil_bready_i != 0;
      answer.slave_error = model_->s_axil_bresp_o != 0;
      edge();
      if (address_taken) {
        model_->s_axil_awvalid_i = 0;
        address_done = true;
      }
      if (data_taken) {
        model_->s_axil_wvalid_i = 0;
        data_done = true;
      }
      if (answered) {
        model_->s_axil_bready_i = 0;
        if (!address_done || !data_done) {
          throw Error("the chip answered a write that it had not taken");
        }
        return answer;
      }
    }
    throw_timeout(fmt::format("the answer to a write to 0x{:05X}", address));
  }

  void send_packet(std::span<const std::uint8_t> bytes, bool last) override {
    if (bytes.size() % kBeatBytes != 0) {
      throw Error(fmt::format("image stream: found {} bytes, allowed: a multiple of {} (LoadRows)",
                              bytes.size(), kBeatBytes));
    }
    if (bytes.empty()) return;
    enter();
    Packet& packet = packets_.emplace_back();
    packet.last = last;
    for (std::size_t i = 0; i < bytes.size(); i += kBeatBytes) {
      std::uint64_t beat = 0;
      for (std::size_t row = kBeatBytes; row-- > 0;) beat = beat << 8 | bytes[i + row];
      packet.beats.push_back(static_cast<Beat>(beat));
    }
    if (model_->s_axis_tvalid_i == 0) offer_beat();
  }

  void drop_queue() override {
    if (packets_.empty()) return;
    if (model_->s_axis_tvalid_i != 0) {
      packets_.resize(1);
      packets_.front().beats.resize(next_beat_ + 1);
      return;
    }
    packets_.clear();
    next_beat_ = 0;
  }

  void idle(std::uint64_t clocks) override {
    enter();
    for (std::uint64_t i = 0; i < clocks; ++i) clock();
  }

  void reset() override {
    enter();
    packets_.clear();
    next_beat_ = 0;
    results_.clear();
    result_.clear();
    result_clocks_.clear();
    model_->s_axil_awvalid_i = 0;
    model_->s_axil_awaddr_i = 0;
    model_->s_axil_wvalid_i = 0;
    model_->s_axil_wdata_i = 0;
    model_->s_axil_wstrb_i = 0;
    model_->s_axil_bready_i = 0;
    model_->s_axil_arvalid_i = 0;
    model_->s_axil_araddr_i = 0;
    model_->s_axil_rready_i = 0;
    model_->s_axis_tvalid_i = 0;
    model_->s_axis_tdata_i = 0;
    model_->s_axis_tlast_i = 0;
    model_->m_axis_tready_i = 1;
    // A falling reset is an edge of its own.
    model_->rst_ni = 1;
    settle();
    model_->rst_ni = 0;
    for (int i = 0; i < 4; ++i) clock();
    model_->rst_ni = 1;
    clock();
  }

  bool interrupt() const override { return model_->irq_o != 0; }
  std::size_t results_waiting() const override { return results_.size(); }
  std::uint64_t clocks() const override { return clocks_; }
  std::vector<std::uint64_t> take_result_clocks() override {
    return std::exchange(result_clocks_, {});
  }

  void close_trace() override {
    if (trace_) trace_->close();
    trace_.reset();
  }

 private:
  // Only a model that was Verilated with waves has this function.
  static constexpr bool kTraces = requires(Model & model, VerilatedFstC* file) {
    model.trace(file, 99);
  };
  static constexpr std::uint64_t kHalfClock = 2'500;  // ps: 200 MHz

  // The bench's pixels have 8 bits, so a beat has as many bytes as rows: 1, 2, 4 or 8, and
  // Verilator a type of that size for each.
  using Beat = std::remove_reference_t<decltype(std::declval<Model&>().s_axis_tdata_i)>;
  static_assert(std::is_integral_v<Beat>);
  static constexpr std::size_t kBeatBytes = sizeof(Beat);

  struct Packet {
    std::vector<Beat> beats;
    bool last = true;
  };

  void open_trace() {
    trace_ = std::make_unique<VerilatedFstC>();
    trace_->set_time_unit("1ps");
    trace_->set_time_resolution("1ps");
    model_->trace(trace_.get(), 99);
    trace_->open(options_.trace_path.c_str());
    if (!trace_->isOpen()) throw Error(fmt::format("cannot write '{}'", options_.trace_path));
    tracing_ = options_.trace_all;
  }

  // Verilator keeps its context per thread: say which before anything that may look at it.
  void enter() const { Verilated::threadContextp(context_.get()); }

  void clock() {
    settle();
    edge();
  }

  void settle() {
    model_->clk_i = 0;
    model_->eval();
    if constexpr (kTraces) dump(2 * clocks_);
  }

  void edge() {
    const bool beat_taken = (model_->s_axis_tvalid_i & model_->s_axis_tready_o) != 0;
    const bool word_taken = (model_->m_axis_tvalid_o & model_->m_axis_tready_i) != 0;
    if (word_taken) take_word();
    model_->clk_i = 1;
    model_->eval();
    if constexpr (kTraces) dump(2 * clocks_ + 1);
    ++clocks_;
    if (context_->gotFinish()) [[unlikely]] {
      throw Error(
          fmt::format("an assertion of the RTL failed at clock {}; its message is above", clocks_));
    }
    if (beat_taken) {
      model_->s_axis_tvalid_i = 0;
      beat_sent();
    }
    if (model_->s_axis_tvalid_i == 0 && !packets_.empty()) offer_beat();
    if (options_.stall_percent != 0) model_->m_axis_tready_i = stall_result_.next() ? 0 : 1;
  }

  void offer_beat() {
    if (stall_image_.next()) return;
    const Packet& packet = packets_.front();
    if (next_beat_ == 0) {
      if constexpr (kTraces) tracing_ |= trace_ && sent_image_ == options_.trace_first;
    }
    model_->s_axis_tvalid_i = 1;
    model_->s_axis_tdata_i = packet.beats[next_beat_];
    model_->s_axis_tlast_i = packet.last && next_beat_ + 1 == packet.beats.size() ? 1 : 0;
  }

  void beat_sent() {
    if (++next_beat_ < packets_.front().beats.size()) return;
    packets_.pop_front();
    next_beat_ = 0;
    ++sent_image_;
  }

  void take_word() {
    result_.push_back(model_->m_axis_tdata_o);
    if (model_->m_axis_tlast_o == 0) return;
    results_.push_back(std::exchange(result_, {}));
    result_clocks_.push_back(clocks_);
    if constexpr (kTraces) {
      if (trace_ && received_image_ == options_.trace_last && !options_.trace_all) {
        tracing_ = false;
        trace_->flush();
      }
    }
    ++received_image_;
  }

  // Time 0 of the waves is where they begin: the clock in which the first beat of the first image
  // is offered, clock 0 of the timeline.
  void dump(std::uint64_t half_clock) {
    if (!tracing_ || !trace_) return;
    if (!trace_begin_) trace_begin_ = half_clock;
    trace_->dump((half_clock - *trace_begin_) * kHalfClock);
  }

  [[noreturn]] void throw_timeout(const std::string& what) const {
    throw Error(
        fmt::format("the chip did not give {} within {} clocks (time-out of the bench), at "
                    "clock {}",
                    what, options_.timeout, clocks_));
  }

  const RtlOptions options_;
  std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
  DpiChip models_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<VerilatedFstC> trace_;
  bool tracing_ = false;
  std::optional<std::uint64_t> trace_begin_;  // half clock

  std::uint64_t clocks_ = 0;
  std::deque<Packet> packets_;
  std::size_t next_beat_ = 0;  // of the first packet
  std::vector<std::uint32_t> result_;
  std::deque<std::vector<std::uint32_t>> results_;
  std::vector<std::uint64_t> result_clocks_;
  std::uint32_t sent_image_ = 0;
  std::uint32_t received_image_ = 0;

  Stall stall_aw_{options_.stall_percent, options_.seed, 0};
  Stall stall_w_{options_.stall_percent, options_.seed, 1};
  Stall stall_b_{options_.stall_percent, options_.seed, 2};
  Stall stall_ar_{options_.stall_percent, options_.seed, 3};
  Stall stall_r_{options_.stall_percent, options_.seed, 4};
  Stall stall_image_{options_.stall_percent, options_.seed, 5};
  Stall stall_result_{options_.stall_percent, options_.seed, 6};
};

}  // namespace mcnn::tb
