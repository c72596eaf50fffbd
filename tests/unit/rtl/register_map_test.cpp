// SPDX-License-Identifier: Apache-2.0
// One register map. rtl/REGISTERS.md is its source; mcnn_pkg.sv has its numbers for the chip,
// registers.h and registers.cpp for the host, and program_fields.h the fields of the table rows.
// Their texts are read: every number of one side must be on the other, with the same value. What
// the chip does at these addresses is held to the document in registers_test.cpp.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdint>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "registers_document.h"

namespace mcnn::rtl_test {
namespace {

using Numbers = std::map<std::string, std::string>;  // name to "64", or to bits "[7:0]"

std::string TextOf(const std::string& path) {
  std::ifstream file(std::string(MCNN_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Bits(int high, int low) {
  return std::string("[") + std::to_string(high) + ":" + std::to_string(low) + "]";
}
std::string BitsOf(const Field& field) { return Bits(field.high, field.low); }

// ------------------------------------------------------------------------------------------------
// what the texts say

// Of 0x40, 32'h4D43_4E4E, 4'd3, 17, 1u << 2, or {low, width}; the width may be a name from before.
std::string ValueOf(const std::string& expression, const Numbers& known) {
  const std::string text = std::regex_replace(expression, std::regex("[_ ]"), "");
  std::smatch match;
  if (std::regex_match(text, match, std::regex("1u<<([0-9]+)"))) {
    return Bits(std::stoi(match[1]), std::stoi(match[1]));
  }
  if (std::regex_match(text, match, std::regex(R"(\{([0-9]+),(\w+)\})"))) {
    const int low = std::stoi(match[1]);
    const int width = std::stoi(known.contains(match[2]) ? known.at(match[2]) : match[2].str());
    return Bits(low + width - 1, low);
  }
  if (std::regex_match(text, match, std::regex("(?:0x|[0-9]+'h)([0-9A-Fa-f]+)"))) {
    return std::to_string(std::stoul(match[1], nullptr, 16));
  }
  if (std::regex_match(text, match, std::regex("(?:[0-9]+'d)?([0-9]+)"))) return match[1];
  return "not understood: " + expression;
}

// What the pattern finds, its first group the name, its second the value.
Numbers Collect(const std::string& text, const std::string& pattern) {
  Numbers numbers;
  const std::regex regex(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    const bool is_new = numbers.emplace((*it)[1], ValueOf((*it)[2], numbers)).second;
    EXPECT_TRUE(is_new) << (*it)[1] << " is there twice";
  }
  return numbers;
}

Numbers OfPackage(const std::string& text) {
  return Collect(text, R"(localparam[^=;]* (\w+) *= ([^;]+);)");
}

Numbers OfHeader(const std::string& text) {
  const std::size_t errors = text.find("enum class ChipError");
  Numbers numbers =
      Collect(text.substr(0, errors), R"(inline constexpr \w+ (\w+)(?: = |(?=\{))([^;]+);)");
  for (const auto& [name, value] : Collect(text.substr(errors), R"((k\w+) = ([0-9]+),)")) {
    numbers["ChipError::" + name] = value;
  }
  return numbers;
}

// LayerField{"FINAL", 0, {0, 1}, ...}: fields by "word name"; and the fields of every PE.
Numbers OfChipProgram(const std::string& text) {
  Numbers numbers;
  const std::regex field(R"re((Layer|Record)Field\{"(\w+)", *([0-9]+), (\{[^}]*\}))re");
  for (std::sregex_iterator it(text.begin(), text.end(), field), end; it != end; ++it) {
    numbers[(*it)[1].str() + " word " + (*it)[3].str() + " " + (*it)[2].str()] =
        ValueOf((*it)[4], {});
  }
  numbers.merge(Collect(text, R"(constexpr BitField (k\w+)(\{[^;]+\});)"));
  numbers.merge(Collect(text, R"(constexpr int (k\w+Word) = ([0-9]+);)"));
  return numbers;
}

// ------------------------------------------------------------------------------------------------
// what they must say

// IMAGE_SHAPE to ImageShape; NumPe stays.
std::string Camel(const std::string& name) {
  std::string camel;
  const bool upper = std::regex_match(name, std::regex("[A-Z0-9_]+"));
  bool first = true;
  for (const char c : name) {
    if (c == '_') {
      first = true;
    } else {
      camel += upper && !first ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : c;
      first = false;
    }
  }
  return camel;
}

// The name at the beginning of a field's description.
std::string NameOf(const Field& field) {
  return field.name.substr(0, field.name.find_first_of(" ,:"));
}

const Register& RegisterOf(const Document& document, const std::string& name) {
  return document.registers.at(name);
}
std::string ResetOf(const Document& document, const std::string& name, int shift = 0) {
  return std::to_string(std::stoul(RegisterOf(document, name).reset, nullptr, 16) >> shift);
}
// The first number that the document has at the pattern's group.
std::string Said(const Document& document, const std::string& pattern) {
  std::smatch match;
  EXPECT_TRUE(std::regex_search(document.text, match, std::regex(pattern))) << pattern;
  return match.size() > 1 ? match[1].str() : "";
}

Numbers Shared(const Document& document, const std::string& prefix) {
  const int amplitude = RegisterOf(document, "PROGRAM_SET").fields.at(0).high + 1;
  return {{prefix + "AmplitudeBits", std::to_string(amplitude)}};
}

Numbers ExpectedOfPackage(const Document& document) {
  Numbers numbers = Shared(document, "");
  for (const auto& [name, r] : document.registers) {
    numbers["Reg" + Camel(name)] = std::to_string(r.address);
  }
  for (const auto& [name, error] : document.errors) {
    numbers["Err" + Camel(name)] = std::to_string(error.code);
  }
  numbers["Id"] = ResetOf(document, "ID");
  numbers["Version"] = ResetOf(document, "VERSION");
  numbers["AddressBits"] = Said(document, "([0-9]+)-bit byte address");
  numbers["EntryCountBits"] =
      std::to_string(RegisterOf(document, "PROGRAM_COUNT").fields.at(0).high + 1);
  return numbers;
}

Numbers ExpectedOfHeader(const Document& document) {
  // Fields are called after their register, but for these.
  const std::map<std::string, std::string> prefixes = {{"IRQ_STATUS", "Irq"},
                                                       {"PROGRAM_SET", "Amplitude"},
                                                       {"PROGRAM_RESET", "Amplitude"},
                                                       {"PROGRAM_PULSE", "Program"}};
  Numbers numbers = Shared(document, "k");
  for (const auto& [name, r] : document.registers) {
    numbers[std::string("k") + Camel(name)] = std::to_string(r.address);
    const std::string prefix = prefixes.contains(name) ? prefixes.at(name) : Camel(name);
    for (const Field& field : r.fields) {
      const std::string constant = std::string("k") + prefix + Camel(field.name);
      const auto [at, is_new] = numbers.emplace(constant, BitsOf(field));
      EXPECT_EQ(at->second, BitsOf(field)) << constant << " in " << name;
    }
  }
  for (const auto& [name, table] : document.tables) {
    if (name == "FMAP") {
      numbers["kFeatureMaps"] = std::to_string(table.base);
      continue;
    }
    numbers[std::string("k") + Camel(name) + "Table"] = std::to_string(table.base);
    numbers[std::string("k") + Camel(name) + "Stride"] = std::to_string(table.stride);
  }
  const std::regex after_the_run("with status 1 or 2, ([A-Z]+)");
  for (const Field& field : document.entry) {
    numbers["kEntry" + Camel(NameOf(field))] = BitsOf(field);
    std::smatch match;
    if (std::regex_search(field.name, match, after_the_run)) {
      numbers["kEntry" + Camel(match[1])] = BitsOf(field);
    }
  }
  for (const auto& [name, error] : document.errors) {
    numbers["ChipError::k" + Camel(name)] = std::to_string(error.code);
  }
  numbers["kIdValue"] = ResetOf(document, "ID");
  numbers["kNeededMajor"] = ResetOf(document, "VERSION", 16);
  return numbers;
}

Numbers ExpectedOfChipProgram(const Document& document) {
  Numbers numbers;
  const auto add = [&numbers](const std::string& row, const std::vector<Field>& fields) {
    for (const Field& field : fields) {
      const std::string word = std::to_string(field.first_word);
      if (field.pes > 0) {
        numbers[std::string("k") + Camel(NameOf(field))] = BitsOf(field);
        numbers[std::string("k") + row + "PeWord"] = word;
      } else if (field.high < 0) {
        numbers["kSegmentWord"] = word;  // as wide as there are PEs
      } else {
        numbers[fmt::format("{} word {} {}", row, word, NameOf(field))] = BitsOf(field);
      }
    }
  };
  add("Layer", document.layer);
  add("Record", document.record);
  return numbers;
}

// What is missing on either side, and what has another value. `own` are numbers of the file alone.
std::vector<std::string> Differences(const Numbers& expected, Numbers found,
                                     const std::vector<std::string>& own = {}) {
  std::vector<std::string> differences;
  for (const std::string& name : own) {
    if (found.erase(name) == 0) differences.push_back(name + ": missing");
  }
  for (const auto& [name, value] : expected) {
    if (!found.contains(name)) {
      differences.push_back(fmt::format("{}: missing, REGISTERS.md has {}", name, value));
    } else if (found.at(name) != value) {
      differences.push_back(
          fmt::format("{}: {}, REGISTERS.md has {}", name, found.at(name), value));
    }
  }
  for (const auto& [name, value] : found) {
    if (!expected.contains(name)) differences.push_back(name + ": not in REGISTERS.md");
  }
  return differences;
}

std::string Lines(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += text + "\n";
  return lines;
}

// ------------------------------------------------------------------------------------------------
const std::vector<std::string> kOwnOfPackage = {"ProgramEvents"};

struct Side {
  std::string path;
  Numbers (*found)(const std::string&);
  Numbers (*expected)(const Document&);
  std::vector<std::string> own;
};
const std::vector<Side> kSides = {
    {"rtl/mcnn_pkg.sv", OfPackage, ExpectedOfPackage, kOwnOfPackage},
    {"host/mapping/registers.h", OfHeader, ExpectedOfHeader, {}},
    {"host/mapping/program_fields.h", OfChipProgram, ExpectedOfChipProgram, {}}};

TEST(RegisterMap, EveryFileHasTheNumbersOfTheDocument) {
  const Document document = ReadDocument();
  for (const Side& side : kSides) {
    const std::vector<std::string> differences =
        Differences(side.expected(document), side.found(TextOf(side.path)), side.own);
    EXPECT_TRUE(differences.empty()) << side.path << ":\n" << Lines(differences);
  }
}

// Nothing was overlooked: whatever number is changed or left out in a file or in the document, it
// is noticed.
TEST(RegisterMap, EveryNumberCounts) {
  const Document document = ReadDocument();
  for (const Side& side : kSides) {
    SCOPED_TRACE(side.path);
    const Numbers expected = side.expected(document);
    const Numbers found = side.found(TextOf(side.path));
    ASSERT_GE(found.size(), 30U);
    for (const auto& [name, value] : found) {
      Numbers changed = found;
      changed.erase(name);
      EXPECT_EQ(Differences(expected, changed, side.own).size(), 1U) << name << " left out";
      changed[name + "Other"] = value;
      EXPECT_EQ(Differences(expected, changed, side.own).size(), 2U) << name << " renamed";
    }
    for (const auto& [name, value] : expected) {
      Numbers changed = expected;
      changed[name] = value + "0";
      EXPECT_EQ(Differences(changed, found, side.own).size(), 1U) << name;
    }
  }
}

TEST(RegisterMap, ExpressionsAreUnderstood) {
  EXPECT_EQ(ValueOf("32'h4D43_4E4E", {}), "1296256590");
  EXPECT_EQ(ValueOf("4'd10", {}), "10");
  EXPECT_EQ(ValueOf("0x00C0", {}), "192");
  EXPECT_EQ(ValueOf("17", {}), "17");
  EXPECT_EQ(ValueOf("1u << 3", {}), "[3:3]");
  EXPECT_EQ(ValueOf("{16, kBits}", {{"kBits", "6"}}), "[21:16]");
  EXPECT_EQ(ValueOf("kOther + 1", {}), "not understood: kOther + 1");
}

// registers.cpp: registers by address for dumps, error names by code.
TEST(RegisterMap, NamesOfTheHost) {
  const Document document = ReadDocument();
  std::map<std::uint32_t, std::string> registers;
  for (const auto& [name, r] : document.registers) registers[r.address] = name;
  std::map<std::uint32_t, std::string> errors;
  for (const auto& [name, error] : document.errors) {
    errors[static_cast<std::uint32_t>(error.code)] = name;
  }
  EXPECT_EQ(errors.rbegin()->first, errors.size() - 1);  // without a gap

  const std::string text = TextOf("host/mapping/registers.cpp");
  const auto expect_list = [&text](const std::map<std::uint32_t, std::string>& expected,
                                   const std::regex& pattern) {
    std::vector<std::string> names, found;
    for (const auto& [number, name] : expected) names.push_back(name);
    for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
      found.push_back((*it)[1]);
      if ((*it)[2].length() > 0) {
        EXPECT_EQ((*it)[2], std::string("k") + Camel((*it)[1]));
      }
    }
    EXPECT_EQ(found, names);
  };
  expect_list(registers, std::regex(R"re(Named\{(?=k\w+, "(\w+)")(k\w+))re"));
  expect_list(errors, std::regex(R"re(ErrorText\{\s*"(\w+)"())re"));
}

}  // namespace
}  // namespace mcnn::rtl_test
