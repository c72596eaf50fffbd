// SPDX-License-Identifier: Apache-2.0
// The register map: rtl/REGISTERS.md is read, and the chip is held to it through its AXI4-Lite
// port: addresses, access kinds, reset values, fields, table sizes, error codes and what each of
// them does to the run.
#include <map>
#include <regex>

#include "VChipTiny.h"
#include "VChipYao2020.h"
#include "bench.h"
#include "registers_document.h"

namespace mcnn::rtl_test {
namespace {

struct Yao : Yao2020 {
  using Model = VChipYao2020;
};
struct Small : Tiny {
  using Model = VChipTiny;
};

template <class C>
int Parameter(const std::string& name) {
  const std::map<std::string, int> values = {
      {"NumPe", C::kNumPe},           {"NumBl", 16},
      {"NumSl", C::kNumSl},           {"NumAdc", C::kNumAdc},
      {"AdcBits", C::kAdcBits},       {"ReadLatency", C::kReadLatency},
      {"ReadClocks", C::kReadClocks}, {"ActBits", C::kActBits},
      {"PsumBits", C::kPsumBits},     {"KernelMax", 4},
      {"RowBanks", C::kRowBanks},     {"BankDepth", C::kBankDepth},
      {"MaxDim", C::kMaxDim},         {"NumLayers", C::kNumLayers},
      {"NumRecords", C::kNumRecords}, {"NumBiasRows", C::kNumBiasRows},
      {"NumLogits", C::kNumLogits},   {"NumEntries", C::kNumEntries},
      {"AmplitudeBits", 6},           {"NumBuffers", 3}};
  return values.at(name);
}

template <class C>
int WordsOf(const Register& r) {
  return r.words.empty() ? 1 : Parameter<C>(r.words);
}

// Every bit that a register's description names; all of them if it names none.
std::uint32_t NamedBits(const std::string& text) {
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
    const int pe_words = (C::kNumPe + 3) / 4;
    if (table.words.find("ceil(NumPe/4)") == std::string::npos) return std::stoi(table.words);
    return std::stoi(table.words) + pe_words;
  }
  // The bits of a word that have a meaning.
  std::uint32_t WordMask(const std::string& table, int word) const {
    if (table == "BIAS") return 0xFFFF'FFFF;
    std::uint32_t mask = 0;
    for (const Field& field : table == "LAYER"    ? document_.layer
                              : table == "RECORD" ? document_.record
                                                  : document_.entry) {
      if (!field.every_pe && field.first_word == word) {
        const int high = field.high < 0 ? C::kNumPe - 1 : field.high;
        const int low = field.high < 0 ? 0 : field.low;
        mask |= static_cast<std::uint32_t>(Mask(high - low + 1) << low);
      }
      if (!field.every_pe || word < field.first_word) continue;
      for (int byte = 0; byte < 4; ++byte) {
        if (4 * (word - field.first_word) + byte >= C::kNumPe) continue;
        mask |=
            static_cast<std::uint32_t>(Mask(field.high - field.low + 1) << (field.low + 8 * byte));
      }
    }
    return mask;
  }
  std::uint32_t MapWords() const { return 3U * 2U * (C::kRowBanks / 4U) * C::kBankDepth; }

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
    EXPECT_FALSE(Read(0x10000).ok);
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
      if (field.every_pe) {
        words[field.first_word + pe / 4] |= value << (low + 8 * (pe % 4));
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
      set(row == 0 ? "SWAP" : "FINAL", 1);
      set("KERNELS", 2);
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
  Bench<typename C::Model> chip_;
  std::vector<std::uint32_t> result_;
  int code_ = -1;  // what every converter answers; -1 something else in every clock
};

using Configurations = testing::Types<Yao, Small>;
TYPED_TEST_SUITE(Registers, Configurations);

// The parser has found what the other tests rely on.
TYPED_TEST(Registers, DocumentIsReadAsAWhole) {
  EXPECT_GE(this->document_.registers.size(), 40U);
  EXPECT_EQ(this->document_.errors.size(), 11U);
  EXPECT_EQ(this->document_.tables.size(), 5U);
  EXPECT_EQ(this->document_.entry.size(), 6U);
  EXPECT_GE(this->document_.layer.size(), 26U);
  EXPECT_GE(this->document_.record.size(), 9U);
}

TYPED_TEST(Registers, ResetValues) {
  using C = TypeParam;
  for (const auto& [name, r] : this->document_.registers) {
    SCOPED_TRACE(name);
    std::uint32_t expected = 0;
    if (r.reset == "parameter") {
      const std::regex part(R"(\[([0-9]+):([0-9]+)\] (\w+))");
      int parts = 0;
      for (std::sregex_iterator it(r.bits.begin(), r.bits.end(), part), end; it != end;
           ++it, ++parts) {
        const int high = std::stoi((*it)[1]), low = std::stoi((*it)[2]);
        const auto value = static_cast<std::uint32_t>(Parameter<C>((*it)[3]));
        ASSERT_LE(value, Mask(high - low + 1));
        expected |= value << low;
      }
      ASSERT_GT(parts, 0);
    } else {
      expected = static_cast<std::uint32_t>(std::stoul(r.reset, nullptr, 0));
    }
    for (int w = 0; w < WordsOf<C>(r); ++w) {
      const Answer answer = this->Read(r.address + 4 * static_cast<std::uint32_t>(w));
      EXPECT_TRUE(answer.ok);
      EXPECT_EQ(answer.data, expected);
    }
  }
  this->ExpectNoError();
}

// RO refuses writes; RW keeps exactly the bits that are described; W1 and W1C take a write of 0 and
// read as 0.
TYPED_TEST(Registers, AccessKinds) {
  for (const auto& [name, r] : this->document_.registers) {
    for (int word = 0; word < WordsOf<TypeParam>(r); ++word) {
      const std::uint32_t address = r.address + 4 * static_cast<std::uint32_t>(word);
      SCOPED_TRACE(testing::Message() << name << " word " << word);
      const std::uint32_t before = this->Read(address).data;
      if (r.access == "RO") {
        EXPECT_FALSE(this->Write(address, ~before));
        this->ExpectError("BAD_ADDRESS");
        EXPECT_EQ(this->Read(address).data, before);
      } else if (r.access == "RW") {
        for (int i = 0; i < 6; ++i) {
          const auto value = i == 0 ? 0xFFFF'FFFF : static_cast<std::uint32_t>(this->rng_.Bits(32));
          EXPECT_TRUE(this->Write(address, value));
          EXPECT_EQ(this->Read(address).data, value & NamedBits(r.bits));
          // Part of a word cannot be written.
          EXPECT_FALSE(this->Write(address, ~value, this->rng_.Below(15)));
          EXPECT_EQ(this->Read(address).data, value & NamedBits(r.bits));
          this->ExpectError("BAD_ADDRESS");
        }
        EXPECT_TRUE(this->Write(address, 0));
      } else {
        ASSERT_TRUE(r.access == "W1" || r.access == "W1C") << r.access;
        EXPECT_TRUE(this->Write(address, 0));
        EXPECT_EQ(this->Read(address).data, 0U);
        EXPECT_FALSE(this->Write(address, 0, 7));
        this->ExpectError("BAD_ADDRESS");
      }
    }
  }
  this->ExpectNoError();
}

// Every address of the first page, the borders of the tables, and random ones: those of the
// document answer, others are refused and change nothing.
TYPED_TEST(Registers, AddressesThatDoNotExistAreRefused) {
  std::vector<std::uint32_t> addresses;
  for (std::uint32_t a = 0; a < 0x1000; a += 4) addresses.push_back(a);
  for (const auto& [name, table] : this->document_.tables) {
    for (std::uint32_t row = 0; row < 2; ++row) {
      for (std::uint32_t w = 0; w < 16; ++w)
        addresses.push_back(table.base + row * table.stride + 4 * w);
    }
    if (name == "FMAP") continue;
    const std::uint32_t end =
        table.base + static_cast<std::uint32_t>(this->Rows(table)) * table.stride;
    for (std::uint32_t a = end - 64; a < end + 64; a += 4) addresses.push_back(a);
  }
  const std::uint32_t map_end = 0x10000 + 4 * this->MapWords();
  for (std::uint32_t a = map_end - 16; a < map_end + 16; a += 4) addresses.push_back(a);
  for (int i = 0; i < 3000; ++i)
    addresses.push_back(static_cast<std::uint32_t>(this->rng_.Bits(17)));
  for (const std::uint32_t address : addresses) {
    SCOPED_TRACE(testing::Message() << "address 0x" << std::hex << address);
    EXPECT_EQ(this->Read(address).ok, this->Known(address));
    if (!this->Known(address)) {
      this->ExpectError("BAD_ADDRESS");
      EXPECT_FALSE(this->Write(address, 0xFFFF'FFFF));
      this->ExpectError("BAD_ADDRESS");
    }
    if (testing::Test::HasFailure()) return;
  }
  this->ExpectNoError();
  // Feature maps are read only.
  EXPECT_FALSE(this->Write(0x10000, 1));
  this->ExpectError("BAD_ADDRESS");
}

// Every described bit of every word of every row is kept; biases are sign-extended.
TYPED_TEST(Registers, TablesKeepTheirFields) {
  using C = TypeParam;
  std::map<std::uint32_t, std::uint32_t> expected;
  for (const auto& [name, table] : this->document_.tables) {
    if (name == "FMAP") continue;
    for (int row = 0; row < this->Rows(table); ++row) {
      for (int word = 0; word < this->Words(table); ++word) {
        const std::uint32_t address = this->TableAddress(name, row, word);
        const auto value =
            static_cast<std::uint32_t>(this->rng_.Bits(32)) & this->WordMask(name, word);
        ASSERT_NE(this->WordMask(name, word), 0U)
            << name << " word " << word << " is not described";
        ASSERT_TRUE(this->Write(address, value)) << name << " row " << row << " word " << word;
        expected[address] =
            name == "BIAS" ? static_cast<std::uint32_t>(SignExtend(value, C::kPsumBits)) : value;
      }
    }
  }
  for (const auto& [address, value] : expected) {
    const Answer answer = this->Read(address);
    ASSERT_TRUE(answer.ok);
    ASSERT_EQ(answer.data, value) << "address 0x" << std::hex << address;
  }
  this->ExpectNoError();
}

// START refuses a set-up outside the parameters, and takes the smallest and the largest one inside.
TYPED_TEST(Registers, SetupLimits) {
  using C = TypeParam;
  struct Limit {
    const char* name;
    int low;  // first bit of the field
    int width;
    std::uint32_t most;
  };
  const Limit limits[] = {
      {"IMAGE_COUNT", 0, 32, 0xFFFF'FFFF},  {"LAYER_COUNT", 0, 8, C::kNumLayers},
      {"LOGIT_COUNT", 0, 8, C::kNumLogits}, {"IMAGE_SHAPE", 0, 8, C::kMaxDim},
      {"IMAGE_SHAPE", 8, 8, C::kMaxDim},    {"IMAGE_SHAPE", 16, 16, 0xFFFF}};
  for (const Limit& limit : limits) {
    for (const std::uint32_t value : {0U, 1U, limit.most, limit.most + 1}) {
      if (value > Mask(limit.width) ||
          (value == 0 && limit.most == 0xFFFF'FFFF && limit.width != 32))
        continue;
      SCOPED_TRACE(testing::Message() << limit.name << " bit " << limit.low << ": " << value);
      this->WriteNetwork();
      const std::uint32_t mask = static_cast<std::uint32_t>(Mask(limit.width)) << limit.low;
      this->Set(limit.name, (this->Get(limit.name) & ~mask) | value << limit.low);
      this->Set("CONTROL", 1);
      const bool allowed = value >= 1 && value <= limit.most;
      EXPECT_EQ(this->Busy(), allowed);
      if (allowed) {
        this->ExpectNoError();
        this->Set("CONTROL", 2);
        EXPECT_FALSE(this->Busy());
      } else {
        this->ExpectError("SETUP_INVALID");
        EXPECT_TRUE(this->document_.errors.at("SETUP_INVALID").fatal);
      }
    }
  }
}

// While busy: set-up registers and tables cannot be written, tables and maps not be read, START is
// refused, and the run goes on.
TYPED_TEST(Registers, BusyLocksTheSetup) {
  this->WriteNetwork();
  this->Set("CONTROL", 1);
  ASSERT_TRUE(this->Busy());
  this->ExpectLocked();
  this->Set("IRQ_ENABLE", 7);  // may be written at any time
  this->Set("CONTROL", 1);
  EXPECT_EQ(this->Error(), this->Code("START_WHILE_BUSY"));
  // The first error stays, the pin tells of it.
  EXPECT_FALSE(this->Write(0, 0));
  EXPECT_EQ(this->Error(), this->Code("START_WHILE_BUSY"));
  EXPECT_EQ(this->chip_->irq_o, 1);
  this->ExpectError("START_WHILE_BUSY");
  EXPECT_EQ(this->chip_->irq_o, 0);
  EXPECT_TRUE(this->Busy());
  this->Set("CONTROL", 2);
  EXPECT_FALSE(this->Busy());
  EXPECT_EQ(this->Get("IRQ_STATUS"), 0U) << "an aborted run is not done";
  EXPECT_EQ(this->Get("LAYER_COUNT"), 2U);
}

// PROGRAM refuses a set-up outside the parameters, and takes the smallest and the largest inside.
TYPED_TEST(Registers, ProgramSetupLimits) {
  using C = TypeParam;
  struct Case {
    int pe, count;
    std::uint32_t pulse_clocks;
    bool allowed;
  };
  const int last = C::kNumPe - 1;
  const Case cases[] = {{0, 0, 1, false},
                        {0, 1, 1, true},
                        {last, 1, 1, true},
                        {0, C::kNumEntries, 255, true},
                        {last, C::kNumEntries, 255, true},
                        {0, 1, 0, false},
                        {0, C::kNumEntries + 1, 1, false},
                        {last, C::kNumEntries + 1, 1, false},
                        {last, 255, 1, false}};
  for (int pe = 0; pe < C::kNumPe; ++pe) {
    for (int entry = 0; entry < C::kNumEntries; ++entry) this->WriteEntry(pe, entry, 0, 0, 0);
  }
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << "PE " << c.pe << ": " << c.count << " entries, pulses of "
                                    << c.pulse_clocks << " clocks");
    this->WriteCount(c.pe, c.count);
    this->Set("PROGRAM_PULSE", 255 | c.pulse_clocks << 8);
    this->code_ = 1;
    this->Set("CONTROL", this->kProgram);
    EXPECT_EQ(this->Get("STATUS") & 0xF, c.allowed ? this->kBusy | this->kProgramming : 0U);
    if (c.allowed) {
      this->ExpectNoError();
      this->Set("CONTROL", this->kAbort);
      this->WaitStatus(this->kBusy | this->kProgramming, 0);
    } else {
      this->ExpectError("SETUP_INVALID");
    }
    this->WriteCount(c.pe, 0);
    EXPECT_EQ(this->Get("IRQ_STATUS"), 0U);
  }
  // Every list at its fullest, and one beyond it is enough to refuse.
  this->Set("PROGRAM_PULSE", 1 << 8);
  for (int pe = 0; pe < C::kNumPe; ++pe) this->WriteCount(pe, C::kNumEntries);
  for (int pe = 0; pe < C::kNumPe; ++pe) {
    this->WriteCount(pe, C::kNumEntries + 1);
    this->Set("CONTROL", this->kProgram);
    EXPECT_FALSE(this->Busy()) << "PE " << pe;
    this->ExpectError("SETUP_INVALID");
    this->WriteCount(pe, C::kNumEntries);
  }
  this->Set("CONTROL", this->kProgram);
  EXPECT_TRUE(this->Busy());
  this->ExpectNoError();
}

// While the chip is programmed: locks, START and PROGRAM refused, no image taken; ABORT ends it
// without "done".
TYPED_TEST(Registers, ProgrammingLocksTheSetup) {
  using C = TypeParam;
  this->WriteNetwork();
  this->WriteEntry(C::kNumPe - 1, 0, 3, 5, 0);
  this->WriteCount(C::kNumPe - 1, 1);
  this->Set("PROGRAM_PULSE", this->kLong);
  this->code_ = 1;
  this->Set("CONTROL", this->kProgram);
  ASSERT_EQ(this->Get("STATUS") & 0xF, this->kBusy | this->kProgramming);
  this->ExpectLocked();
  for (const std::uint32_t command :
       {this->kStart, this->kProgram, this->kStart | this->kProgram}) {
    this->Set("CONTROL", command);
    this->ExpectError("START_WHILE_BUSY");
    EXPECT_EQ(this->Get("STATUS") & 0xF, this->kBusy | this->kProgramming);
  }
  EXPECT_EQ(this->chip_->s_axis_tready_o, 0) << "no image is taken";
  this->Set("IRQ_ENABLE", 7);  // may be written at any time
  this->Set("CONTROL", this->kAbort);
  ASSERT_TRUE(this->WaitStatus(this->kBusy | this->kProgramming, 0));
  EXPECT_EQ(this->Get("IRQ_STATUS"), 0U) << "an aborted run is not done";
  EXPECT_EQ(this->Get("PROGRAM_DONE") + this->Get("PROGRAM_FAILED") + this->Get("PROGRAM_REFUSED"),
            0U);
  this->ExpectNoError();
}

// START and PROGRAM in one write: the images begin. With ABORT neither begins.
TYPED_TEST(Registers, StartAndProgramInOneWrite) {
  this->WriteNetwork();
  this->WriteEntry(0, 0, 0, 0, 0);
  this->WriteCount(0, 1);
  this->Set("PROGRAM_PULSE", this->kLong);
  this->Set("CONTROL", this->kStart | this->kProgram);
  EXPECT_EQ(this->Get("STATUS") & 0xF, this->kBusy);
  this->ExpectError("START_WHILE_BUSY");
  this->Set("CONTROL", this->kProgram);
  this->ExpectError("START_WHILE_BUSY");
  EXPECT_EQ(this->Get("STATUS") & 0xF, this->kBusy);
  this->Set("CONTROL", this->kAbort);
  EXPECT_FALSE(this->Busy());
  for (const std::uint32_t command :
       {this->kStart, this->kProgram, this->kStart | this->kProgram}) {
    this->Set("CONTROL", command | this->kAbort);
    EXPECT_FALSE(this->Busy());
    this->ExpectNoError();
  }
  // A bad set-up of images, PROGRAM in the same write: neither begins.
  this->Set("IMAGE_COUNT", 0);
  this->Set("CONTROL", this->kStart | this->kProgram);
  EXPECT_FALSE(this->Busy());
  EXPECT_NE(this->Error(), 0);
  this->Set("IRQ_STATUS", 2);
}

// A run to its end with every kind of entry: words as documented, counters, clocks, interrupt; the
// next run begins its counters at 0.
TYPED_TEST(Registers, AProgrammingRunFromStartToDone) {
  using C = TypeParam;
  constexpr std::uint32_t kVerify = C::kReadClocks + C::kReadLatency + 2;
  const int pe = C::kNumPe - 1;
  this->code_ = 9;
  this->Set("IRQ_ENABLE", 1);
  this->Set("PROGRAM_SET", 63 | 63 << 8 | 63 << 16);
  this->Set("PROGRAM_RESET", 1 | 2 << 8 | 63 << 16);
  this->Set("PROGRAM_PULSE", 3 | 5 << 8 | 7 << 16);
  for (int run = 0; run < 2; ++run) {
    this->WriteEntry(0, 0, 1, 2, 9);                // done
    this->WriteEntry(pe, 0, 15, C::kNumSl - 1, 8);  // failed: three RESET pulses
    this->WriteEntry(pe, 1, 16, 0, 9);              // refused
    this->WriteEntry(pe, 2, 0, 0, 9);               // not in the run
    this->WriteCount(0, 1);
    this->WriteCount(pe, 2);
    this->Set("CONTROL", this->kProgram);
    ASSERT_TRUE(this->WaitStatus(this->kBusy | this->kProgramming, 0));
    this->Clock();
    EXPECT_EQ(this->chip_->irq_o, 1);
    EXPECT_EQ(this->Get("IRQ_STATUS"), 3U);
    this->ExpectError("ENTRY_INVALID");
    EXPECT_FALSE(this->document_.errors.at("ENTRY_INVALID").fatal);
    this->Set("IRQ_STATUS", 7);
    const auto word = [&](int p, int entry, int w) {
      const Answer answer =
          this->Read(this->TableAddress("PROGRAM", p * C::kNumEntries + entry, w));
      EXPECT_TRUE(answer.ok);
      return answer.data;
    };
    EXPECT_EQ(word(0, 0, 0), 1U | 2U << 8 | 1U << 28);
    EXPECT_EQ(word(0, 0, 1), 9U);
    EXPECT_EQ(word(pe, 0, 0), 15U | (C::kNumSl - 1U) << 8 | 2U << 28);
    EXPECT_EQ(word(pe, 0, 1), 9U | 3U << 16);
    EXPECT_EQ(word(pe, 1, 0), 16U | 3U << 28);
    EXPECT_EQ(word(pe, 1, 1), 9U << 16);
    EXPECT_EQ(word(pe, 2, 0), 0U);
    EXPECT_EQ(word(pe, 2, 1), 9U << 16);
    EXPECT_EQ(this->Get("PROGRAM_CLOCKS"), 4 + 4 * kVerify + 3 * (5 + 1) + 4);
    EXPECT_EQ(this->Get("PROGRAM_READS"), 5U);
    EXPECT_EQ(this->Get("PROGRAM_SETS"), 0U);
    EXPECT_EQ(this->Get("PROGRAM_RESETS"), 3U);
    EXPECT_EQ(this->Get("PROGRAM_DONE"), 1U);
    EXPECT_EQ(this->Get("PROGRAM_FAILED"), 1U);
    EXPECT_EQ(this->Get("PROGRAM_REFUSED"), 1U);
  }
}

// A run with HALT: interrupts, buffers, the image in the feature map at its documented addresses,
// the clocks of both rows, the result, with a short and a long image on the way.
TYPED_TEST(Registers, ARunFromStartToDone) {
  using C = TypeParam;
  this->WriteNetwork();
  this->Set("MODE", 1);
  this->Set("IRQ_ENABLE", 5);
  this->Set("CONTROL", 1);
  const int pixels = this->kHeight * this->kWidth * this->kChannels;
  this->SendImage(pixels - 1);
  this->ExpectError("IMAGE_SHORT");
  EXPECT_TRUE(this->Busy());
  this->SendImage(pixels + 2);
  this->ExpectError("IMAGE_LONG");
  EXPECT_TRUE(this->Busy());
  EXPECT_EQ(this->chip_->irq_o, 0);
  const std::vector<int> image = this->SendImage(pixels);
  ASSERT_TRUE(this->WaitStatus(3, 3)) << "halted behind the first row";
  EXPECT_EQ(this->Get("IRQ_STATUS"), 4U);
  EXPECT_EQ(this->chip_->irq_o, 1);
  this->Set("IRQ_STATUS", 4);
  this->Clock();
  EXPECT_EQ(this->chip_->irq_o, 0);
  // The image was loaded into buffer 2, which became the input, and behind the SWAP the output.
  EXPECT_EQ(this->Get("BUFFERS"), 1U | 2U << 2 | 0U << 4);
  std::size_t i = 0;
  for (int c = 0; c < this->kChannels; ++c) {
    for (int y = 0; y < this->kHeight; ++y) {
      for (int x = 0; x < this->kWidth; ++x) {
        const int bank = y % C::kRowBanks;
        const int word = y / C::kRowBanks * this->kWidth + x;
        const int address =
            0x10000 +
            4 * (((2 * 2 + c % 2) * (C::kRowBanks / 4) + bank / 4) * C::kBankDepth + word);
        const Answer answer = this->Read(static_cast<std::uint32_t>(address));
        ASSERT_TRUE(answer.ok);
        ASSERT_EQ(answer.data >> (8 * (bank % 4)) & 0xFF, static_cast<std::uint32_t>(image[i++]))
            << "channel " << c << ", row " << y << ", column " << x;
      }
    }
  }
  EXPECT_TRUE(this->Read(this->TableAddress("BIAS", 0, 1)).ok) << "tables may be read while halted";
  // 10 + ReadLatency + fetch(0) + sum of P(i) + reduce(N-1); here fetch kFetch, drive
  // ActBits*ReadClocks, reduce 1.
  const std::uint32_t drive = C::kActBits * C::kReadClocks;
  EXPECT_EQ(this->Get("PERF_LAYER_CLOCKS"), 10U + C::kReadLatency + this->kFetch + 3 * drive + 1);
  EXPECT_EQ(this->Get("PERF_BEATS"), 3U);
  this->Set("CONTROL", 4);
  ASSERT_TRUE(this->WaitStatus(3, 3)) << "halted behind the last row";
  EXPECT_EQ(this->Get("STATUS") >> 24, 1U) << "current layer row";
  EXPECT_EQ(this->Read(this->Address("PERF_LAYER_CLOCKS") + 4).data,
            10U + C::kReadLatency + this->kFetch + drive + 1);
  this->Set("CONTROL", 4);
  ASSERT_TRUE(this->WaitStatus(3, 0));
  EXPECT_EQ(this->Get("IRQ_STATUS"), 5U);
  EXPECT_EQ(this->Get("IMAGES_DONE"), 1U);
  EXPECT_EQ(this->Get("PERF_BEATS"), 4U);
  EXPECT_EQ(this->Get("PERF_READS") + this->Get("PERF_SKIPPED"), 4U * C::kActBits);
  EXPECT_EQ(this->Get("PERF_CONVERSIONS"), this->Get("PERF_READS") * 4);
  ASSERT_EQ(this->result_.size(), 3U);
  EXPECT_EQ(this->result_[0], static_cast<std::int32_t>(this->result_[2]) >
                                      static_cast<std::int32_t>(this->result_[1])
                                  ? 1U
                                  : 0U);
  this->Set("IRQ_STATUS", 7);
  EXPECT_EQ(this->Get("IRQ_STATUS"), 0U);
  EXPECT_EQ(this->Get("STATUS") & 7, 0U);
}

// Errors of the tables end the run, whatever it is doing, and tell the row; the next run is whole.
TYPED_TEST(Registers, TableErrorsEndTheRun) {
  for (const bool in_record : {false, true}) {
    const std::string name = in_record ? "RECORD_INVALID" : "LAYER_INVALID";
    SCOPED_TRACE(name);
    this->WriteNetwork();
    if (in_record) {
      this->Write(this->TableAddress("RECORD", 0, 0), 2);  // LAST_PASS without LAST_STEP
    } else {
      this->Write(this->TableAddress("LAYER", 1, 0), 1);  // no kernels, no rows
    }
    this->Set("CONTROL", 1);
    this->SendImage(this->kHeight * this->kWidth * this->kChannels);
    ASSERT_TRUE(this->WaitStatus(1, 0));
    EXPECT_EQ(this->Get("STATUS") >> 16 & 0xFF, in_record ? 0U : 1U) << "layer row at the error";
    this->ExpectError(name);
    EXPECT_TRUE(this->document_.errors.at(name).fatal);
    EXPECT_EQ(this->Get("IMAGES_DONE"), 0U);
    this->WriteNetwork();
    this->Set("CONTROL", 1);
    this->SendImage(this->kHeight * this->kWidth * this->kChannels);
    ASSERT_TRUE(this->WaitStatus(1, 0));
    this->ExpectNoError();
    EXPECT_EQ(this->Get("IMAGES_DONE"), 1U);
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
