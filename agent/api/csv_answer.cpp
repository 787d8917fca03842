#include "agent/api/csv_answer.h"

#include <nlohmann/json.hpp>

#include "agent/net/api_client.h"
#include "core/base/csv.h"

namespace latchkey {
namespace {

std::string value_of(const nlohmann::json& row, std::string_view column) {
  const auto found = row.find(column);
  if (found == row.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

net::Response csv_answer(const nlohmann::json& rows, std::span<const std::string_view> columns,
                         std::uint64_t next, std::string_view file_name) {
  net::Response response;
  response.content_type = "text/csv; charset=utf-8; header=present";
  std::vector<std::string> values(columns.begin(), columns.end());
  append_csv_row(response.body, values);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) values[i] = value_of(row, columns[i]);
    append_csv_row(response.body, values);
  }
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"" + std::string(file_name) + "\"");
  if (next != 0) response.headers.emplace_back(net::kNextHeader, std::to_string(next));
  return response;
}

}  // namespace latchkey
