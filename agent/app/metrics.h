#pragma once

#include <optional>
#include <string>

#include "agent/app/lease_journal.h"
#include "agent/app/peer_desk.h"
#include "agent/app/status.h"
#include "agent/net/traffic.h"
#include "agent/store/commit_figures.h"
#include "agent/telemetry/process_usage.h"

namespace latchkey {

/// What is counted or measured beside the published state. Refers to values that outlive it.
struct RunningFigures {
  const net::Traffic& traffic;
  const CommitFigures& commits;
  const LeaseCommits& lease_commits;
  std::optional<PeerLag> peer;
  bool recording = true;  ///< as Snapshot::recording
  std::uint32_t uptime_s = 0;
  ProcessUsage process;
};

/// Prometheus text exposition format 0.0.4 (SPEC ALERT-2); spans run from `now`, license time. No
/// series is named after a consumer: their number has no bound.
std::string metrics_text(const StatusView& view, const RunningFigures& running, Time now);

}  // namespace latchkey
