#include "core/deployment/due_stamps.h"

namespace latchkey {

std::vector<DueStamp> due_stamps(const Witness& witness, const Decision& decision,
                                 std::string_view node) {
  std::vector<DueStamp> due;
  if (!witness.hears_peer() || decision.key_id.empty()) return due;
  for (const auto& key : decision.keys) {
    const auto history = decision.history.find(key.reading.key_id);
    if (key.node != node || !key.reading.works()) continue;
    if (history == decision.history.end() || history->second.removals == 0) continue;
    const RemovalStamp stamp{history->second.removed_at, history->second.buffer_until};
    const auto& carried = key.reading.stamp;
    if (!carried || carried->removed_at < stamp.removed_at) due.push_back({key, stamp});
  }
  return due;
}

}  // namespace latchkey
