// SPDX-License-Identifier: Apache-2.0
#include "cli/output/html.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "common/error.h"

namespace mcnn::cli::html {
namespace {

void big_endian(std::string& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFFU);
}

void chunk(std::string& png, std::string_view type, std::string_view data) {
  big_endian(png, static_cast<std::uint32_t>(data.size()));
  std::string body(type);
  body += data;
  png += body;
  const uLong sum =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  big_endian(png, static_cast<std::uint32_t>(sum));
}

std::string png(int width, int height, std::span<const std::uint8_t> pixels, char colour_type,
                std::string_view palette, std::string_view opacities = {}) {
  const auto columns = static_cast<std::size_t>(width);
  if (width < 1 || height < 1 || pixels.size() != columns * static_cast<std::size_t>(height)) {
    throw Error(fmt::format("picture: {} pixels for {} x {}", pixels.size(), width, height));
  }
  std::string rows;  // each begins with its filter: none
  for (std::size_t at = 0; at < pixels.size(); at += columns) {
    rows += '\0';
    rows.append(reinterpret_cast<const char*>(pixels.data() + at), columns);
  }
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                reinterpret_cast<const Bytef*>(rows.data()), static_cast<uLong>(rows.size()),
                Z_BEST_COMPRESSION) != Z_OK) {
    throw Error("picture: cannot be packed");
  }
  packed.resize(size);

  std::string header;
  big_endian(header, static_cast<std::uint32_t>(width));
  big_endian(header, static_cast<std::uint32_t>(height));
  header += {8, colour_type, 0, 0, 0};
  std::string file = "\x89PNG\r\n\x1a\n";
  chunk(file, "IHDR", header);
  if (!palette.empty()) {
    chunk(file, "PLTE", palette);
    chunk(file, "tRNS", opacities);
  }
  chunk(file, "IDAT", packed);
  chunk(file, "IEND", "");
  return file;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    const auto byte = [&](std::size_t i) {
      return i < left ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) : 0U;
    };
    const std::uint32_t group = byte(0) << 16U | byte(1) << 8U | byte(2);
    text += kDigits[group >> 18U];
    text += kDigits[group >> 12U & 63U];
    text += left > 1 ? kDigits[group >> 6U & 63U] : '=';
    text += left > 2 ? kDigits[group & 63U] : '=';
  }
  return text;
}

std::string data_uri(std::string_view type, std::string_view bytes) {
  return fmt::format("data:{};base64,{}", type, base64(bytes));
}

std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string datum(std::string_view key, double value, std::string_view text) {
  return fmt::format("<data id=\"v-{}\" value=\"{}\">{}</data>", escaped(key), value, text);
}

std::string datum(std::string_view key, std::int64_t value, std::string_view text) {
  return fmt::format("<data id=\"v-{}\" value=\"{}\">{}</data>", escaped(key), value, text);
}

std::string Table::line(const std::vector<std::string>& cells) const {
  if (cells.size() != columns_.size()) {
    throw Error(fmt::format("table: {} cells for {} columns", cells.size(), columns_.size()));
  }
  std::string text = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool number = columns_[i].align == Align::kNumber;
    const std::string_view tag = i == 0 ? "th" : "td";
    fmt::format_to(std::back_inserter(text), "<{}{}{}>{}</{}>", tag, i == 0 ? " scope=\"row\"" : "",
                   number ? " class=\"n\"" : "", cells[i], tag);
  }
  return text + "</tr>\n";
}

void Table::row(const std::vector<std::string>& cells) { rows_ += line(cells); }
void Table::last_row(const std::vector<std::string>& cells) { foot_ += line(cells); }

std::string Table::str(std::string_view id, std::string_view caption) const {
  std::string text = fmt::format(
      "<div class=\"table\" id=\"{}\" tabindex=\"0\" role=\"region\" "
      "aria-labelledby=\"{}-caption\">\n<table>"
      "<caption id=\"{}-caption\">{}</caption>\n<thead><tr>",
      id, id, id, caption);
  for (const Column& column : columns_) {
    fmt::format_to(std::back_inserter(text), "<th scope=\"col\"{}>{}</th>",
                   column.align == Align::kNumber ? " class=\"n\"" : "", column.head);
  }
  text += "</tr></thead>\n<tbody>\n" + rows_ + "</tbody>";
  if (!foot_.empty()) text += "\n<tfoot>\n" + foot_ + "</tfoot>";
  return text + "</table></div>\n";
}

std::string pairs(std::string_view id, std::string_view caption,
                  const std::vector<std::pair<std::string, std::string>>& rows) {
  Table table({{"what", Table::Align::kText}, {"value", Table::Align::kText}});
  for (const auto& [name, value] : rows) table.row({name, value});
  return table.str(id, caption);
}

std::string figure(std::string_view id, std::string_view content, std::string_view caption) {
  return fmt::format("<figure id=\"{}\">\n{}\n<figcaption>{}</figcaption></figure>\n", id, content,
                     caption);
}

std::string paragraph(std::string_view html) { return fmt::format("<p>{}</p>\n", html); }
std::string subtitle(std::string_view text) { return fmt::format("<h3>{}</h3>\n", text); }

std::string png_grey(int width, int height, std::span<const std::uint8_t> pixels) {
  return png(width, height, pixels, 0, {});
}

std::string png_palette(int width, int height, std::span<const std::uint8_t> pixels,
                        std::span<const Rgb> palette, std::span<const double> opacities) {
  std::string bytes;
  for (const Rgb& colour : palette) {
    bytes += {static_cast<char>(colour.red), static_cast<char>(colour.green),
              static_cast<char>(colour.blue)};
  }
  std::string alpha(1, '\0');
  for (std::size_t i = 1; i < opacities.size(); ++i) {
    alpha += static_cast<char>(std::lround(255.0 * std::clamp(opacities[i], 0.0, 1.0)));
  }
  return png(width, height, pixels, 3, bytes, alpha);
}

}  // namespace mcnn::cli::html
