#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/api/backend.h"
#include "agent/app/license_documents.h"
#include "agent/app/node_log.h"
#include "agent/app/status.h"

namespace latchkey {

/// Builds the snapshot when something changed and tells those who watch. Reactor thread only.
class Publisher {
 public:
  /// `complete` adds what the log does not know (names, the peer link, what is being read).
  using Complete = std::function<void(StatusView&)>;

  /// References outlive the publisher; a reload changes the catalogue's content in place.
  Publisher(Reactor& reactor, const Clock& clock, const Catalog& catalog, Complete complete);

  /// Says what the durable facts of `log` come to now. Not while a write is on its way: then the
  /// log calls again, when it is durable or the disk refuses.
  void publish(const NodeLog& log);

  /// As publish(), when only what consumers use has changed: at a fraction of its cost.
  void refresh(const NodeLog& log);

  const Snapshot& snapshot() const { return snapshot_; }
  const StatusView& view() const { return view_; }             ///< the published one
  const Decision& decision() const { return view_.decision; }  ///< the published one
  /// What was parsed to tell what may be used, for others that ask for it.
  LicenseDocuments& documents() { return documents_; }
  /// Each new status, until the sink's client is gone.
  void watch(std::shared_ptr<net::EventSink> sink);
  /// After each publish().
  void on_published(std::function<void()> call) { published_ = std::move(call); }

 private:
  void tell(const NodeLog& log);
  void assess(const NodeLog& log);
  void account(const NodeLog& log);
  void revise(const FactLog& facts);
  void render(const NodeLog& log);
  void announce();
  void schedule(const NodeLog& log);

  const Clock& clock_;
  const Catalog& catalog_;
  Complete complete_;
  LicenseDocuments documents_;
  std::function<void()> published_;
  StatusView view_;
  Snapshot snapshot_;
  std::string news_;  ///< the last status without what changes by itself
  std::string last_state_;
  std::vector<std::shared_ptr<net::EventSink>> sinks_;
  std::unique_ptr<Alarm> next_;
};

}  // namespace latchkey
