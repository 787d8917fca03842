#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/duration_histogram.h"

namespace latchkey {

/// Writes Prometheus' text exposition format 0.0.4: families one after the other, each with its
/// samples. Label values may be hostile (SPEC SEC-3); names and helps are our own.
class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge"); }
  void counter(std::string_view name, std::string_view help) { family(name, help, "counter"); }
  void histogram(std::string_view name, std::string_view help) { family(name, help, "histogram"); }

  /// Of the family announced last.
  template <std::integral Value>
  void sample(Value value, Labels labels = {}) {
    line({}, labels, {}, std::to_string(value));
  }
  void sample(double value, Labels labels = {});
  void sample(const DurationHistogram& value, Labels labels = {});  ///< in seconds

  std::string take() { return std::move(text_); }

 private:
  void family(std::string_view name, std::string_view help, std::string_view type);
  void line(std::string_view suffix, Labels labels, std::string_view end, std::string_view value);
  void label(char before, std::string_view name, std::string_view value);

  std::string text_;
  std::string_view name_;
};

}  // namespace latchkey
