// SPDX-License-Identifier: Apache-2.0
// Section of the report page: how many images were right, and which were not.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/chart.h"
#include "cli/output/html.h"
#include "cli/report/report_sections.h"

namespace mcnn::cli {
namespace {

constexpr std::size_t kOpenWrong = 24;   // images that are shown at once
constexpr std::size_t kMostWrong = 200;  // and with those that are folded

// The 95 % interval of a share after Wilson, in per cent.
std::pair<double, double> interval(std::uint64_t part, std::size_t whole) {
  constexpr double kZ = 1.959964;
  const auto n = static_cast<double>(whole);
  const double p = static_cast<double>(part) / n;
  const double centre = p + (kZ * kZ / (2.0 * n));
  const double half = kZ * std::sqrt((p * (1.0 - p) / n) + (kZ * kZ / (4.0 * n * n)));
  const double scale = 100.0 / (1.0 + (kZ * kZ / n));
  return {scale * (centre - half), scale * (centre + half)};
}

std::string accuracy_table(const ReportPage& page) {
  const Report& report = page.report;
  Table table({{"", Table::Align::kText},
               {"accuracy [%]"},
               {"error [%]"},
               {"right"},
               {"95 % interval [%]"},
               {"note", Table::Align::kText}});
  const auto add = [&](std::string_view what, std::string_view key, const EngineRun& run,
                       std::string_view note) {
    const auto [low, high] = interval(run.correct, run.images.size());
    table.row({std::string(what),
               datum(fmt::format("table-{}", key), run.accuracy(),
                     fmt::format("{:.2f}", 100.0 * run.accuracy())),
               fmt::format("{:.2f}", 100.0 * (1.0 - run.accuracy())),
               datum(fmt::format("{}-right", key), static_cast<std::int64_t>(run.correct),
                     grouped(static_cast<std::int64_t>(run.correct))),
               fmt::format("{:.2f} to {:.2f}", low, high), std::string(note)});
  };
  add("integer network", "integer", report.integer, "no device in it");
  add(engine_title(report.engine), "chip", report.run, "this run");
  for (const PublishedAccuracy& published : published_accuracies(report.workload.network)) {
    table.row({escaped(published.what), fmt::format("{:.2f}", published.percent),
               fmt::format("{:.2f}", 100.0 - published.percent), "", "", escaped(published.note)});
  }
  return table.str("accuracy-table",
                   fmt::format("Accuracy over {} images{}", grouped(report.workload.count),
                               published_accuracies(report.workload.network).empty()
                                   ? ""
                                   : ", with the published figures"));
}

std::string confusion_matrix(const Report& report) {
  const auto classes = static_cast<std::size_t>(report.workload.network.num_logits());
  std::vector<std::vector<std::int64_t>> counts(classes, std::vector<std::int64_t>(classes));
  for (std::uint32_t i = 0; i < report.workload.count; ++i) {
    const auto label = static_cast<std::size_t>(report.workload.label(report.workload.first + i));
    ++counts[label][static_cast<std::size_t>(report.run.images[i].digit)];
  }
  std::int64_t most_wrong = 1;
  for (std::size_t label = 0; label < classes; ++label) {
    for (std::size_t found = 0; found < classes; ++found) {
      if (label != found) most_wrong = std::max(most_wrong, counts[label][found]);
    }
  }
  std::string text =
      "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\">"
      "<table class=\"confusion\"><thead><tr><th scope=\"col\">label \\ chip</th>";
  const auto out = std::back_inserter(text);
  for (std::size_t found = 0; found < classes; ++found) {
    fmt::format_to(out, "<th scope=\"col\">{}</th>", found);
  }
  text += "<th scope=\"col\">images</th><th scope=\"col\">right [%]</th></tr></thead>\n<tbody>\n";
  for (std::size_t label = 0; label < classes; ++label) {
    std::int64_t images = 0;
    fmt::format_to(out, "<tr><th scope=\"row\">{}</th>", label);
    for (std::size_t found = 0; found < classes; ++found) {
      const std::int64_t count = counts[label][found];
      images += count;
      if (label == found) {
        fmt::format_to(out, "<td class=\"hit\" style=\"--a:.2\">{}</td>", grouped(count));
      } else if (count == 0) {
        text += "<td class=\"zero\">0</td>";
      } else {
        fmt::format_to(out,
                       "<td style=\"--a:{:.2f}\" title=\"{} of label {} taken for {}\">{}</td>",
                       0.12 + (0.5 * static_cast<double>(count) / static_cast<double>(most_wrong)),
                       count, label, found, grouped(count));
      }
    }
    const double right =
        percent_of(static_cast<double>(counts[label][label]), static_cast<double>(images));
    fmt::format_to(out, "<td>{}</td><td>{}</td></tr>\n", grouped(images),
                   images == 0 ? std::string("–") : fmt::format("{:.2f}", right));
  }
  return text + "</tbody></table></div>";
}

std::string logits_text(const std::vector<std::int32_t>& logits) {
  std::string text;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    text += fmt::format("{}{}: {}", i == 0 ? "logits " : ", ", i, logits[i]);
  }
  return text;
}

std::vector<double> numbers(const std::vector<std::int32_t>& values) {
  return {values.begin(), values.end()};
}

// How much the largest logit is more than the label's: how wrong the chip was.
std::int64_t margin(const ImageOutcome& image, int label) {
  return std::int64_t{image.logits[static_cast<std::size_t>(image.digit)]} -
         image.logits[static_cast<std::size_t>(label)];
}

// Images of the run by their place in it, the one with the worst margin first.
std::vector<std::uint32_t> wrong_by_margin(const Report& report) {
  const Workload& workload = report.workload;
  const auto margin_of = [&](std::uint32_t i) {
    return margin(report.run.images[i], workload.label(workload.first + i));
  };
  std::vector<std::uint32_t> wrong;
  for (std::uint32_t i = 0; i < workload.count; ++i) {
    if (report.run.images[i].digit != workload.label(workload.first + i)) wrong.push_back(i);
  }
  std::ranges::stable_sort(wrong, std::greater(), margin_of);
  return wrong;
}

std::string wrong_image(const Report& report, std::uint32_t i) {
  const Workload& workload = report.workload;
  const std::uint32_t number = workload.first + i;
  const ImageOutcome& image = report.run.images[i];
  const int label = workload.label(number);
  const int integer = report.integer.images[i].digit;
  return fmt::format(
      "<li data-margin=\"{}\"><div class=\"row\"><img src=\"{}\" alt=\"image {}\">{}</div>"
      "<b>{}</b>: <span class=\"from\">{}</span> taken for <span class=\"to\">{}</span>{}</li>\n",
      margin(image, label), image_png(workload, number), number,
      html::spark_bars(numbers(image.logits), label, image.digit,
                       fmt::format("image {}, label {}, chip {}; {}", number, label, image.digit,
                                   logits_text(image.logits))),
      number, label, image.digit,
      integer == label ? "" : fmt::format(" <small>({})</small>", integer));
}

std::string wrong_images(const ReportPage& page) {
  const Report& report = page.report;
  const std::vector<std::uint32_t> wrong = wrong_by_margin(report);
  if (wrong.empty()) return html::paragraph("The chip classified every image right.");
  const std::size_t shown = std::min(wrong.size(), kMostWrong);
  const std::size_t open = std::min(wrong.size(), kOpenWrong);
  const auto list = [&](std::size_t from, std::size_t to) {
    std::string text = "<ul class=\"wrong\">\n";
    for (std::size_t k = from; k < to; ++k) text += wrong_image(report, wrong[k]);
    return text + "</ul>";
  };
  std::string text = list(0, open);
  if (open < shown) {
    text += fmt::format(
        "\n<details id=\"more-wrong-images\"><summary>{} more{}</summary>\n{}</details>",
        shown - open,
        shown < wrong.size() ? fmt::format(" of {} that are not shown above", wrong.size() - open)
                             : std::string(),
        list(open, shown));
  }
  const std::string caption = fmt::format(
      "The {} of {} images that the chip classified wrong, the worst first: where the largest "
      "logit "
      "is furthest above the label's. Logits as bars from zero: <span class=\"dot "
      "right\"></span>the label's, <span class=\"dot chosen\"></span>the largest. In brackets what "
      "the integer network says where it is wrong as well.",
      grouped(static_cast<std::int64_t>(wrong.size())), grouped(report.workload.count));
  return html::figure("wrong-images", text, caption);
}

}  // namespace

Section accuracy_section(const ReportPage& page) {
  const Report& report = page.report;
  const Workload& workload = report.workload;
  std::array<std::int64_t, 4> cases{};  // [integer right][chip right]
  for (std::uint32_t i = 0; i < workload.count; ++i) {
    const int label = workload.label(workload.first + i);
    const bool integer = report.integer.images[i].digit == label;
    const bool chip = report.run.images[i].digit == label;
    ++cases[(integer ? 2U : 0U) + (chip ? 1U : 0U)];
  }
  std::string text = accuracy_table(page);
  text += html::paragraph(fmt::format(
      "{} images are right on both and {} wrong on both; the devices cost {} that the integer "
      "network has right and give {} that it has wrong.",
      grouped(cases[3]), grouped(cases[0]), grouped(cases[2]), grouped(cases[1])));
  text += html::figure("confusion", confusion_matrix(report),
                       "Confusion matrix of the chip: rows are labels, columns what the chip said. "
                       "Tint: how many images, of the errors against the most frequent one.");
  text += wrong_images(page);
  return {"accuracy", "Accuracy", std::move(text)};
}

}  // namespace mcnn::cli
