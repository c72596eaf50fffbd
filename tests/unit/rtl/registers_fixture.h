// SPDX-License-Identifier: Apache-2.0
// The whole chip behind its AXI4-Lite port, with the register map that rtl/REGISTERS.md describes:
// accesses by name, tables by field, a small network, images in and results out.
#pragma once

#include <map>
#include <regex>

#include "VChipTiny.h"
#include "VChipYao2020.h"
#include "bench.h"
#include "registers_document.h"
#include "twin_chip.h"

namespace mcnn::rtl_test {

using ChipConfigurations = testing::Types<On<Yao2020, VChipYao2020>, On<Tiny, VChipTiny>>;

template <class C>
int Parameter(const std::string& name) {
  const std::map<std::string, int> values = {
      {"NumPe", C::kNumPe},           {"Windows", C::kWindows},
      {"NumSl", C::kNumSl},           {"NumAdc", C::kNumAdc},
      {"AdcBits", C::kAdcBits},       {"ReadLatency", C::kReadLatency},
      {"ReadClocks", C::kReadClocks}, {"ActBits", C::kActBits},
      {"PsumBits", C::kPsumBits},     {"KernelMax", 4},
      {"RowBanks", C::kRowBanks},     {"BankDepth", C::kBankDepth},
      {"MaxDim", C::kMaxDim},         {"NumLayers", C::kNumLayers},
      {"NumRecords", C::kNumRecords}, {"NumBiasRows", C::kNumBiasRows},
      {"NumLogits", C::kNumLogits},   {"NumEntries", C::kNumEntries},
      {"Lanes", C::kLanes},           {"AmplitudeBits", 6},
      {"NumBuffers", C::kNumBuffers}, {"LoadRows", C::kLoadRows}};
  return values.at(name);
}

template <class C>
int WordsOf(const Register& r) {
  return r.words.empty() ? 1 : Parameter<C>(r.words);
}

// Every bit that a register's description names; all of them if it names none.
inline std::uint32_t NamedBits(const std::string& text) {
  const std::regex bits(R"(\[([0-9]+)(?::([0-9]+))?\])");
  std::uint32_t mask = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), bits), end; it != end; ++it) {
    const int high = std::stoi((*it)[1]), low = (*it)[2].matched ? std::stoi((*it)[2]) : high;
    mask |= static_cast<std::uint32_t>(Mask(high - low + 1) << low);
  }
  return mask == 0 ? 0xFFFF'FFFF : mask;
}

// -----------------------------------------------------------------------------------------------------------
// the chip
struct Answer {
  bool ok;
  std::uint32_t data;
};

template <class C>
class Registers : public testing::Test {
 protected:
  Registers() : document_(ReadDocument()), rng_(51), chip_(51) {
    chip_->s_axil_awvalid_i = 0;
    chip_->s_axil_wvalid_i = 0;
    chip_->s_axil_arvalid_i = 0;
    chip_->s_axil_bready_i = 1;
    chip_->s_axil_rready_i = 1;
    chip_->s_axis_tvalid_i = 0;
    chip_->m_axis_tready_i = 1;
    chip_.Reset();
    chip_.Limit(4'000'000);
  }

  std::uint32_t Address(const std::string& name) const {
    return document_.registers.at(name).address;
  }
  int Code(const std::string& name) const { return document_.errors.at(name).code; }

  void Clock() {
    Randomize(chip_->macro_code_i, C::kNumPe * C::kNumAdc * C::kAdcBits, rng_);
    for (int lane = 0; code_ >= 0 && lane < C::kNumPe * C::kNumAdc; ++lane)
      SetBits(chip_->macro_code_i, lane * C::kAdcBits, C::kAdcBits,
              static_cast<std::uint64_t>(code_));
    chip_.Eval();
    if (chip_->m_axis_tvalid_o != 0 && chip_->m_axis_tready_i != 0)
      result_.push_back(chip_->m_axis_tdata_o);
    chip_.Edge();
  }

  bool Write(std::uint32_t address, std::uint32_t data, int strobe = 15) {
    chip_->s_axil_awaddr_i = address;
    chip_->s_axil_wdata_i = data;
    chip_->s_axil_wstrb_i = static_cast<CData>(strobe);
    chip_->s_axil_awvalid_i = 1;
    chip_->s_axil_wvalid_i = 1;
    Clock();  // both are empty: taken at once
    chip_->s_axil_awvalid_i = 0;
    chip_->s_axil_wvalid_i = 0;
    for (int i = 0; i < 20; ++i) {
      chip_.Eval();
      const bool answered = chip_->s_axil_bvalid_o != 0;
      const bool ok = chip_->s_axil_bresp_o == 0;
      Clock();
      if (answered) return ok;
    }
    ADD_FAILURE() << "no write response at " << std::hex << address;
    return false;
  }

  Answer Read(std::uint32_t address) {
    chip_->s_axil_araddr_i = address;
    chip_->s_axil_arvalid_i = 1;
    Clock();
    chip_->s_axil_arvalid_i = 0;
    for (int i = 0; i < 20; ++i) {
      chip_.Eval();
      const bool answered = chip_->s_axil_rvalid_o != 0;
      const Answer answer{chip_->s_axil_rresp_o == 0, chip_->s_axil_rdata_o};
      Clock();
      if (answered) return answer;
    }
    ADD_FAILURE() << "no read response at " << std::hex << address;
    return {false, 0};
  }

  std::uint32_t Get(const std::string& name) {
    const Answer answer = Read(Address(name));
    EXPECT_TRUE(answer.ok) << name;
    return answer.data;
  }
  void Set(const std::string& name, std::uint32_t value) {
    EXPECT_TRUE(Write(Address(name), value)) << name;
  }

  int Error() { return static_cast<int>(Get("STATUS") >> 8 & 0xFF); }
  bool Busy() { return (Get("STATUS") & 1) != 0; }

  // Expects an error code and clears it.
  void ExpectError(const std::string& name) {
    EXPECT_EQ(Error(), Code(name)) << name << " expected";
    EXPECT_EQ(Get("IRQ_STATUS") & 2, 2U);
    Set("IRQ_STATUS", 2);
    EXPECT_EQ(Error(), 0);
    EXPECT_EQ(Get("IRQ_STATUS") & 2, 0U);
  }
  void ExpectNoError() { EXPECT_EQ(Error(), 0); }

  // Rows and words of a table, from the document's formula.
  int Rows(const Table& table) const {
    const auto times = table.rows.find('*');
    if (times == std::string::npos) return Parameter<C>(table.rows);
    return Parameter<C>(table.rows.substr(0, times)) * Parameter<C>(table.rows.substr(times + 1));
  }
  int Words(const Table& table) const {
    const auto plus = table.words.find(" + ceil(NumPe/");
    if (plus == std::string::npos) {
      return table.words == "Lanes" ? C::kLanes : std::stoi(table.words);
    }
    const int pes = std::stoi(table.words.substr(table.words.find('/') + 1));
    return std::stoi(table.words) + (C::kNumPe + pes - 1) / pes;
  }
  // The bits of a word that have a meaning.
  std::uint32_t WordMask(const std::string& table, int word) const {
    if (table == "BIAS") return 0xFFFF'FFFF;
    std::uint32_t mask = 0;
    for (const Field& field : table == "LAYER"    ? document_.layer
                              : table == "RECORD" ? document_.record
                                                  : document_.entry) {
      if (field.pes == 0 && field.first_word == word) {
        const int high = field.high < 0 ? C::kNumPe - 1 : field.high;
        const int low = field.high < 0 ? 0 : field.low;
        mask |= static_cast<std::uint32_t>(Mask(high - low + 1) << low);
      }
      if (word < field.first_word) continue;
      for (int part = 0; part < field.pes; ++part) {
        if (field.pes * (word - field.first_word) + part >= C::kNumPe) continue;
        mask |= static_cast<std::uint32_t>(Mask(field.high - field.low + 1)
                                           << (field.low + 32 / field.pes * part));
      }
    }
    return mask;
  }
  std::uint32_t MapWords() const {
    return C::kNumBuffers * C::kLanes * (C::kRowBanks / 4U) * C::kBankDepth;
  }

  // Is this an address of the document?
  bool Known(std::uint32_t address) const {
    if (address % 4 != 0) return false;
    for (const auto& [name, r] : document_.registers) {
      const auto words = static_cast<std::uint32_t>(WordsOf<C>(r));
      if (address >= r.address && address < r.address + 4 * words) return true;
    }
    for (const auto& [name, table] : document_.tables) {
      if (name == "FMAP") {
        if (address >= table.base && address < table.base + 4 * MapWords()) return true;
        continue;
      }
      const int offset = static_cast<int>(address) - static_cast<int>(table.base);
      const int stride = static_cast<int>(table.stride);
      if (offset >= 0 && offset / stride < Rows(table) && offset % stride / 4 < Words(table))
        return true;
    }
    return false;
  }

  std::uint32_t TableAddress(const std::string& name, int row, int word) const {
    const Table& table = document_.tables.at(name);
    return table.base + static_cast<std::uint32_t>(row) * table.stride +
           4 * static_cast<std::uint32_t>(word);
  }

  // Set-up registers and tables cannot be written, tables and maps not be read.
  void ExpectLocked() {
    for (const char* name :
         {"MODE", "IMAGE_COUNT", "LAYER_COUNT", "IMAGE_SHAPE", "IMAGE_PITCH", "LOGIT_COUNT",
          "PROGRAM_SET", "PROGRAM_RESET", "PROGRAM_PULSE", "PROGRAM_COUNT"}) {
      SCOPED_TRACE(name);
      const std::uint32_t before = Get(name);
      EXPECT_FALSE(Write(Address(name), before ^ 1));
      ExpectError("WRITE_WHILE_BUSY");
      EXPECT_EQ(Get(name), before);
    }
    for (const char* name : {"LAYER", "RECORD", "BIAS", "PROGRAM"}) {
      SCOPED_TRACE(name);
      for (const int word : {0, 1}) {
        EXPECT_FALSE(Write(TableAddress(name, 0, word), 1));
        ExpectError("WRITE_WHILE_BUSY");
        EXPECT_FALSE(Read(TableAddress(name, 0, word)).ok);
        ExpectError("READ_WHILE_BUSY");
      }
    }
    EXPECT_FALSE(Read(document_.tables.at("FMAP").base).ok);
    ExpectError("READ_WHILE_BUSY");
  }

  // An entry of a PE's list that is read once: the macros answer `code_`, the target is 0.
  void WriteEntry(int pe, int entry, int bit_line, int line, int tolerance) {
    std::vector<std::uint32_t> words(2);
    SetField(words, document_.entry, "BIT_LINE", static_cast<std::uint32_t>(bit_line));
    SetField(words, document_.entry, "SOURCE_LINE", static_cast<std::uint32_t>(line));
    SetField(words, document_.entry, "TOLERANCE", static_cast<std::uint32_t>(tolerance));
    WriteRow("PROGRAM", pe * C::kNumEntries + entry, words);
  }
  void WriteCount(int pe, int count) {
    EXPECT_TRUE(Write(Address("PROGRAM_COUNT") + 4 * static_cast<std::uint32_t>(pe),
                      static_cast<std::uint32_t>(count)));
  }
  static constexpr std::uint32_t kStart = 1, kAbort = 2, kProgram = 8;  // CONTROL
  static constexpr std::uint32_t kBusy = 1, kProgramming = 8;           // STATUS
  // Pulses that last longer than a test looks.
  static constexpr std::uint32_t kLong = 255 | 255 << 8;

  // A field of a table row by its name in the document.
  void SetField(std::vector<std::uint32_t>& words, const std::vector<Field>& fields,
                const std::string& name, std::uint32_t value, int pe = 0) const {
    for (const Field& field : fields) {
      if (field.name.rfind(name, 0) != 0) continue;
      const int low = field.high < 0 ? 0 : field.low;
      if (field.pes > 0) {
        words[field.first_word + pe / field.pes] |= value
                                                    << (low + 32 / field.pes * (pe % field.pes));
      } else {
        words[field.first_word] |= value << low;
      }
      return;
    }
    ADD_FAILURE() << "no field " << name;
  }

  void WriteRow(const std::string& table, int row, const std::vector<std::uint32_t>& words) {
    for (std::size_t w = 0; w < words.size(); ++w) {
      EXPECT_TRUE(Write(TableAddress(table, row, static_cast<int>(w)), words[w]));
    }
  }

  // A network of two rows: a 1x1 map of nothing, then one logit pair; and a 4-row image.
  static constexpr int kHeight = 4, kWidth = 3, kChannels = 2;
  static constexpr int kFetch = 2;  // window columns
  void WriteNetwork() {
    for (int row = 0; row < 2; ++row) {
      std::vector<std::uint32_t> layer(Words(document_.tables.at("LAYER")));
      auto set = [&](const char* name, int value) {
        SetField(layer, document_.layer, name, static_cast<std::uint32_t>(value));
      };
      set(row == 0 ? "LAYER_END" : "FINAL", 1);
      set("INPUT", row);
      set("OUTPUT", 1 - row);
      set("KERNELS", 2);
      set("PAIRS", 2);
      set("GROUP_ROWS", 1);
      set("IN_HEIGHT", kHeight);
      set("IN_WIDTH", kWidth);
      set("STRIDE", 1);
      set("ROW_STEP", 1);
      set("OUT_HEIGHT", 1);
      set("OUT_WIDTH", row == 0 ? 3 : 1);
      for (const char* name :
           {"POOL_ROWS", "POOL_COLUMNS", "POOL_ROW_STRIDE", "POOL_COLUMN_STRIDE", "POOLED_HEIGHT"})
        set(name, 1);
      set("POOLED_WIDTH", row == 0 ? 3 : 1);
      set("SEGMENT_END", 1 << (C::kNumPe - 1));
      WriteRow("LAYER", row, layer);
    }
    std::vector<std::uint32_t> record(Words(document_.tables.at("RECORD")));
    SetField(record, document_.record, "LAST_STEP", 1);
    SetField(record, document_.record, "LAST_PASS", 1);
    SetField(record, document_.record, "WINDOW_COLUMNS", kFetch - 1);
    SetField(record, document_.record, "ACTIVE", 1, C::kNumPe - 1);
    WriteRow("RECORD", 0, record);
    WriteRow("BIAS", 0, {5, 7});
    Set("IMAGE_COUNT", 1);
    Set("LAYER_COUNT", 2);
    Set("LOGIT_COUNT", 2);
    Set("IMAGE_SHAPE", kHeight | kWidth << 8 | kChannels << 16);
    Set("IMAGE_PITCH", kWidth);
  }

  // Streams `length` pixels, TLAST on the last.
  std::vector<int> SendImage(int length) {
    std::vector<int> pixels;
    for (int i = 0; i < length; ++i) {
      pixels.push_back(static_cast<int>(rng_.Bits(C::kActBits)));
      chip_->s_axis_tvalid_i = 1;
      chip_->s_axis_tdata_i = static_cast<CData>(pixels.back());
      chip_->s_axis_tlast_i = i == length - 1;
      for (int waited = 0;; ++waited) {
        if (waited > 100) {
          ADD_FAILURE() << "the image is not taken";
          return pixels;
        }
        chip_.Eval();
        const bool taken = chip_->s_axis_tready_o != 0;
        Clock();
        if (taken) break;
      }
    }
    chip_->s_axis_tvalid_i = 0;
    return pixels;
  }

  bool WaitStatus(std::uint32_t mask, std::uint32_t value) {
    for (int i = 0; i < 200; ++i) {
      if ((Get("STATUS") & mask) == value) return true;
    }
    ADD_FAILURE() << "STATUS & " << mask << " does not become " << value;
    return false;
  }

  Document document_;
  Rng rng_;
  TwinChip<C> chip_;
  std::vector<std::uint32_t> result_;
  int code_ = -1;  // what every converter answers; -1 something else in every clock
};

}  // namespace mcnn::rtl_test
