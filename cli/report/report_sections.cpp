// SPDX-License-Identifier: Apache-2.0
#include "cli/report/report_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include "cli/output/html.h"
#include "common/si.h"
#include "host/cost/energy_card.h"

namespace mcnn::cli {

double percent_of(double part, double whole) { return whole == 0.0 ? 0.0 : 100.0 * part / whole; }

std::string absent(const std::string& html) {
  return fmt::format("<p class=\"absent\">{}</p>\n", html);
}

std::string quantity(double value, std::string_view unit) { return quantity_text(si(value, unit)); }

std::string quantity_text(std::string text) {
  for (const auto& [plain, written] : {std::pair(" u", " µ"), std::pair("mm2", "mm²")}) {
    const std::size_t at = text.find(plain);
    if (at != std::string::npos) text.replace(at, std::string_view(plain).size(), written);
  }
  return text;
}

std::string figure_titles(std::string_view text) {
  const auto is_key = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  std::string html;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_key(text[end])) ++end;
    const std::string_view word = text.substr(at, std::max<std::size_t>(end - at, 1));
    const auto kinds = figure_kinds();
    const auto found = std::ranges::find(kinds, word, &FigureKind::key);
    html += escaped(found == kinds.end() ? word : found->what);
    at += word.size();
  }
  return html;
}

std::string layer_class(std::size_t layer) {
  constexpr std::size_t kColours = 6;  // of the style sheet
  return fmt::format("l{}", layer % kColours);
}

std::string layer_legend(const Workload& workload) {
  std::string text = "<div class=\"legend\">";
  for (std::size_t i = 0; i < workload.network.layers.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "<span><i class=\"dot {}\"></i>{}</span>",
                   layer_class(i), escaped(workload.network.layers[i].name));
  }
  return text + "</div>\n";
}

std::string image_png(const Workload& workload, std::uint32_t number) {
  const ImageSet& set = workload.data->images;
  // Several channels lie one below the other, as in the file.
  return html::data_uri(
      "image/png", html::png_grey(set.width, set.channels * set.height, workload.image(number)));
}

std::string shape_text(const MapShape& shape) {
  return fmt::format("{} × {} × {}", shape.channels, shape.height, shape.width);
}

}  // namespace mcnn::cli
