// SPDX-License-Identifier: Apache-2.0
#include "registers_document.h"

#include <cctype>
#include <fstream>
#include <regex>
#include <sstream>

namespace mcnn::rtl_test {
namespace {

std::string Trim(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> CellsOf(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line.substr(1));
  for (std::string cell; std::getline(stream, cell, '|');) cells.push_back(Trim(cell));
  return cells;
}

std::uint32_t Hex(const std::string& text) {
  return static_cast<std::uint32_t>(std::stoul(text, nullptr, 16));
}

// address | name | access | reset | bits. A field with a name is "[7:0] NAME" or "[0] NAME".
Register ReadRegister(const std::vector<std::string>& cells) {
  static const std::regex array("^array of (\\w+) words");
  static const std::regex field(R"(\[([0-9]+)(?::([0-9]+))?\] ([A-Z]\w+))");
  Register r{Hex(cells[0]), cells[1], cells[2], cells[3], cells[4], {}, {}};
  std::smatch match;
  if (std::regex_search(r.bits, match, array)) r.words = match[1];
  for (std::sregex_iterator it(r.bits.begin(), r.bits.end(), field), end; it != end; ++it) {
    const int high = std::stoi((*it)[1]);
    const int low = (*it)[2].matched ? std::stoi((*it)[2]) : high;
    r.fields.push_back({0, low, high, 0, (*it)[3]});
  }
  return r;
}

// word | bits | field | allowed; false for a row that describes no bits.
bool ReadField(const std::vector<std::string>& cells, Field& field) {
  static const std::regex bits(
      R"((?:(?:byte|half) p%([24]) of word [^:]*: )?\[([0-9A-Za-z-]+)(?::([0-9]+))?\])");
  std::smatch match;
  if (!std::regex_search(cells[1], match, bits)) return false;
  field.first_word = std::stoi(cells[0]);
  // A field that every PE has; where its table says only the bits, it is in the part named above.
  if (cells[0].find("..") == std::string::npos) {
    field.pes = 0;
  } else if (match[1].matched) {
    field.pes = std::stoi(match[1]);
  }
  // [NumPe-1:0] is as wide as the word at most; how wide exactly depends on the configuration.
  field.high = match[2] == "NumPe-1" ? -1 : std::stoi(match[2]);
  field.low = match[3].matched ? std::stoi(match[3]) : field.high;
  field.name = cells[2];
  return true;
}

// A row of a table and the section that it is in.
struct Row {
  std::string section;
  std::vector<std::string> cells;
};

// A row whose first cell is empty goes on with the row above.
std::vector<Row> RowsOf(const std::string& text) {
  std::vector<Row> rows;
  std::string line, section;
  std::istringstream stream(text);
  while (std::getline(stream, line)) {
    if (line.rfind("##", 0) == 0) section = Trim(line.substr(line.find_first_not_of('#')));
    if (line.empty() || line[0] != '|') continue;
    const std::vector<std::string> cells = CellsOf(line);
    if (!cells[0].empty()) {
      rows.push_back({section, cells});
      continue;
    }
    std::vector<std::string>& above = rows.back().cells;
    for (std::size_t i = 0; i < cells.size() && i < above.size(); ++i) {
      if (!cells[i].empty()) above[i] += " " + cells[i];
    }
  }
  return rows;
}

}  // namespace

Document ReadDocument() {
  std::ifstream file(MCNN_REGISTERS_MD);
  Document document;
  std::ostringstream text;
  text << file.rdbuf();
  document.text = text.str();
  static const std::regex hex("0x[0-9A-Fa-f]+"), number("[0-9]+");
  const std::map<std::string, std::vector<Field>*> rows = {{"Layer row", &document.layer},
                                                           {"Step record", &document.record},
                                                           {"Programming entry", &document.entry}};
  for (const auto& [section, cells] : RowsOf(document.text)) {
    if (section == "Registers" && cells.size() >= 5 && std::regex_match(cells[0], hex)) {
      document.registers[cells[1]] = ReadRegister(cells);
    } else if (section.rfind("Error codes", 0) == 0 && cells.size() >= 4 &&
               std::regex_match(cells[0], number)) {
      document.errors[cells[1]] = {std::stoi(cells[0]), cells[1], cells[2] == "yes"};
    } else if (section == "Tables" && cells.size() >= 5 && std::regex_match(cells[0], hex)) {
      const bool strided = std::isdigit(static_cast<unsigned char>(cells[2][0])) != 0;
      document.tables[cells[1]] = {Hex(cells[0]),
                                   strided ? static_cast<std::uint32_t>(std::stoul(cells[2])) : 0,
                                   cells[1], cells[3], cells[4]};
    } else if (rows.contains(section) && cells.size() >= 3 &&
               std::isdigit(static_cast<unsigned char>(cells[0][0])) != 0) {
      // What the row above said of the PEs holds on.
      Field field = rows.at(section)->empty() ? Field{} : rows.at(section)->back();
      if (ReadField(cells, field)) rows.at(section)->push_back(field);
    }
  }
  return document;
}

}  // namespace mcnn::rtl_test
