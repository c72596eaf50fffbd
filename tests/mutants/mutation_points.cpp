// SPDX-License-Identifier: Apache-2.0
#include "tests/mutants/mutation_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <regex>
#include <utility>

namespace mcnn::mutants {
namespace {

constexpr std::size_t kNone = std::string::npos;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A source with blanks in place of what is left alone; every byte keeps its place.
class Code {
 public:
  Code(std::string_view source, Language language) : text_(source), language_(language) {
    blank_texts();
    if (language == Language::kCpp) {
      blank_calls("static_assert(");
      blank_calls("fmt::format(");
      blank_statements("throw ");
    } else {
      blank_macros();
      blank_statements("$error");
      blank_declarations();
    }
  }

  const std::string& text() const { return text_; }
  // The bracket that closes the one at `open`.
  std::size_t closing(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < text_.size(); ++i) {
      if (std::string_view("([{").find(text_[i]) != kNone) ++depth;
      if (std::string_view(")]}").find(text_[i]) != kNone && --depth == 0) return i;
    }
    return kNone;
  }

 private:
  void blank(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, text_.size()); ++i) {
      if (text_[i] != '\n') text_[i] = ' ';
    }
  }
  // Comments, texts, lines of the preprocessor.
  void blank_texts() {
    const char directive = language_ == Language::kCpp ? '#' : '\0';
    bool at_begin = true;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      std::size_t end = kNone;
      if (text_.compare(i, 2, "//") == 0 || (at_begin && c == directive)) {
        end = text_.find('\n', i);
      } else if (text_.compare(i, 2, "/*") == 0) {
        end = text_.find("*/", i) + 2;
      } else if (text_.compare(i, 3, "R\"(") == 0) {
        end = text_.find(")\"", i) + 2;
      } else if (c == '"' || (c == '\'' && language_ == Language::kCpp && i > 0 &&
                              !std::isalnum(static_cast<unsigned char>(text_[i - 1])))) {
        end = i + 1;
        while (end < text_.size() && text_[end] != c) end += text_[end] == '\\' ? 2 : 1;
        ++end;
      } else {
        if (c == '\n') {
          at_begin = true;
        } else if (c != ' ') {
          at_begin = false;
        }
        continue;
      }
      end = std::min(end, text_.size());
      blank(i, end);
      i = end - 1;
    }
  }
  void blank_calls(std::string_view name) {
    for (std::size_t at = 0; (at = text_.find(name, at)) != kNone; at += name.size()) {
      const std::size_t end = closing(at + name.size() - 1);
      if (end != kNone) blank(at, end + 1);
    }
  }
  // From the end of the statement before to the end of the one that holds `word`.
  void blank_statements(std::string_view word) {
    for (std::size_t at = 0; (at = text_.find(word, at)) != kNone; at += word.size()) {
      std::size_t from = at;
      if (word.front() == '$') {
        const std::size_t before = text_.find_last_of(";\n", text_.rfind("if (", at));
        if (before != kNone) from = before + 1;
      }
      blank(from, text_.find(';', at));
    }
  }
  void blank_macros() {
    for (std::size_t at = 0; (at = text_.find('`', at)) != kNone; ++at) {
      std::size_t end = at + 1;
      while (end < text_.size() && is_word(text_[end])) ++end;
      if (end < text_.size() && text_[end] == '(') end = closing(end) + 1;
      blank(at, end);
    }
  }
  void blank_declarations() {
    static const std::regex declaration(
        R"((^|\n) *(input|output|logic|localparam|parameter|genvar|typedef|import|module|function|\) \() [^\n]*)");
    const std::string text = text_;
    for (std::sregex_iterator at(text.begin(), text.end(), declaration), end; at != end; ++at) {
      const auto from = static_cast<std::size_t>(at->position());
      blank(from, from + static_cast<std::size_t>(at->length()));
    }
  }

  std::string text_;
  Language language_;
};

class Finder {
 public:
  Finder(std::string_view source, Language language)
      : code_(source, language), text_(code_.text()), language_(language) {}

  std::vector<Mutation> find() {
    operators();
    negations();
    numbers();
    conditions();
    choices();
    statements();
    std::ranges::stable_sort(found_, {}, &Mutation::at);
    return std::move(found_);
  }

 private:
  bool is_sv() const { return language_ == Language::kSystemVerilog; }
  void add(std::size_t at, std::size_t length, std::string by) {
    found_.push_back({at, length, std::move(by)});
  }

  // In SystemVerilog "<=" compares inside brackets and behind "=", otherwise it assigns.
  bool assigns(std::size_t at) const {
    int depth = 0;
    for (std::size_t i = at; i-- > 0;) {
      const char c = text_[i];
      if (c == ')' || c == ']' || c == '}') ++depth;
      if ((c == '(' || c == '[' || c == '{') && --depth < 0) return false;
      if (depth > 0) continue;
      if (c == ';' || (c == ':' && text_[i + 1] != ':')) return true;
      if (c == '=' && text_[i - 1] == ' ' && text_[i + 1] == ' ') return false;
      if (text_.compare(i, 3, "<= ") == 0 && i != at) return false;
      if (text_.compare(i, 6, "begin\n") == 0 || text_.compare(i, 5, "else ") == 0) return true;
      if (text_.compare(i, 2, ")\n") == 0) return true;
    }
    return true;
  }

  void operators() {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 27> kOperators = {{
        {"==", "!="}, {"!=", "=="},   {"<", "<="},    {">", ">="},  {">=", ">"},    {"&&", "||"},
        {"||", "&&"}, {"+", "-"},     {"-", "+"},     {"*", "+"},   {"/", "*"},     {"&", "|"},
        {"|", "&"},   {"^", "|"},     {"<<", ">>"},   {">>", "<<"}, {"<<<", ">>>"}, {">>>", ">>"},
        {"+=", "-="}, {"-=", "+="},   {"|=", "&="},   {"&=", "|="}, {"*=", "+="},   {"<=", "<"},
        {"%", "*"},   {"<<=", ">>="}, {">>=", "<<="},
    }};
    for (const auto& [from, to] : kOperators) {
      const std::string spaced = fmt::format(" {} ", from);
      for (std::size_t at = 0; (at = text_.find(spaced, at)) != kNone; ++at) {
        if (from == "<=" && is_sv() && assigns(at + 1)) continue;
        add(at + 1, from.size(), std::string(to));
      }
      // At the end of a line.
      const std::string last = fmt::format(" {}\n", from);
      for (std::size_t at = 0; (at = text_.find(last, at)) != kNone; ++at) {
        if (from != "<=") add(at + 1, from.size(), std::string(to));
      }
    }
  }

  void negations() {
    for (std::size_t i = 0; i + 1 < text_.size(); ++i) {
      const bool negates = text_[i] == '!' || (text_[i] == '~' && is_sv());
      if (negates && text_[i + 1] != '=' && text_[i + 1] != ' ') add(i, 1, "");
    }
    for (const auto& [from, to] : {std::pair{"true", "false"}, {"false", "true"}}) {
      const std::string_view word(from);
      for (std::size_t at = 0; (at = text_.find(word, at)) != kNone; at += word.size()) {
        if (!is_word(text_[at - 1]) && !is_word(text_[at + word.size()])) {
          add(at, word.size(), to);
        }
      }
    }
  }

  void numbers() {
    for (std::size_t i = 1; i < text_.size(); ++i) {
      if (!is_digit(text_[i]) || is_word(text_[i - 1]) || text_[i - 1] == '.') {
        const bool fill = is_sv() && text_[i - 1] == '\'' && !is_word(text_[i >= 2 ? i - 2 : 0]);
        if (!fill || (text_[i] != '0' && text_[i] != '1')) continue;
      }
      std::size_t end = i;
      while (end < text_.size() && (is_word(text_[end]) || (text_[end] == '.' && !is_sv()))) ++end;
      const std::string number = text_.substr(i, end - i);
      if (is_sv() && text_[i - 1] == '\'') {  // '0, '1
        add(i, 1, number[0] == '0' ? "1" : "0");
      } else if (is_sv() && end + 1 < text_.size() && text_[end] == '\'') {
        sized(end + 1);
      } else if (std::ranges::all_of(number, is_digit) && number.size() < 10) {
        add(i, number.size(), std::to_string(std::stol(number) + 1));
        if (number != "0") add(i, number.size(), std::to_string(std::stol(number) - 1));
      } else if (number.find('.') != kNone && number.find_first_not_of("0123456789.") == kNone) {
        add(i, number.size(), fmt::format("({} + 0.25)", number));
      }
      i = end;
    }
  }
  // 8'd12 and 1'b0, from the letter on.
  void sized(std::size_t at) {
    std::size_t end = at + 1;
    while (end < text_.size() && is_word(text_[end])) ++end;
    const std::string digits = text_.substr(at + 1, end - at - 1);
    if (digits.empty()) return;
    if (text_[at] == 'd') {
      add(at + 1, digits.size(), std::to_string(std::stol(digits) + 1));
      if (digits != "0") add(at + 1, digits.size(), std::to_string(std::stol(digits) - 1));
    } else if (text_[at] == 'b') {
      add(end - 1, 1, digits.back() == '0' ? "1" : "0");
    }
  }

  void conditions() {
    for (const std::string_view word : {"if (", "while ("}) {
      for (std::size_t at = 0; (at = text_.find(word, at)) != kNone; at += word.size()) {
        const std::size_t open = at + word.size() - 1;
        const std::size_t close = code_.closing(open);
        if (close == kNone) continue;
        const std::string condition = text_.substr(open + 1, close - open - 1);
        // Without its "!" it is there already.
        const bool is_negation = condition.starts_with('!') &&
                                 std::all_of(condition.begin() + 1, condition.end(), is_word);
        if (!is_negation && condition.find(';') == kNone && condition.find(" = ") == kNone) {
          add(open + 1, condition.size(), fmt::format("!({})", condition));
        }
      }
    }
  }

  // a ? b : c becomes a ? c : b.
  void choices() {
    for (std::size_t at = 0; (at = text_.find("? ", at)) != kNone; ++at) {
      const std::optional<std::size_t> colon = end_of_choice(at + 2, true);
      if (!colon) continue;
      const std::optional<std::size_t> end = end_of_choice(*colon + 1, false);
      if (!end) continue;
      const std::string first = trimmed(text_.substr(at + 2, *colon - at - 2));
      const std::string second = trimmed(text_.substr(*colon + 1, *end - *colon - 1));
      if (!first.empty() && !second.empty()) {
        add(at + 2, *end - at - 2, fmt::format("{} : {}", second, first));
      }
    }
  }
  // Where a part of a choice ends that begins at `from`: the first at its ":".
  std::optional<std::size_t> end_of_choice(std::size_t from, bool first) const {
    int depth = 0;
    int inner = 0;
    for (std::size_t i = from; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') {
        if (--depth < 0) return first ? std::nullopt : std::optional(i);
      }
      if (depth > 0) continue;
      if (c == ';' || c == ',') return first ? std::nullopt : std::optional(i);
      if (c == '?') ++inner;
      if (c == ':' && text_[i + 1] != ':' && text_[i - 1] != ':') {
        if (inner == 0) return i;
        --inner;
      }
    }
    return std::nullopt;
  }
  static std::string trimmed(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \n");
    if (begin == kNone) return {};
    return text.substr(begin, text.find_last_not_of(" \n") - begin + 1);
  }

  // Whole lines that assign or call.
  void statements() {
    static const std::regex cpp(
        R"(^ *((\+\+|--)?[\w.:\->\[\]()+ *]*\w[\])]* ([+\-*|&^]|<<|>>)?= [^\n]*|[\w.:]+(->\w+)?\([^\n]*\)|(\+\+|--)[\w.\[\]]+|break|continue);$)");
    static const std::regex cpp_declaration(
        R"(^ *(const|auto|return|using|static|constexpr|[\w:<>]+[&*]? +\w+ =)[^\n]*$)");
    static const std::regex sv(R"(^ *[\w.\[\]:+* \-]+ <?= [^\n]*;$)");
    static const std::regex sv_other(R"(^ *(assign|for|if|int|return)\b[^\n]*$)");
    for (std::size_t begin = 0; begin < text_.size();) {
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      const std::string line = text_.substr(begin, end - begin);
      const bool deletable =
          is_sv() ? std::regex_match(line, sv) && !std::regex_match(line, sv_other)
                  : std::regex_match(line, cpp) && !std::regex_match(line, cpp_declaration);
      const std::size_t first = line.find_first_not_of(' ');
      if (deletable) add(begin + first, line.size() - first, ";");
      begin = end + 1;
    }
  }

  Code code_;
  const std::string& text_;
  Language language_;
  std::vector<Mutation> found_;
};

}  // namespace

Language language_of(std::string_view path) {
  return path.ends_with(".sv") ? Language::kSystemVerilog : Language::kCpp;
}

std::vector<Mutation> mutations(std::string_view source, Language language) {
  return Finder(source, language).find();
}

std::string mutated(std::string_view source, const Mutation& mutation) {
  std::string text(source);
  return text.replace(mutation.at, mutation.length, mutation.by);
}

std::size_t line_of(std::string_view source, const Mutation& mutation) {
  return 1 + static_cast<std::size_t>(std::ranges::count(source.substr(0, mutation.at), '\n'));
}

std::string describe(std::string_view source, const Mutation& mutation) {
  const std::string_view whole = source.substr(mutation.at, mutation.length);
  std::string text = fmt::format("'{}' -> '{}'", whole, mutation.by);
  std::string line;
  for (const char c : text) {
    if (c == '\n' || c == '\t') {
      line += ' ';
    } else if (c != ' ' || line.empty() || line.back() != ' ') {
      line += c;
    }
  }
  return line;
}

}  // namespace mcnn::mutants
