// SPDX-License-Identifier: Apache-2.0
#include "common/number_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/error.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace mcnn {
namespace {

class NumberTables : public ::testing::Test {
 protected:
  NumberTable read(const std::string& text,
                   const NumberTableRules& rules = {.what = "a number"}) const {
    testing::write_file(folder_ / "t.csv", text);
    return read_number_table((folder_ / "t.csv").string(), rules);
  }
  void expect_refused(const std::string& text, const std::vector<std::string>& parts,
                      const NumberTableRules& rules = {.what = "a number"}) const {
    SCOPED_TRACE(text);
    const std::string what = error_of([&] { read(text, rules); });
    expect_parts(what, {"t.csv"});
    expect_parts(what, parts);
  }

  const testing::TemporaryFolder folder_{"mcnn_table"};
};

using Values = std::vector<double>;

TEST_F(NumberTables, AsSpreadsheetsWriteThem) {
  const std::string mark = "\xEF\xBB\xBF";
  const std::vector<std::string> texts = {"1,2.5\n-3,4e-6\n", "1,2.5\r\n-3,4e-6\r\n",
                                          "1,2.5\n-3,4e-6", mark + "1,2.5\n-3,4e-6\n",
                                          " 1 , +2.5\n\t-3,\t4e-6\n"};
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);
    const NumberTable table = read(text);
    EXPECT_EQ(table.rows, 2);
    EXPECT_EQ(table.columns, 2);
    EXPECT_EQ(table.values, (Values{1, 2.5, -3, 4e-6}));
    EXPECT_EQ(table.at(1, 0), -3);
    EXPECT_TRUE(table.names.empty());
    EXPECT_EQ(table.first_line, 1);
  }
  for (const char* text : {"low, high [V]\n1,2\n",
                           "\xEF\xBB\xBF"
                           "low, high [V]\r\n1,2\r\n"}) {
    const NumberTable table = read(text);
    EXPECT_EQ(table.names, (std::vector<std::string>{"low", "high [V]"}));
    EXPECT_EQ(table.values, (Values{1, 2}));
    EXPECT_EQ(table.first_line, 2);
  }
  EXPECT_EQ(read("volt\n1\n2\n").values, (Values{1, 2}));
  EXPECT_EQ(read("# a;b\nvolt\n1\n2\n").values, (Values{1, 2}));
}

TEST_F(NumberTables, OtherSeparatorsAndDecimalCommasAreNamed) {
  expect_refused("1;2\n3;4\n", {"line 1", "'1;2'", "semicolons", "commas between them"});
  expect_refused("1,5;2\n", {"semicolons", "decimal commas", "points in them"});
  expect_refused("a;b\n1;2\n", {"line 1", "semicolons"});
  expect_refused("1\t2\n", {"tabs", "commas between them"});
  expect_refused("1,5\t2,5\n", {"tabs", "decimal commas"});
  expect_refused("\"1,5\",\"2,5\"\n", {"line 1", "decimal commas", "points"});
  expect_refused("volt\n1,5\n", {"line 2", "2 columns", "allowed: 1", "line 1", "decimal commas?"});
  expect_refused("1,2\n3,4\n1,5,2,5\n", {"line 3", "4 columns", "decimal commas?"});
  expect_refused(std::string("\xFF\xFE") + "1", {"UTF-16", "UTF-8"});
}

TEST_F(NumberTables, WhatIsNoTable) {
  expect_refused("1,2\n3,x\n", {"line 2", "column 2", "'x'", "a number"});
  expect_refused("1,x\n", {"line 1", "column 2", "'x'"});
  expect_refused("a,b\nc,d\n", {"line 2", "column 1", "'c'"});
  expect_refused("1,\n", {"line 1", "column 2", "''"});
  expect_refused(",\n1,2\n", {"line 1", "column 1", "''"});
  expect_refused("nan,inf\n", {"line 1", "column 1", "'nan'"});
  expect_refused("1,1e999\n", {"column 2", "'1e999'"});
  expect_refused("1,2\n\n3,4\n", {"line 2"});
  expect_refused("1,2\n3\n", {"line 2", "1 column,", "allowed: 2, as in line 1"});
  expect_refused("a,b\n1\n", {"line 2", "1 column,", "allowed: 2, as in line 1"});
  expect_refused("a,b\n", {"no line of numbers", "a number"});
  expect_refused("1\n2\n3\n", {"line 3", "more than 2 lines"}, {.what = "n", .most_rows = 2});
  expect_refused("1,2,3\n", {"line 1", "more than 2 columns"}, {.what = "n", .most_columns = 2});
  expect_refused("1,2,3\n", {"line 1", "3 columns", "allowed: 2"}, {.what = "n", .columns = 2});
  expect_refused("1,-1\n", {"column 2", "'-1'", "0 or more"}, {.what = "0 or more", .lowest = 0});
  EXPECT_EQ(read("1\n\n2\n", {.what = "n", .skips_blank = true}).values, (Values{1, 2}));
  EXPECT_THROW(read_number_table("/nonexistent/t.csv", {.what = "n"}), Error);
  EXPECT_THROW(read_number_table(folder_.path().string(), {.what = "n"}), Error);
}

}  // namespace
}  // namespace mcnn
