#include "agent/app/license_writer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

namespace names = log::names;

constexpr int kMaxDoublings = 10;

}  // namespace

LicenseWriter::LicenseWriter(std::string node, const NodeLog& log, KeyDesk& keys, KeyWriter write,
                             std::function<void()> changed)
    : node_(std::move(node)),
      log_(log),
      keys_(keys),
      write_(std::move(write)),
      changed_(std::move(changed)) {}

const LicenseWriter::Attempt* LicenseWriter::attempt(const std::string& port) const {
  const auto found = attempts_.find(port);
  return found == attempts_.end() ? nullptr : &found->second;
}

void LicenseWriter::write_missing(const Decision& decision) {
  std::map<std::string, std::string> wanted;
  for (const auto& key : decision.keys)
    if (key.node == node_ && !key.holding.to_write.empty()) wanted[key.port] = key.holding.to_write;
  std::erase_if(attempts_, [&](const auto& entry) { return wanted.count(entry.first) == 0; });
  for (const auto& [port, document] : wanted) {
    const auto* before = attempt(port);
    if (before && before->document == document) continue;
    attempts_[port] = {document, State::writing, {}};
    write(port, document);
  }
}

/// What failed in passing is tried again; so is a write that the key took and then forgot.
void LicenseWriter::rescan() {
  std::map<std::string, std::string> due;
  for (auto& [port, attempt] : attempts_) {
    if (attempt.state == State::writing || attempt.state == State::refused) continue;
    if (attempt.rest-- > 0) continue;
    attempt.rest = (1 << std::min(attempt.tries++, kMaxDoublings)) - 1;
    attempt.state = State::writing;
    due.emplace(port, attempt.document);
  }
  for (const auto& [port, document] : due) write(port, document);
}

void LicenseWriter::write(const std::string& port, const std::string& document) {
  const auto* envelope = log_.facts().document(document);
  if (envelope == nullptr)
    return ended(port, document, fail("document-missing", "the document is not here"));
  const auto outcome = std::make_shared<Result<void>>();
  const auto task = [outcome, envelope = *envelope, write = write_](Key& key) -> KeyResult<void> {
    if (const auto reading = write(key, envelope); !reading)
      *outcome = tl::make_unexpected(reading.error());
    return {};
  };
  const auto told = [this, port, document, outcome](const KeyResult<void>& opened) {
    if (!opened) *outcome = fail("unreadable", opened.error().detail);
    ended(port, document, *outcome);
  };
  // Not there yet: at the start the facts come before the devices.
  if (!keys_.with_key(port, task, told)) attempts_.erase(port);
}

void LicenseWriter::ended(const std::string& port, const std::string& document,
                          const Result<void>& outcome) {
  const auto found = attempts_.find(port);
  if (found == attempts_.end() || found->second.document != document) return;
  auto& attempt = found->second;
  if (outcome) {
    attempt.state = State::written;
    log::info(names::kLicenseWritten, {{"port", port}, {"document", document}});
  } else {
    attempt.error = outcome.error();
    attempt.state = attempt.error.code == "refused" ? State::refused : State::failed;
    const bool kept = attempt.state == State::refused;
    log::write(kept ? log::Level::info : log::Level::warning,
               kept ? names::kLicenseKept : names::kLicenseWriteFailed,
               {{"port", port},
                {"document", document},
                {"code", attempt.error.code},
                {"detail", attempt.error.message}});
  }
  keys_.refresh(port);  // what it carries now, whatever became of the write
  changed_();
}

}  // namespace latchkey
