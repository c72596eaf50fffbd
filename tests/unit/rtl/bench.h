// SPDX-License-Identifier: Apache-2.0
// What the unit tests of the RTL share: a Verilated module with a clock and random contents at
// reset, a seeded random generator, and access to slices of ports of any width.
#pragma once

#include <gtest/gtest.h>
#include <verilated.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "configurations.h"

namespace mcnn::rtl_test {

// Random numbers, the same on every machine: no distribution of the C++ library.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t Bits(int width) { return width == 0 ? 0 : engine_() >> (64 - width); }
  int Below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  int Range(int low, int high) { return low + Below(high - low + 1); }  // both included
  bool Chance(int percent) { return Below(100) < percent; }

 private:
  std::mt19937_64 engine_;
};

inline std::uint64_t Mask(int width) {
  return width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

// The low `width` bits of `value` as a signed number.
inline std::int64_t SignExtend(std::uint64_t value, int width) {
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  return static_cast<std::int64_t>(((value & Mask(width)) ^ sign) - sign);
}

// port[low +: width], width at most 32.
template <class Port>
std::uint32_t GetBits(const Port& port, int low, int width) {
  if constexpr (std::is_integral_v<Port>) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(port) >> low) & Mask(width));
  } else {
    const std::size_t word = static_cast<std::size_t>(low) / 32;
    const int shift = low % 32;
    std::uint64_t pair = port[word];
    if (shift + width > 32) pair |= static_cast<std::uint64_t>(port[word + 1]) << 32;
    return static_cast<std::uint32_t>((pair >> shift) & Mask(width));
  }
}

template <class Port>
void SetBits(Port& port, int low, int width, std::uint64_t value) {
  value &= Mask(width);
  if constexpr (std::is_integral_v<Port>) {
    const std::uint64_t cleared = static_cast<std::uint64_t>(port) & ~(Mask(width) << low);
    port = static_cast<Port>(cleared | (value << low));
  } else {
    const std::size_t word = static_cast<std::size_t>(low) / 32;
    const int shift = low % 32;
    const std::uint64_t mask = Mask(width) << shift;
    std::uint64_t pair = port[word];
    if (shift + width > 32) pair |= static_cast<std::uint64_t>(port[word + 1]) << 32;
    pair = (pair & ~mask) | (value << shift);
    port[word] = static_cast<std::uint32_t>(pair);
    if (shift + width > 32) port[word + 1] = static_cast<std::uint32_t>(pair >> 32);
  }
}

// 0 in the low `width` bits of a port.
template <class Port>
void Clear(Port& port, int width) {
  for (int low = 0; low < width; low += 32)
    SetBits(port, low, width - low < 32 ? width - low : 32, 0);
}

// Random bits in the low `width` bits of a port.
template <class Port>
void Randomize(Port& port, int width, Rng& rng) {
  for (int low = 0; low < width; low += 32) {
    const int n = width - low < 32 ? width - low : 32;
    SetBits(port, low, n, rng.Bits(n));
  }
}

// A Verilated module. A clock is: set inputs, Eval() where combinational outputs are read, Edge().
template <class Model>
class Bench {
 public:
  // What registers without a reset and memories begin with.
  enum class Fill { kZeros = 0, kOnes = 1, kRandom = 2 };

  // Random contents depend on the seed.
  explicit Bench(std::uint64_t seed, Fill fill = Fill::kRandom) {
    context_.randReset(static_cast<int>(fill));
    context_.randSeed(static_cast<int>(seed % 0x7FFF'FFFF) + 1);
    context_.fatalOnError(true);
    model_ = std::make_unique<Model>(&context_, "dut");
  }
  ~Bench() {
    model_->final();
    // A model that goes says so to the context of the model that was evaluated last.
    Verilated::threadContextp(&context_);
    model_.reset();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Model* operator->() { return model_.get(); }

  // Inputs keep what they are set to; modules without a reset only see a few clocks.
  void Reset() {
    if constexpr (requires(Model & m) { m.rst_ni; }) {
      model_->rst_ni = 1;
      model_->clk_i = 0;
      model_->eval();
      model_->rst_ni = 0;
      model_->eval();
      Edge();
      Edge();
      model_->rst_ni = 1;
      model_->eval();
    } else {
      Edge();
    }
    clocks_ = 0;
  }

  void Eval() { model_->eval(); }

  // The rising edge; registered outputs are new afterwards.
  void Edge() {
    model_->clk_i = 0;
    model_->eval();
    model_->clk_i = 1;
    model_->eval();
    model_->clk_i = 0;
    model_->eval();
    if (++clocks_ > limit_) {
      throw std::runtime_error(std::string("the test waits for something that does not come: ")
                                   .append(std::to_string(limit_))
                                   .append(" clocks (Limit)"));
    }
  }

  // Every test is bounded: more clocks than this throw.
  void Limit(int clocks) { limit_ = clocks; }
  int clocks() const { return clocks_; }

 private:
  VerilatedContext context_;
  std::unique_ptr<Model> model_;
  int clocks_ = 0;
  int limit_ = 1'000'000;
};

// What a typed test runs on: the constants of a configuration, and the module that was Verilated
// with them.
template <class Constants, class Verilated>
struct On : Constants {
  using Model = Verilated;
};

// A suite of typed tests without a fixture, and what its tests run on.
#define MCNN_SUITE(Suite, ...)                               \
  template <class C>                                         \
  class Suite : public testing::Test {};                     \
  using Suite##Configurations = testing::Types<__VA_ARGS__>; \
  TYPED_TEST_SUITE(Suite, Suite##Configurations)

// A test with one seed: body(rng, dut); the seed is printed with a failure.
template <class Model, class Body>
void ForSeed(std::uint64_t seed, Body body) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Rng rng(seed);
  Bench<Model> dut(seed);
  body(rng, dut);
}

// A test with seeds 1..count, each with a module of its own; after a failure that is fatal no other
// begins.
template <class Model, class Body>
void ForSeeds(std::uint64_t count, Body body) {
  for (std::uint64_t seed = 1; seed <= count && !testing::Test::HasFatalFailure(); ++seed) {
    ForSeed<Model>(seed, body);
  }
}

// The rounds of a test, 0..count-1: body(round); the round is printed with a failure, and after one
// no other begins.
template <class Body>
void ForRounds(int count, Body body) {
  for (int round = 0; round < count && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    body(round);
  }
}

}  // namespace mcnn::rtl_test
