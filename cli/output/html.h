// SPDX-License-Identifier: Apache-2.0
// Pieces of an HTML page that needs nothing but itself: text, tables, figures, pictures as data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/colour_scale.h"

namespace mcnn::cli::html {

// Text as HTML (and SVG) has it, in elements and in attributes.
std::string escaped(std::string_view text);
std::string base64(std::string_view bytes);
std::string data_uri(std::string_view type, std::string_view bytes);

// 12,345.
std::string grouped(std::int64_t value);
// A value that a program can find by its key and read exactly: <data id="v-key" value="...">text.
std::string datum(std::string_view key, double value, std::string_view text);
std::string datum(std::string_view key, std::int64_t value, std::string_view text);

// A table; cells are HTML.
class Table {
 public:
  enum class Align : std::uint8_t { kText, kNumber };
  struct Column {
    std::string head;
    Align align = Align::kNumber;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as columns.
  void row(const std::vector<std::string>& cells);
  void last_row(const std::vector<std::string>& cells);  // of sums
  bool empty() const { return rows_.empty(); }
  // `id` of the figure-like block around it, with a caption (HTML) above.
  std::string str(std::string_view id, std::string_view caption) const;

 private:
  std::string line(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::string rows_;
  std::string foot_;
};

// Name and value, one pair a line; both HTML.
std::string pairs(std::string_view id, std::string_view caption,
                  const std::vector<std::pair<std::string, std::string>>& rows);

// A figure with a caption (HTML); the style sheet numbers it.
std::string figure(std::string_view id, std::string_view content, std::string_view caption);
std::string paragraph(std::string_view html);
std::string subtitle(std::string_view text);

// PNG of 8-bit grey pixels, and of pixels that are indices into a palette of at most 256 colours,
// index 0 transparent; `opacities` of the others (0..1), opaque where there are none.
std::string png_grey(int width, int height, std::span<const std::uint8_t> pixels);
std::string png_palette(int width, int height, std::span<const std::uint8_t> pixels,
                        std::span<const Rgb> palette, std::span<const double> opacities = {});

}  // namespace mcnn::cli::html
