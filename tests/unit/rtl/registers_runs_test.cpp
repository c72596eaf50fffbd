// SPDX-License-Identifier: Apache-2.0
// The registers while the chip works: what begins a run, what is locked, error codes and what each
// of them does to the run, as rtl/REGISTERS.md has it.
#include "registers_fixture.h"

namespace mcnn::rtl_test {
namespace {

template <class C>
class RegistersInRuns : public Registers<C> {};
TYPED_TEST_SUITE(RegistersInRuns, ChipConfigurations);

// START refuses a set-up outside the parameters, and takes the smallest and the largest one inside.
TYPED_TEST(RegistersInRuns, SetupLimits) {
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
TYPED_TEST(RegistersInRuns, BusyLocksTheSetup) {
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
TYPED_TEST(RegistersInRuns, ProgramSetupLimits) {
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
TYPED_TEST(RegistersInRuns, ProgrammingLocksTheSetup) {
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
TYPED_TEST(RegistersInRuns, StartAndProgramInOneWrite) {
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
TYPED_TEST(RegistersInRuns, AProgrammingRunFromStartToDone) {
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
TYPED_TEST(RegistersInRuns, ARunFromStartToDone) {
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
  // The image was loaded into buffer 2, the next one goes to buffer 0; the row wrote to buffer 1.
  EXPECT_EQ(this->Get("BUFFERS"), 2U | 1U << 2 | 0U << 4);
  std::size_t i = 0;
  for (int c = 0; c < this->kChannels; ++c) {
    for (int y = 0; y < this->kHeight; ++y) {
      for (int x = 0; x < this->kWidth; ++x) {
        const int bank = y % C::kRowBanks;
        const int word = y / C::kRowBanks * this->kWidth + x;
        const int address =
            static_cast<int>(this->document_.tables.at("FMAP").base) +
            4 * (((2 * C::kLanes + c) * (C::kRowBanks / 4) + bank / 4) * C::kBankDepth + word);
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
TYPED_TEST(RegistersInRuns, TableErrorsEndTheRun) {
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
