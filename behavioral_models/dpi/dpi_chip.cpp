// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/dpi/dpi_chip.h"

#include <fmt/format.h>
#include <svdpi.h>

#include <array>
#include <bit>
#include <cstring>

#include "common/error.h"

namespace mcnn {

DpiChip::DpiChip(std::span<Macro> macros) {
  for (Macro& macro : macros) {
    ports_.push_back({&macro, static_cast<unsigned>(macro.shape().adc_lanes),
                      static_cast<unsigned>(macro.shape().adc_bits)});
  }
}

void* DpiChip::user_key() {
  static char key;
  return &key;
}

DpiChip::Port* DpiChip::port(unsigned pe) { return pe < ports_.size() ? &ports_[pe] : nullptr; }

void DpiChip::begin_image() {
  for (const Port& port : ports_) port.macro->begin_image(next_image_);
  ++next_image_;
}

void DpiChip::begin_program() {
  for (const Port& port : ports_) port.macro->begin_programming();
}

void DpiChip::set_layer(std::uint32_t layer) {
  for (const Port& port : ports_) port.macro->set_layer(static_cast<int>(layer));
}

void DpiChip::Port::read(const std::uint32_t* pulses, std::uint32_t first_line, std::uint32_t count,
                         std::uint32_t range, std::uint32_t* codes) const {
  constexpr unsigned kMaxLanes = 256;
  std::array<std::uint16_t, kMaxLanes> lines;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const unsigned converted = count < kMaxLanes ? count : kMaxLanes;
  macro->read({pulses, macro->pulse_words()}, static_cast<int>(first_line), static_cast<int>(count),
              static_cast<int>(range), std::span(lines).first(converted));
  std::memset(codes, 0xFF, ((adc_lanes * adc_bits) + 31) / 32 * sizeof(*codes));
  unsigned lane = first_line % adc_lanes;
  if (std::endian::native == std::endian::little && adc_bits == 8) {
    auto* bytes = reinterpret_cast<std::uint8_t*>(codes);
    for (unsigned i = 0; i < converted; ++i) {
      bytes[lane] = static_cast<std::uint8_t>(lines[i]);
      lane = lane + 1 == adc_lanes ? 0 : lane + 1;
    }
    return;
  }
  for (unsigned i = 0; i < converted; ++i) {
    for (unsigned b = 0; b < adc_bits; ++b) {
      const unsigned bit = (lane * adc_bits) + b;
      const std::uint32_t mask = 1U << (bit % 32);
      codes[bit / 32] =
          (lines[i] >> b & 1U) != 0 ? codes[bit / 32] | mask : codes[bit / 32] & ~mask;
    }
    lane = lane + 1 == adc_lanes ? 0 : lane + 1;
  }
}

void DpiChip::Port::pulse(std::uint32_t source_line, const std::uint32_t* pulses, bool set,
                          std::uint32_t amplitude) const {
  int bit_line = 0;
  int found = 0;
  for (std::size_t word = 0; word < macro->pulse_words(); ++word) {
    found += std::popcount(pulses[word]);
    if (pulses[word] != 0) {
      bit_line = static_cast<int>(32 * word) + std::countr_zero(pulses[word]);
    }
  }
  if (found != 1) {
    throw Error(fmt::format(
        "macro: bit lines of a programming pulse: found {}, allowed: exactly one", found));
  }
  macro->pulse(static_cast<int>(source_line), bit_line, set, static_cast<int>(amplitude));
}

}  // namespace mcnn

// The functions that tb/*.sv import.
extern "C" {

void* c_dpi_chip_open() { return svGetUserData(svGetScope(), mcnn::DpiChip::user_key()); }

void c_dpi_chip_begin_image(void* chip) { static_cast<mcnn::DpiChip*>(chip)->begin_image(); }

void c_dpi_chip_begin_program(void* chip) { static_cast<mcnn::DpiChip*>(chip)->begin_program(); }

void c_dpi_chip_set_layer(void* chip, unsigned layer) {
  static_cast<mcnn::DpiChip*>(chip)->set_layer(layer);
}

void c_dpi_chip_clock(void* chip, unsigned layer, unsigned events, unsigned long long columns,
                      unsigned long long active, unsigned long long strobes,
                      unsigned long long segments, unsigned pool_reads,
                      const svBitVecVal* map_reads, const svBitVecVal* pool_writes,
                      const svBitVecVal* image_write) {
  static_cast<mcnn::DpiChip*>(chip)->clock({layer, events, columns, active, strobes, segments,
                                            pool_reads, map_reads, pool_writes, image_write});
}

void* c_dpi_macro_open(unsigned pe) {
  return static_cast<mcnn::DpiChip*>(svGetUserData(svGetScope(), mcnn::DpiChip::user_key()))
      ->port(pe);
}

void c_dpi_macro_pulse(void* macro, unsigned source_line, const svBitVecVal* pulses, svBit set,
                       unsigned amplitude) {
  static_cast<const mcnn::DpiChip::Port*>(macro)->pulse(source_line, pulses, set != 0, amplitude);
}

void c_dpi_macro_read(void* macro, const svBitVecVal* pulses, unsigned first_line, unsigned count,
                      unsigned range_code, svBitVecVal* codes) {
  static_cast<const mcnn::DpiChip::Port*>(macro)->read(pulses, first_line, count, range_code,
                                                       codes);
}
}
