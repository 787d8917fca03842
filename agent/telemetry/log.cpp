#include "agent/telemetry/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace latchkey::log {
namespace {

spdlog::level::level_enum native(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

/// `%*`: the syslog priority of sd-daemon(3).
class PriorityFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const char digit = message.level == spdlog::level::debug  ? '7'
                       : message.level == spdlog::level::info ? '6'
                       : message.level == spdlog::level::warn ? '4'
                                                              : '3';
    out.push_back(digit);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<PriorityFlag>();
  }
};

bool plain(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value)
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  return true;
}

void append_quoted(std::string& line, std::string_view value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  line.push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      // A device or a peer chose this text: it must not be able to forge a log line.
      line.append("\\x").append({kDigits[byte >> 4], kDigits[byte & 15]});
    } else {
      line.push_back(c);
    }
  }
  line.push_back('"');
}

}  // namespace

void open(Level level) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  formatter->add_flag<PriorityFlag>('*').set_pattern(journal ? "<%*>%v" : "%Y-%m-%dT%T.%eZ %l %v");
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
  set_level(level);
}

void set_level(Level level) { spdlog::set_level(native(level)); }

std::string format_line(std::string_view event, std::initializer_list<Field> fields) {
  std::string line("event=");
  line.append(event);
  for (const auto& field : fields) {
    line.append(" ").append(field.name).append("=");
    if (plain(field.value))
      line.append(field.value);
    else
      append_quoted(line, field.value);
  }
  return line;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!spdlog::should_log(native(level))) return;
  spdlog::log(native(level), spdlog::string_view_t(format_line(event, fields)));
}

}  // namespace latchkey::log
