// SPDX-License-Identifier: Apache-2.0
// mcnn_image_loader: the rows of a beat to lane, bank and word, none beyond the image; images of
// the wrong length dropped to their TLAST and reported once; flush at any time, and what the source
// does then: goes on, begins anew, or begins anew without a word.
#include "VImageLoaderCorner.h"
#include "VImageLoaderWide.h"
#include "VImageLoaderYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

template <class C>
class ImageLoader : public testing::Test {
 protected:
  struct Shape {
    int height, width, channels, pitch;
    int pixels() const { return height * width * channels; }
    int beats() const { return (height + C::kLoadRows - 1) / C::kLoadRows * width * channels; }
  };

  static Shape RandomShape(Rng& rng) {
    Shape s{};
    do {
      s.height = rng.Range(1, rng.Chance(30) ? C::kMaxDim : 10);
      s.width = rng.Range(1, rng.Chance(30) ? C::kMaxDim : 10);
      s.channels = rng.Range(1, 2 * C::kLanes + 1);
      s.pitch = (s.height + C::kRowBanks - 1) / C::kRowBanks * s.width;
    } while ((s.channels + C::kLanes - 1) / C::kLanes * s.pitch > C::kBankDepth);
    return s;
  }

  void Begin(Bench<typename C::Model>& dut) {
    dut->enable_i = 1;
    dut->flush_i = 0;
    dut->restart_i = 0;
    dut->take_i = 0;
    dut->s_axis_tvalid_i = 0;
    dut.Reset();
    memory_.assign(static_cast<std::size_t>(C::kLanes * C::kRowBanks * C::kBankDepth), -1);
    short_ = long_ = beyond_ = 0;
  }

  void SetShape(Bench<typename C::Model>& dut, const Shape& s) {
    dut->height_i = static_cast<CData>(s.height);
    dut->width_i = static_cast<CData>(s.width);
    dut->channels_i = static_cast<SData>(s.channels);
    dut->pitch_i = static_cast<SData>(s.pitch);
  }

  void Clock(Bench<typename C::Model>& dut) {
    dut.Edge();
    for (int row = 0; row < C::kLoadRows; ++row) {
      if (GetBits(dut->we_o, row, 1) == 0) continue;
      ASSERT_LT(dut->bank_o + row, C::kRowBanks) << "a row beyond the last bank";
      memory_[(dut->lane_o * C::kRowBanks + dut->bank_o + row) * C::kBankDepth + dut->addr_o] =
          static_cast<int>(GetBits(dut->data_o, row * C::kActBits, C::kActBits));
      ++writes_;
    }
    short_ += dut->short_o;
    long_ += dut->long_o;
    beyond_ += dut->beyond_o != 0 ? 1 : 0;
  }

  // Offers one beat until it is taken.
  void Send(Bench<typename C::Model>& dut, std::uint64_t beat, bool last, int gaps, Rng& rng) {
    while (rng.Chance(gaps)) {
      dut->s_axis_tvalid_i = 0;
      SetBits(dut->s_axis_tdata_i, 0, kBeatBits, rng.Bits(kBeatBits));
      dut->s_axis_tlast_i = static_cast<CData>(rng.Bits(1));
      Clock(dut);
    }
    dut->s_axis_tvalid_i = 1;
    SetBits(dut->s_axis_tdata_i, 0, kBeatBits, beat);
    dut->s_axis_tlast_i = last;
    for (int waited = 0;; ++waited) {
      ASSERT_LT(waited, 100) << "TREADY stays low";
      dut.Eval();
      const bool taken = dut->s_axis_tready_o != 0;
      Clock(dut);
      if (taken) break;
    }
    dut->s_axis_tvalid_i = 0;
  }

  // An image of `length` beats, TLAST on the last.
  std::vector<std::uint64_t> SendImage(Bench<typename C::Model>& dut, int length, int gaps,
                                       Rng& rng) {
    std::vector<std::uint64_t> beats(length);
    for (int i = 0; i < length && !testing::Test::HasFatalFailure(); ++i) {
      beats[i] = rng.Bits(kBeatBits);
      Send(dut, beats[i], i == length - 1, gaps, rng);
    }
    return beats;
  }

  // A good image, from an empty loader to its take.
  void GoodImage(Bench<typename C::Model>& dut, int gaps, Rng& rng) {
    const Shape s = RandomShape(rng);
    SetShape(dut, s);
    std::fill(memory_.begin(), memory_.end(), -1);
    const int errors = short_ + long_ + beyond_;
    writes_ = 0;
    const std::vector<std::uint64_t> beats = SendImage(dut, s.beats(), gaps, rng);
    ASSERT_FALSE(testing::Test::HasFatalFailure());
    ASSERT_EQ(dut->ready_o, 1);
    // The next image waits in front of the door.
    dut->s_axis_tvalid_i = 1;
    dut->s_axis_tlast_i = 1;
    for (int i = rng.Range(2, 5); i > 0; --i) {
      dut.Eval();
      ASSERT_EQ(dut->s_axis_tready_o, 0) << "TREADY while a loaded image waits";
      Clock(dut);
    }
    dut->s_axis_tvalid_i = 0;
    std::vector<int> expected(memory_.size(), -1);
    std::size_t i = 0;
    for (int c = 0; c < s.channels; ++c) {
      for (int top = 0; top < s.height; top += C::kLoadRows) {
        for (int x = 0; x < s.width; ++x, ++i) {
          for (int y = top; y < std::min(top + C::kLoadRows, s.height); ++y) {
            const int word = c / C::kLanes * s.pitch + y / C::kRowBanks * s.width + x;
            expected[(c % C::kLanes * C::kRowBanks + y % C::kRowBanks) * C::kBankDepth + word] =
                static_cast<int>(GetBits(beats[i], (y - top) * C::kActBits, C::kActBits));
          }
        }
      }
    }
    ASSERT_EQ(memory_, expected) << s.height << "x" << s.width << "x" << s.channels;
    ASSERT_EQ(writes_, s.pixels());
    ASSERT_EQ(short_ + long_ + beyond_, errors) << "a good image was reported";
    dut->take_i = 1;
    Clock(dut);
    dut->take_i = 0;
    ASSERT_EQ(dut->ready_o, 0);
  }

  int errors() const { return short_ + long_ + beyond_; }

  // A clock with flush_i and restart_i as given, in which a beat is offered or none is.
  void Pulse(Bench<typename C::Model>& dut, bool flush, bool restart, bool beat, bool last) {
    dut->flush_i = flush;
    dut->restart_i = restart;
    dut->s_axis_tvalid_i = beat;
    dut->s_axis_tdata_i = 1;
    dut->s_axis_tlast_i = last;
    dut.Eval();
    ASSERT_TRUE(!beat || dut->s_axis_tready_o != 0);
    Clock(dut);
    dut->flush_i = 0;
    dut->restart_i = 0;
    dut->s_axis_tvalid_i = 0;
  }

  static constexpr int kBeatBits = C::kLoadRows * C::kActBits;
  std::vector<int> memory_;
  int writes_ = 0, short_ = 0, long_ = 0, beyond_ = 0;
};

using Configurations = testing::Types<On<Yao2020, VImageLoaderYao2020>,
                                      On<Corner, VImageLoaderCorner>, On<Wide, VImageLoaderWide>>;
TYPED_TEST_SUITE(ImageLoader, Configurations);

// Random shapes, one image after the other, with and without gaps.
TYPED_TEST(ImageLoader, EveryPixelGoesToItsWord) {
  ForSeeds<typename TypeParam::Model>(4, [&](Rng& rng, auto& dut) {
    this->Begin(dut);
    ForRounds(30, [&](int image) { this->GoodImage(dut, image % 2 == 0 ? 0 : 50, rng); });
  });
}

// Every kind of wrong length, from one beat to twice the image: one report, no image, and the next
// image is whole.
TYPED_TEST(ImageLoader, ImagesOfTheWrongLengthAreDroppedAndReported) {
  ForSeed<typename TypeParam::Model>(5, [&](Rng& rng, auto& dut) {
    this->Begin(dut);
    ForRounds(120, [&](int) {
      typename TestFixture::Shape s;
      do {
        s = this->RandomShape(rng);
      } while (s.beats() < 2);
      this->SetShape(dut, s);
      const bool is_short = rng.Chance(50);
      const int by = rng.Chance(50) ? 1 : rng.Range(1, s.beats() - 1);
      const int shorts = this->short_, longs = this->long_;
      this->SendImage(dut, is_short ? s.beats() - by : s.beats() + by, rng.Chance(50) ? 0 : 30,
                      rng);
      if (testing::Test::HasFatalFailure()) return;
      for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(dut->ready_o, 0) << "a wrong image counts as loaded";
        this->Clock(dut);
      }
      ASSERT_EQ(this->short_ - shorts, is_short ? 1 : 0);
      ASSERT_EQ(this->long_ - longs, is_short ? 0 : 1);
      if (rng.Chance(60)) this->GoodImage(dut, 0, rng);
    });
  });
}

// Nothing is taken before a run; a flush drops a loaded image, and the rest of one that is on its
// way.
TYPED_TEST(ImageLoader, FlushDropsWhatIsLoadedOrLoading) {
  ForSeed<typename TypeParam::Model>(6, [&](Rng& rng, auto& dut) {
    this->Begin(dut);
    ForRounds(150, [&](int) {
      dut->enable_i = 0;
      dut->s_axis_tvalid_i = 1;
      dut->s_axis_tlast_i = static_cast<CData>(rng.Bits(1));
      for (int i = rng.Below(3); i > 0; --i) {
        dut.Eval();
        ASSERT_EQ(dut->s_axis_tready_o, 0) << "TREADY without a run";
        this->Clock(dut);
      }
      dut->s_axis_tvalid_i = 0;
      dut->enable_i = 1;
      const auto s = this->RandomShape(rng);
      this->SetShape(dut, s);
      const int sent = rng.Range(0, s.beats());
      for (int i = 0; i < sent; ++i)
        this->Send(dut, rng.Below(4), i == s.beats() - 1, rng.Chance(50) ? 0 : 30, rng);
      ASSERT_FALSE(testing::Test::HasFatalFailure());
      int taken = sent;
      // The flush comes between two beats or with one.
      dut->flush_i = 1;
      dut->s_axis_tvalid_i = taken < s.beats() && rng.Chance(50);
      dut->s_axis_tlast_i = taken == s.beats() - 1;
      dut.Eval();
      if (dut->s_axis_tvalid_i != 0 && dut->s_axis_tready_o != 0) ++taken;
      const int errors = this->short_ + this->long_ + this->beyond_;
      this->Clock(dut);
      dut->flush_i = 0;
      dut->s_axis_tvalid_i = 0;
      ASSERT_EQ(dut->ready_o, 0);
      // The rest is taken and dropped, whether a run is going on or not.
      dut->enable_i = rng.Chance(50);
      if (taken > 0 && taken < s.beats()) {
        this->writes_ = 0;
        this->Clock(dut);
        this->writes_ = 0;
        for (; taken < s.beats(); ++taken) this->Send(dut, 1, taken == s.beats() - 1, 20, rng);
        if (testing::Test::HasFatalFailure()) return;
        ASSERT_EQ(this->writes_, 0) << "the rest of a dropped image was stored";
        ASSERT_EQ(dut->ready_o, 0);
      }
      this->Clock(dut);
      ASSERT_EQ(this->short_ + this->long_ + this->beyond_, errors)
          << "a flushed image was reported";
      dut->enable_i = 1;
      this->GoodImage(dut, 20, rng);
    });
  });
}

// A flush in every clock of a load, first and last beat included, between two beats and with one.
// The source sends the rest; or is stopped and said to be (with the flush or later); or is stopped
// and sends an image as if nothing had been: the only one that is reported. The next image is
// whole.
TYPED_TEST(ImageLoader, FlushInEveryClockAndWhatTheSourceDoesThen) {
  using C = TypeParam;
  enum class Source { kGoesOn, kStoppedWithTheFlush, kStoppedLater, kStoppedWithoutAWord };
  Rng rng(8);
  Bench<typename C::Model> dut(8);
  this->Begin(dut);
  const typename ImageLoader<C>::Shape s{3, 2, 2, 2};
  for (const Source source : {Source::kGoesOn, Source::kStoppedWithTheFlush, Source::kStoppedLater,
                              Source::kStoppedWithoutAWord}) {
    for (int before = 0; before <= s.beats(); ++before) {
      for (const bool pixel : {false, true}) {
        if (pixel && before == s.beats()) continue;
        SCOPED_TRACE(testing::Message()
                     << "source " << static_cast<int>(source) << ", " << before
                     << " beats before the flush" << (pixel ? ", one with it" : ""));
        this->SetShape(dut, s);
        dut->enable_i = 1;
        for (int i = 0; i < before; ++i) this->Send(dut, 1, i == s.beats() - 1, 0, rng);
        const int errors = this->errors();
        const bool restart = source == Source::kStoppedWithTheFlush;
        const int taken = before + (pixel ? 1 : 0);
        this->Pulse(dut, true, restart, pixel, taken == s.beats());
        ASSERT_EQ(dut->ready_o, 0);
        const bool within = taken > 0 && taken < s.beats();
        ASSERT_EQ(dut->drop_o != 0, within && !restart);
        dut->enable_i = 0;
        dut.Eval();
        ASSERT_EQ(dut->s_axis_tready_o, dut->drop_o) << "without a run only what is dropped";
        this->Clock(dut);
        this->writes_ = 0;
        int reported = 0;
        if (source == Source::kGoesOn && within) {
          for (int i = taken; i < s.beats(); ++i) {
            ASSERT_EQ(dut->drop_o, 1);
            this->Send(dut, 2, i == s.beats() - 1, 20, rng);
          }
        } else if (source == Source::kStoppedLater) {
          this->Pulse(dut, false, true, false, false);
        } else if (source == Source::kStoppedWithoutAWord && within) {
          dut->enable_i = 1;
          this->SendImage(dut, s.beats(), 0, rng);
          reported = 1;
        }
        if (testing::Test::HasFatalFailure()) return;
        for (int i = 0; i < 2; ++i) this->Clock(dut);
        ASSERT_EQ(this->writes_, 0) << "beats of a dropped image were stored";
        ASSERT_EQ(dut->ready_o, 0);
        ASSERT_EQ(dut->drop_o, 0);
        ASSERT_EQ(this->errors() - errors, reported);
        dut->enable_i = 1;
        this->GoodImage(dut, 20, rng);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

// In a run that goes on: what has begun is forgotten, also an image that is too long; one that is
// whole stays, also one that becomes whole in that clock.
TYPED_TEST(ImageLoader, RestartForgetsWhatIsNotWhole) {
  using C = TypeParam;
  Rng rng(9);
  Bench<typename C::Model> dut(9);
  this->Begin(dut);
  const typename ImageLoader<C>::Shape s{2, 5, 1, 5};
  for (int before = 0; before <= s.beats() + 2; ++before) {
    for (const bool pixel : {false, true}) {
      for (const bool last : {false, true}) {
        SCOPED_TRACE(testing::Message() << before << " beats before" << (pixel ? ", one with" : "")
                                        << (last ? ", TLAST" : ", no TLAST"));
        const int taken = before + (pixel ? 1 : 0);
        if (last && pixel && taken != s.beats()) continue;
        if (last && !pixel && before != s.beats()) continue;
        if (pixel && before == s.beats()) continue;
        this->SetShape(dut, s);
        for (int i = 0; i < before; ++i) this->Send(dut, 1, last && i == s.beats() - 1, 0, rng);
        this->Clock(dut);
        const int errors = this->errors();
        this->Pulse(dut, false, true, pixel, last);
        if (testing::Test::HasFatalFailure()) return;
        ASSERT_EQ(dut->ready_o, last && taken == s.beats() ? 1 : 0);
        ASSERT_EQ(dut->drop_o, 0);
        if (!(pixel && taken == s.beats() && !last)) {
          this->Clock(dut);
          ASSERT_EQ(this->errors(), errors);
        }
        if (dut->ready_o != 0) {
          dut->take_i = 1;
          this->Clock(dut);
          dut->take_i = 0;
        }
        this->Clock(dut);
        this->GoodImage(dut, 20, rng);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

// The image that just fits the banks is not reported, a word more is.
TYPED_TEST(ImageLoader, ReportsAnImageThatDoesNotFit) {
  using C = TypeParam;
  for (const int extra : {0, 1}) {
    Rng rng(7);
    Bench<typename C::Model> dut(7);
    this->Begin(dut);
    typename ImageLoader<C>::Shape s{C::kRowBanks, 4, 2 * C::kLanes, C::kBankDepth - 4 + extra};
    this->SetShape(dut, s);
    this->SendImage(dut, s.beats(), 0, rng);
    this->Clock(dut);
    EXPECT_EQ(this->beyond_ > 0, extra > 0);
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
