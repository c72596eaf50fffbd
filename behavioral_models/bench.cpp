// SPDX-License-Identifier: Apache-2.0
// Speed of the macro model on this machine: ns a Gaussian, ns a read one by one and plane by plane,
// for each variant of the kernels; with every non-ideality, what programming costs; ms to solve
// wires. CPU time of this thread, best of several runs. mcnn_models_bench
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <span>
#include <vector>

#include "behavioral_models/macro.h"
#include "behavioral_models/wire_network.h"

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + (1e-9 * static_cast<double>(now.tv_nsec));
}

// ns an event of `run`, which makes `events` of them.
double nanoseconds(double events, const std::function<void()>& run) {
  double best = 1e9;
  for (int repetition = 0; repetition < 7; ++repetition) {
    const double start = cpu_seconds();
    run();
    best = std::min(best, cpu_seconds() - start);
  }
  return best * 1e9 / events;
}

mcnn::DeviceCard noisy_card() {
  mcnn::DeviceCard card;
  card.name = "bench";
  card.g_min_uS = 2.0;
  card.g_max_uS = 20.0;
  card.programming_sigma_uS = 0.4;
  card.read_noise = 0.01;
  card.adc_sigma_codes = 0.4;
  return card;
}

// Cells that do not wear out while they are measured.
mcnn::DeviceCard everything() {
  mcnn::DeviceCard card = mcnn::load_device_card(MCNN_EVERYTHING_CARD);
  card.endurance_pulses = 1e9;
  return card;
}

// Programming, time and wires, with every non-ideality on.
void print_programming(std::span<const std::uint8_t> levels,
                       std::span<const std::array<std::uint32_t, 8>> planes, double reads) {
  mcnn::DeviceCard card = everything();
  mcnn::Macro macro({}, card, 1, 0);
  macro.program(levels);
  std::array<std::uint16_t, 32> codes{};
  const auto each_cell = [&](const auto& act) {
    macro.begin_programming();
    for (int line = 0; line < 128; ++line) {
      for (int bit = 0; bit < 16; ++bit) act(line, bit);
    }
  };
  const double pulse = nanoseconds(2048, [&] {
    each_cell([&](int line, int bit) { macro.pulse(line, bit, bit % 2 == 0, 3); });
  });
  const double pulse_and_read = nanoseconds(2048, [&] {
    each_cell([&](int line, int bit) {
      macro.pulse(line, bit, bit % 2 == 0, 3);
      macro.read(1U << bit, line, 1, 5, codes);
    });
  });
  const double elapse = nanoseconds(1, [&] { macro.elapse(1.0, 1.0); });
  fmt::print(
      "\nevery non-ideality on: {:.0f} ns a pulse, {:.0f} ns a pulse and a verify read, "
      "{:.2f} ms for time to pass\n",
      pulse, pulse_and_read, elapse * 1e-6);
  for (const int count : {16, 24, 32}) {
    const double solve = nanoseconds(1, [&] {
      macro.pulse(100, 0, true, 0);
      macro.read(1, 96, count, 1, codes);
    });
    std::array<std::int32_t, 16> sums{};
    const double read = nanoseconds(reads, [&] {
      macro.begin_image(0);
      for (const auto& vector : planes) macro.read_planes(vector, 96, count, 1, sums);
    });
    fmt::print("{} lines: {:.2f} ms to solve the wires of a window, {:.1f} ns a read in planes\n",
               count, solve * 1e-6, read);
  }
}

// Cells of 2 to 40 uS, half of the inputs driven, 1 ohm a segment.
void wires() {
  std::uint64_t state = 1;
  const auto next = [&state] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state >> 33) / 2147483648.0;
  };
  mcnn::WireMatrix cells(128, 16);
  mcnn::WireMatrix inputs(128, 24);
  for (double& cell : cells.values) cell = 2e-6 + 38e-6 * next();
  for (double& input : inputs.values) input = next() < 0.5 ? 0.0 : 0.2;
  std::vector<double> array(std::size_t{128} * 16);
  for (double& cell : array) cell = 2.0 + 38.0 * next();

  fmt::print("\nwires: ms to solve\n");
  for (const mcnn::WireTopology topology :
       {mcnn::WireTopology::kCrossbar, mcnn::WireTopology::kGated}) {
    fmt::print("  24 vectors on 128 x 16, {:32}{:8.3f}\n", mcnn::wire_topology_name(topology),
               1e-6 * nanoseconds(1.0, [&] {
                 mcnn::wire_currents(cells, inputs, 1.0, topology, {0, cells.columns});
               }));
  }
  for (const int count : {1, 16, 20, 24, 32, 128}) {
    fmt::print("  effective conductances of a window of 16 x {:<10}{:8.4f}\n", count,
               1e-6 * nanoseconds(10.0, [&] {
                 for (int run = 0; run < 10; ++run) {
                   mcnn::effective_conductances(std::span<const double>(array), 16, 1.0,
                                                {128 - count, count});
                 }
               }));
  }
}

}  // namespace

int main() {
  constexpr int kVectors = 4096;
  constexpr int kPlanes = 8;
  // Windows of 3x3 pixels of 8 bits on bit lines 4 * column + row, a third of the pixels 0, as in a
  // feature map.
  std::vector<std::array<std::uint32_t, kPlanes>> planes(kVectors);
  std::uint64_t state = 1;
  const auto next = [&state] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<unsigned>(state >> 33);
  };
  double reads = 0;
  double pulses = 0;
  for (auto& vector : planes) {
    vector.fill(0);
    for (int pixel = 0; pixel < 9; ++pixel) {
      const unsigned value = next() % 3 == 0 ? 0 : next() % 256;
      for (int plane = 0; plane < kPlanes; ++plane) {
        if ((value >> (kPlanes - 1 - plane) & 1U) != 0) {
          vector[static_cast<std::size_t>(plane)] |= 1U << (4 * (pixel / 3) + pixel % 3);
        }
      }
    }
    for (const std::uint32_t plane : vector) {
      reads += plane != 0 ? 1 : 0;
      pulses += __builtin_popcount(plane);
    }
  }
  std::vector<std::uint8_t> levels(std::size_t{128} * 16);
  for (auto& level : levels) level = static_cast<std::uint8_t>(next() % 8);

  fmt::print("{} reads of {} vectors, {:.1f} driven bit lines a read; 3x3 windows, 8 planes\n\n",
             reads, kVectors, pulses / reads);
  fmt::print("{:10}{:>14}{:>7}{:>16}{:>16}{:>16}\n", "kernels", "ns a Gaussian", "lines",
             "ns a read()", "ns in planes", "planes, ideal");
  for (const mcnn::Kernels& kernels : mcnn::supported_kernels()) {
    std::vector<float> out(mcnn::kGaussianBatch);
    const double gaussian = nanoseconds(1000.0 * mcnn::kGaussianBatch, [&] {
      for (std::uint32_t batch = 0; batch < 1000; ++batch) {
        kernels.gaussians({{1, 2}, {3, 4, 5}}, batch * mcnn::kGaussianBlocks, out.data());
      }
    });
    mcnn::DeviceCard ideal;
    ideal.name = "ideal";
    for (const int count : {16, 20, 24, 32}) {
      // Eight PEs in turn, with four windows each, as a chip model walks them.
      std::vector<mcnn::Macro> macros;
      std::vector<mcnn::Macro> exact;
      for (int pe = 0; pe < 8; ++pe) {
        macros.emplace_back(mcnn::MacroShape{}, noisy_card(), 1, pe, kernels).program(levels);
        exact.emplace_back(mcnn::MacroShape{}, ideal, 1, pe, kernels).program(levels);
      }
      std::array<std::uint16_t, 32> codes{};
      std::array<std::int32_t, 16> sums{};
      const auto each_vector = [&](std::vector<mcnn::Macro>& array, const auto& act) {
        for (mcnn::Macro& macro : array) macro.begin_image(0);
        for (std::size_t i = 0; i < planes.size(); ++i) {
          act(array[i % 8], planes[i], static_cast<int>(i / 8 % 4) * 32);
        }
      };
      const auto one_by_one = [&](mcnn::Macro& macro, const auto& vector, int line) {
        for (const std::uint32_t plane : vector) {
          if (plane != 0) macro.read(plane, line, count, 1, codes);
        }
      };
      const auto all_planes = [&](mcnn::Macro& macro, const auto& vector, int line) {
        macro.read_planes(vector, line, count, 1, sums);
      };
      const double single = nanoseconds(reads, [&] { each_vector(macros, one_by_one); });
      const double batched = nanoseconds(reads, [&] { each_vector(macros, all_planes); });
      const double quiet = nanoseconds(reads, [&] { each_vector(exact, all_planes); });
      fmt::print("{:10}{:14.2f}{:7}{:16.1f}{:16.1f}{:16.1f}\n", kernels.name, gaussian, count,
                 single, batched, quiet);
    }
  }
  print_programming(levels, planes, reads);
  wires();
  return 0;
}
