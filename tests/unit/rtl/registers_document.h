// SPDX-License-Identifier: Apache-2.0
// rtl/REGISTERS.md as data: what its tables say about registers, fields, tables and error codes.
// The document is the source of these numbers; the tests hold the chip, mcnn_pkg.sv and the host's
// headers to it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mcnn::rtl_test {

struct Field {
  int first_word, low, high;  // bits [high:low] of the word; [NumPe-1:0] has high -1
  int pes;                    // PEs of a word, from first_word on: 4 (bytes) or 2 (halves); or 0
  std::string name;           // with what follows it in the document
};
struct Register {
  std::uint32_t address = 0;
  std::string name, access, reset, bits;
  std::string words;          // parameter that says how many words it has; empty: one
  std::vector<Field> fields;  // those that have a name
};
struct ErrorCode {
  int code;
  std::string name;
  bool fatal;
};
struct Table {
  std::uint32_t base, stride;
  std::string name, rows, words;
};
struct Document {
  std::map<std::string, Register> registers;
  std::map<std::string, ErrorCode> errors;
  std::map<std::string, Table> tables;
  std::vector<Field> layer, record, entry;
  std::string text;
};

// The document that the build names.
Document ReadDocument();

}  // namespace mcnn::rtl_test
