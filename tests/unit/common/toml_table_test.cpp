// SPDX-License-Identifier: Apache-2.0
#include "common/toml_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/errors.h"

namespace mcnn {
namespace {

TomlTable parsed(const std::string& text) { return TomlTable::parse(text, "card f.toml"); }

TEST(TomlTable, ReadsWhatIsAskedFor) {
  const TomlTable table = parsed(
      "name = 'a'\nnm = 65\nratio = 0.5\nlist = [1, 2.5]\nwords = ['x', 'y']\n"
      "[inner]\nunit = 'pJ'\n[[part]]\nn = 1\n[[part]]\nn = 2\n");
  EXPECT_EQ(table.text("name"), "a");
  EXPECT_EQ(table.text_or_none("title"), "");
  EXPECT_EQ(table.number("nm", {}), 65.0);
  EXPECT_EQ(table.number("ratio", {.lowest = 0.5, .highest = 0.5}), 0.5);
  EXPECT_EQ(table.whole("nm", {.highest = 65.0}), 65);
  EXPECT_EQ(table.numbers("list", {}), (std::vector<double>{1.0, 2.5}));
  EXPECT_EQ(table.texts("words"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(table.table("inner").choice("unit", {"V", "pJ"}), "pJ");
  const std::vector<TomlTable> parts = table.tables("part");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].whole("n", {}), 2);
}

TEST(TomlTable, ATableOutlivesTheOneItIsOf) {
  const TomlTable inner = parsed("[a.b]\nc = 3\n").table("a").table("b");
  EXPECT_EQ(inner.whole("c", {}), 3);
}

TEST(TomlTable, AMissingFileAndBadSyntaxSayWhere) {
  EXPECT_EQ(error_of([] { TomlTable::load("/nowhere/f.toml", "card /nowhere/f.toml"); }),
            "card /nowhere/f.toml: no such file, expected a TOML file");
  EXPECT_TRUE(error_of([] {
                parsed("a = 1\nb: 2\n");
              }).starts_with("card f.toml: not TOML: line 2, column 2: "));
}

// The library would run out of stack.
TEST(TomlTable, KeysOfHundredsOfPartsAreRefused) {
  const auto key = [](int parts) {
    std::string text = "a";
    for (int i = 1; i < parts; ++i) text += i % 2 == 0 ? ".a" : " . 'b'";
    return text + " = 1\n";
  };
  EXPECT_EQ(error_of([&] { parsed("x = 1\n" + key(256)); }), "no error");
  expect_error({"card f.toml: found a key of hundreds of parts"},
               [&] { parsed("x = 1\n" + key(257)); });
  // Numbers, dots of a sentence and dots in a row are no keys.
  std::string text = "x = [";
  for (int i = 0; i < 400; ++i) text += "1.5, ";
  text += "]\ny = \"" + std::string(400, '.') + "\"\n";
  EXPECT_EQ(error_of([&] { parsed(text); }), "no error");
}

TEST(TomlTable, AnUnknownFieldIsAnsweredWithTheNearest) {
  const TomlTable table = parsed("read_nose = 1\n[figures.abc]\nvalu = 1\nxyz = 2\n");
  EXPECT_EQ(error_of([&] {
              table.allow_only({"figures", "age_s", "read_noise"});
            }),
            "card f.toml: field read_nose: unknown, allowed: figures, age_s, read_noise; did you "
            "mean 'read_noise'?");
  EXPECT_EQ(error_of([&] {
              table.allow_only({"figures", "colour"});
            }),
            "card f.toml: field read_nose: unknown, allowed: figures, colour");
  EXPECT_EQ(error_of([&] {
              table.table("figures").table("abc").allow_only({"value", "xyz"});
            }),
            "card f.toml: field figures.abc.valu: unknown, allowed: value, xyz; did you mean "
            "'value'?");
  EXPECT_EQ(error_of([&] { table.allow_only({"figures", "read_nose"}); }), "no error");
}

TEST(TomlTable, AMissingFieldSaysWhatIsAllowed) {
  const TomlTable table = parsed("");
  EXPECT_EQ(error_of([&] { (void)table.text("name"); }),
            "card f.toml: field name: missing, allowed: a text");
  EXPECT_EQ(error_of([&] { (void)table.number("nm", {.lowest = 1.0, .highest = 10.0}); }),
            "card f.toml: field nm: missing, allowed: a finite number from 1 to 10");
  EXPECT_EQ(error_of([&] { (void)table.tables("part"); }),
            "card f.toml: field part: missing, allowed: [[part]] tables");
}

TEST(TomlTable, AWrongTypeSaysWhatWasFound) {
  const TomlTable table = parsed("a = [1, 'x']\nb = 1.0\nc = ''\nd = 'e'\n[f]\n");
  EXPECT_EQ(error_of([&] { (void)table.number("a", {}); }),
            "card f.toml: field a: found [ 1, 'x' ], allowed: a finite number");
  EXPECT_EQ(error_of([&] { (void)table.whole("b", {.lowest = 0.0}); }),
            "card f.toml: field b: found 1.0, allowed: a whole number of 0 or more");
  EXPECT_EQ(error_of([&] { (void)table.text("c"); }),
            "card f.toml: field c: found '', allowed: a text");
  EXPECT_EQ(error_of([&] {
              (void)table.choice("d", {"f", "g"});
            }),
            "card f.toml: field d: found 'e', allowed: f, g");
  EXPECT_EQ(error_of([&] { (void)table.numbers("a", {}); }),
            "card f.toml: field a: found [ 1, 'x' ], allowed: a list of finite numbers");
  EXPECT_EQ(error_of([&] { (void)table.texts("a"); }),
            "card f.toml: field a: found [ 1, 'x' ], allowed: a list of texts");
  EXPECT_EQ(error_of([&] { (void)table.table("d"); }),
            "card f.toml: field d: found 'e', allowed: a table");
  EXPECT_EQ(error_of([&] { (void)table.labelled("plan p: sweep 1").tables("d"); }),
            "plan p: sweep 1: field d: found 'e', allowed: [[d]] tables");
}

TEST(NumberRange, HasItsEndsButTheLowestWhenThatIsExcluded) {
  const NumberRange closed = {.lowest = 0.0, .highest = 1.0};
  EXPECT_TRUE(closed.contains(0.0));
  EXPECT_TRUE(closed.contains(1.0));
  EXPECT_FALSE(closed.contains(-0.001));
  EXPECT_FALSE(closed.contains(1.001));
  const NumberRange above = {.lowest = 0.0, .above_lowest = true};
  EXPECT_FALSE(above.contains(0.0));
  EXPECT_TRUE(above.contains(1e300));
  for (const double bad : {NAN, INFINITY, -INFINITY}) EXPECT_FALSE(NumberRange{}.contains(bad));
  EXPECT_EQ(NumberRange{}.text(), "a finite number");
  EXPECT_EQ(above.text(), "a finite number above 0");
  EXPECT_EQ(closed.text("a part"), "a part from 0 to 1");
  EXPECT_EQ((NumberRange{.lowest = 2.0, .highest = 3.0, .above_lowest = true}.text()),
            "a finite number above 2, up to 3");
}

}  // namespace
}  // namespace mcnn
