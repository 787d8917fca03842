#include "core/base/csv.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

using std::string_literals::operator""s;

// SPEC REC-2: RFC 4180, and nothing that a spreadsheet runs
TEST(Csv, QuotesWhatItMustAndDefusesFormulas) {
  const std::pair<std::string, std::string> rows[] = {
      {"plain", "plain"},
      {"", ""},
      {"two words", "two words"},
      {"a,b", "\"a,b\""},
      {"say \"no\"", "\"say \"\"no\"\"\""},
      {"two\r\nlines", "\"two\r\nlines\""},
      {"a=b", "a=b"},
      {"=1+1", "\"'=1+1\""},
      {"+49", "\"'+49\""},
      {"-1", "\"'-1\""},
      {"@SUM(A1)", "\"'@SUM(A1)\""},
      {"\t=1", "\"'\t=1\""},
      {"=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""},
      {"Ærø\0"s, "Ærø\0"s},
  };
  for (const auto& [value, expected] : rows) {
    std::string out;
    append_csv_row(out, {{"first", value, "last"}});
    EXPECT_EQ(out, "first," + expected + ",last\r\n") << value;
  }
}

}  // namespace
}  // namespace latchkey
