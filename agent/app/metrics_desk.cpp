#include "agent/app/metrics_desk.h"

#include <algorithm>

namespace latchkey {

std::string MetricsDesk::text() const {
  const auto& view = parts_.publisher.view();
  return metrics_text(
      view,
      {parts_.traffic, parts_.store.commits(), parts_.leases.commits(), parts_.peer.lag(),
       parts_.publisher.snapshot().recording, parts_.boot_seconds() - started_, process_usage()},
      std::max(parts_.clock.now(), view.decision.at));
}

}  // namespace latchkey
