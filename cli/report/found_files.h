// SPDX-License-Identifier: Apache-2.0
// What other commands left in the folder of runs: which of it belongs to the run of the page, and
// why the rest does not.
#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/report/report_page.h"
#include "cli/run/provenance.h"

namespace mcnn::cli {

struct FoundFile {
  std::filesystem::path path;
  std::string text;
  Provenance provenance;

  std::string name() const { return path.stem().string(); }
};

// The files of a folder of page.runs with these suffixes, sorted by suffix and name. Throws Error
// on one that cannot be read or whose provenance is damaged.
class FoundFiles {
 public:
  FoundFiles(const ReportPage& page, std::string_view folder,
             std::initializer_list<std::string_view> suffixes);

  const std::filesystem::path& folder() const { return folder_; }
  bool none() const { return files_.empty() && left_out_.empty(); }  // also none of other runs
  std::vector<const FoundFile*> with(std::string_view suffix) const;
  // A file of this run by its name with the suffix, none if there is none.
  const FoundFile* named(std::string_view name) const;
  // A paragraph that names the files of other runs and says what is not as here; empty without any.
  std::string left_out() const;

 private:
  std::filesystem::path folder_;
  std::vector<FoundFile> files_;
  std::string left_out_;
};

// A table in CSV: lines with # are comments, the first other line names the columns. Throws Error
// on a row that is longer or shorter.
using Row = std::vector<std::string>;
std::vector<Row> csv_in(const FoundFile& file);
std::optional<std::size_t> column_of(const Row& head, std::string_view name);
std::optional<double> finite_number(std::string_view text);

std::string words_of(std::string key);  // "train errors" of "train_errors"

// An id for what a file shows: letters, digits and hyphens.
std::string id_of(std::string_view prefix, std::string_view name);
// SVG files as figures with the command that made each, as long as they are not too many bytes.
std::string pictures(const std::vector<const FoundFile*>& files, std::string_view prefix,
                     std::string_view caption);

}  // namespace mcnn::cli
