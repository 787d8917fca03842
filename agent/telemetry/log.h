#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace latchkey::log {

enum class Level { debug, info, warning, error };

/// One `name=value` of a line; values are quoted when they hold spaces, quotes or control
/// characters.
struct Field {
  std::string_view name;
  std::string value;
};

/// Logs to standard error: under journald (JOURNAL_STREAM is set) with `<N>` priorities, else with
/// a time stamp. Call once, before any thread starts.
void open(Level level);
void set_level(Level level);

/// `event` is one of telemetry/names.h. Any thread.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

/// The line without its prefix; separate so that a test can read it.
std::string format_line(std::string_view event, std::initializer_list<Field> fields);

}  // namespace latchkey::log
