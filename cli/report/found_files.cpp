// SPDX-License-Identifier: Apache-2.0
#include "cli/report/found_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <sstream>
#include <system_error>
#include <utility>

#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "common/error.h"
#include "common/text_file.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPictureBytes = 1'200'000;  // of one section

std::vector<fs::path> files_in(const fs::path& folder, std::string_view suffix) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && entry.path().extension() == suffix) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Row csv_row(std::string_view line) {
  Row row(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        row.back() += c;
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted) {
      row.emplace_back();
    } else if (c != '\r') {
      row.back() += c;
    }
  }
  return row;
}

}  // namespace

FoundFiles::FoundFiles(const ReportPage& page, std::string_view folder,
                       std::initializer_list<std::string_view> suffixes)
    : folder_(page.runs / folder) {
  for (const std::string_view suffix : suffixes) {
    for (const fs::path& path : files_in(folder_, suffix)) {
      std::string text = read_text(path);
      std::optional<Provenance> made = find_provenance(text, path.string());
      std::string why = "it does not say what made it";
      if (made) {
        why = fmt::format("{}", fmt::join(differences(*made, page.report.provenance), "; "));
      }
      if (why.empty()) {
        files_.push_back({path, std::move(text), std::move(*made)});
      } else {
        left_out_ +=
            fmt::format("<li><code>{}</code>: {}</li>\n", escaped(path.string()), escaped(why));
      }
    }
  }
}

std::vector<const FoundFile*> FoundFiles::with(std::string_view suffix) const {
  std::vector<const FoundFile*> files;
  for (const FoundFile& file : files_) {
    if (file.path.extension() == suffix) files.push_back(&file);
  }
  return files;
}

const FoundFile* FoundFiles::named(std::string_view name) const {
  const auto found = std::ranges::find_if(
      files_, [&](const FoundFile& file) { return file.path.filename() == name; });
  return found == files_.end() ? nullptr : &*found;
}

std::string FoundFiles::left_out() const {
  if (left_out_.empty()) return "";
  return fmt::format(
      "<div class=\"absent\" id=\"{}-left-out\">Left out, of other runs than the one of this "
      "page:<ul>\n{}</ul></div>\n",
      escaped(folder_.filename().string()), left_out_);
}

std::vector<Row> csv_in(const FoundFile& file) {
  std::vector<Row> rows;
  std::istringstream lines(file.text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    rows.push_back(csv_row(line));
    if (rows.back().size() != rows.front().size()) {
      throw Error(fmt::format("{}: found {} cells in row {}, allowed: {} as in the first one",
                              file.path.string(), rows.back().size(), rows.size(),
                              rows.front().size()));
    }
  }
  return rows;
}

std::optional<std::size_t> column_of(const Row& head, std::string_view name) {
  const auto found = std::ranges::find(head, name);
  if (found == head.end()) return {};
  return static_cast<std::size_t>(found - head.begin());
}

std::optional<double> finite_number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::string words_of(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

std::string id_of(std::string_view prefix, std::string_view name) {
  std::string id(prefix);
  for (const char c : name) id += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  return id;
}

std::string pictures(const std::vector<const FoundFile*>& files, std::string_view prefix,
                     std::string_view caption) {
  std::string text;
  std::string left;
  std::size_t bytes = 0;
  for (const FoundFile* file : files) {
    if (bytes + file->text.size() > kMostPictureBytes) {
      left +=
          fmt::format("{}<code>{}</code>", left.empty() ? "" : ", ", escaped(file->path.string()));
      continue;
    }
    bytes += file->text.size();
    const std::string name = escaped(file->name());
    text += html::figure(id_of(prefix, file->name()),
                         fmt::format("<div class=\"plot\"><img src=\"{}\" alt=\"{}: {}\"></div>",
                                     html::data_uri("image/svg+xml", file->text), caption, name),
                         fmt::format("{}: {}. Made by <code>{}</code>", caption, name,
                                     escaped(file->provenance.command)));
  }
  if (!left.empty()) text += absent("Too large for this page: " + left + ".");
  return text;
}

}  // namespace mcnn::cli
