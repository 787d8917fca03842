#include "agent/app/metrics.h"

#include <initializer_list>
#include <string_view>

namespace latchkey {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Page {
 public:
  void gauge(std::string_view name, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" gauge\n");
  }
  /// A sample of the gauge announced last.
  void sample(const std::string& value, Labels labels = {}) {
    text_.append(name_);
    char before = '{';
    for (const auto& [label, content] : labels) {
      text_.append(1, std::exchange(before, ',')).append(label).append("=\"");
      append_escaped(content);
      text_.push_back('"');
    }
    text_.append(labels.size() == 0 ? " " : "} ").append(value).append("\n");
  }
  void sample(std::uint64_t value, Labels labels = {}) { sample(std::to_string(value), labels); }
  std::string take() { return std::move(text_); }

 private:
  void append_escaped(std::string_view content) {
    for (const char c : content) {
      if (c == '\\' || c == '"') text_.push_back('\\');
      c == '\n' ? text_.append("\\n") : text_.append(1, c);
    }
  }

  std::string text_;
  std::string_view name_;
};

std::string seconds(Duration span) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(span).count());
}

void add_state(Page& page, const StatusView& view, Time now) {
  const auto& decision = view.decision;
  page.gauge("latchkey_usable", "Whether some base license counts now.");
  page.sample(view.entitlements.usable ? 1 : 0);
  page.gauge("latchkey_key_state", "1 for the state of the USB key.");
  for (const auto state : {KeyState::ready, KeyState::missing, KeyState::abnormal, KeyState::fault})
    page.sample(state == decision.state ? 1 : 0, {{"state", to_string(state)}});
  if (!decision.buffer) return;
  const auto end = entries_until(decision.buffer->license, decision.buffer->until);
  page.gauge("latchkey_buffer_seconds_left", "Until the buffer license ends; 0 when it is over.");
  page.sample(seconds(std::max(end - now, Duration(0))));
}

void add_alerts(Page& page, const StatusView& view) {
  page.gauge("latchkey_alert", "1 for every alert that stands.");
  for (const auto& alert : view.alerts)
    page.sample(1, {{"id", alert.id}, {"severity", to_string(alert.severity)}});
}

void add_entries(Page& page, const StatusView& view, Time now) {
  page.gauge("latchkey_entry_expiry_seconds",
             "Until an entry of a license stops counting; negative once it has expired.");
  for (const auto& entitled : view.entitlements.entries) {
    if (!entitled.counts() && entitled.status != EntryStatus::expired) continue;
    const auto& document = entitled.license->document;
    // Two entries of one document may be alike in everything else.
    const auto index = std::to_string(entitled.entry - document.entries.data());
    page.sample(seconds(entitled.ends - now), {{"license", document.id},
                                               {"entry", index},
                                               {"object", entitled.entry->object},
                                               {"unit", entitled.entry->unit}});
  }
}

void add_pools(Page& page, const StatusView& view) {
  const auto add = [&](std::string_view name, std::string_view help, auto figure) {
    page.gauge(name, help);
    for (const auto& [id, pool] : view.capacity.pools)
      page.sample(figure(pool), {{"object", id.object}, {"unit", id.unit}});
  };
  add("latchkey_pool_total", "What is licensed and counts now.",
      [](const Pool& pool) { return pool.total; });
  add("latchkey_pool_used", "What consumers use.", [](const Pool& pool) { return pool.used; });
  add("latchkey_pool_available", "What a consumer can still get.",
      [](const Pool& pool) { return pool.available; });
  add("latchkey_pool_reserved", "What is kept for consumers that do not use it.",
      [](const Pool& pool) { return pool.reserved; });
  page.gauge("latchkey_leases", "Consumers that hold a lease.");
  page.sample(view.consumption.leases);
  add("latchkey_pool_over", "What is used beyond what is licensed.",
      [](const Pool& pool) { return pool.over; });
}

}  // namespace

std::string metrics_text(const StatusView& view, Time now) {
  Page page;
  add_state(page, view, now);
  add_alerts(page, view);
  add_entries(page, view, now);
  add_pools(page, view);
  return page.take();
}

}  // namespace latchkey
