#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "agent/app/node_log.h"
#include "agent/app/read_settings.h"
#include "agent/reactor/work_thread.h"

namespace latchkey {

/// Withdraws the licenses that the agents keep and the vendor revoked: each is judged once by each
/// trust bundle, on the worker thread (SPEC SEC-5). A license on a key is judged again at each
/// reading; a signer that is merely unknown may be a bundle that is behind. Reactor thread only.
class RevocationReview {
 public:
  /// References outlive it.
  RevocationReview(NodeLog& log, std::shared_ptr<const ReadSettings> settings, WorkThread& work)
      : log_(log), settings_(std::move(settings)), work_(work) {}

  /// Looks at what came since the last time.
  void review(const Decision& decision);
  /// The document was just verified by this trust store.
  void passed(const std::string& document, const TrustStore* by);

 private:
  struct Round;
  void ended(const Round& round);

  NodeLog& log_;
  std::shared_ptr<const ReadSettings> settings_;
  WorkThread& work_;
  std::shared_ptr<const TrustStore> trust_;  ///< that `judged_` is about
  std::unordered_set<std::string> judged_;
  std::size_t facts_ = 0;  ///< how many there were at the last look
};

}  // namespace latchkey
