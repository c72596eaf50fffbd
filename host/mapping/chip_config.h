// SPDX-License-Identifier: Apache-2.0
// The parameters of a chip, as in constraints/<name>.params: what the mapper may use and what the
// models assume.
#pragma once

#include <string>
#include <string_view>

namespace mcnn {

struct ChipConfig {
  std::string name;
  int num_pe = 8;          // processing elements, one array each
  int windows = 1;         // windows that a read sums; each has kernel_max^2 bit lines
  int lanes = 2;           // channels of a feature-map word, kernels of a clock in reduce
  int kernel_max = 4;      // rows and columns of a window
  int num_sl = 128;        // source lines of an array
  int num_adc = 32;        // ADC lanes of an array; a pass computes up to num_adc/2 kernels
  int adc_bits = 8;        // bits of a code
  int act_bits = 8;        // bits of a pixel
  int psum_bits = 24;      // bits of a partial sum, signed
  int row_banks = 8;       // row banks of a feature-map buffer, rows of a fetched column
  int bank_depth = 256;    // words of a bank, `lanes` pixels each
  int num_buffers = 3;     // feature-map buffers; with 4 a row can add to what its output holds
  int load_rows = 1;       // rows of a column that a beat of the image stream carries
  int max_dim = 32;        // rows or columns of a map
  int num_layers = 16;     // rows of the layer table
  int num_records = 128;   // rows of the step record table
  int num_bias_rows = 64;  // rows of the bias table, `lanes` kernels each
  int num_logits = 64;     // logits of a result
  int num_entries = 64;    // programming entries of a PE's list
  int read_latency = 1;    // clocks from read strobe to codes
  int read_clocks = 1;     // clocks that one bit-plane read takes

  int window_lines() const { return kernel_max * kernel_max; }  // bit lines of a window
  int num_bl() const { return windows * window_lines(); }       // of an array
  int max_kernels() const { return num_adc / 2; }        // kernels of a pass, pairs of a read
  int named_buffers() const { return num_buffers - 1; }  // the other one loads
  int words_of_kernels(int kernels) const { return (kernels + lanes - 1) / lanes; }
  // 32-bit words of a layer row and of a step record.
  int layer_words() const { return 8 + (num_pe + 3) / 4 + (num_pe > 32 ? 1 : 0); }
  int record_words() const { return 2 + (num_pe + 1) / 2; }

  bool operator==(const ChipConfig&) const = default;
};

// Reads lines "Name=Value"; empty lines and lines that begin with # are ignored. Every parameter
// may be left out (ActBits and KernelMax usually are) and then has the value above.
// Throws Error with name and line for unknown or repeated names, bad numbers and values that no
// chip can have.
ChipConfig chip_config_from_params(std::string_view text, std::string_view name);
// Reads the file; the configuration is called like the file without ".params".
ChipConfig load_chip_config(const std::string& path);

// One parameter a line, "Name=Value", in the form that chip_config_from_params reads.
std::string to_params(const ChipConfig& config);
// "8 PEs of 16 x 128 cells, 32 ADC lanes of 8 bits, ..." on one line.
std::string describe(const ChipConfig& config);
// Empty when equal, otherwise "NumPe: 8 and 2; NumSl: 128 and 32" (a and b). Names are not
// compared.
std::string differences(const ChipConfig& a, const ChipConfig& b);

}  // namespace mcnn
