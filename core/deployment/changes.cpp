#include "core/deployment/changes.h"

#include <optional>
#include <utility>

namespace latchkey {
namespace {

class Differ {
 public:
  void see(const FoldStep& step) {
    run_out(step.at);
    compare_buffers(step);
    if (step.state != state_ || step.reason != reason_ || step.key_id != key_id_) note_state(step);
    cause_ = step.cause;
  }
  std::vector<Change> finish(Time now) {
    run_out(now);
    return std::move(changes_);
  }

 private:
  struct Running {
    std::string key_id;
    Time since;
    Time until;
  };

  void run_out(Time now) {
    if (!running_ || running_->until > now) return;
    note_buffer(Change::Kind::buffer_ended, running_->until, cause_, "over", *running_);
    running_.reset();
  }

  void compare_buffers(const FoldStep& step) {
    const auto* buffer = step.buffer;
    if (buffer != nullptr && since_ == buffer->since) return;
    since_ = buffer ? std::optional(buffer->since) : std::nullopt;
    if (const auto ended = std::exchange(running_, std::nullopt))
      note_buffer(Change::Kind::buffer_ended, step.at, step.cause,
                  step.key_id == ended->key_id ? "returned" : "replaced", *ended);
    if (buffer == nullptr) return;
    const Running started{buffer->key_id, buffer->since, buffer->until};
    note_buffer(Change::Kind::buffer_started, step.at, step.cause, "", started);
    if (started.until > step.at) running_ = started;
  }

  void note_buffer(Change::Kind kind, Time at, const Fact* cause, std::string reason,
                   const Running& buffer) {
    Change change{kind, at, cause, std::move(reason), buffer.key_id};
    change.until = buffer.until;
    changes_.push_back(std::move(change));
  }

  void note_state(const FoldStep& step) {
    Change change{Change::Kind::state, step.at, step.cause, std::string(step.reason),
                  std::string(step.key_id)};
    change.state = step.state;
    change.before = std::exchange(state_, step.state);
    reason_ = step.reason;
    key_id_ = step.key_id;
    changes_.push_back(std::move(change));
  }

  std::vector<Change> changes_;
  const Fact* cause_ = nullptr;
  KeyState state_ = KeyState::missing;
  std::string reason_ = std::string(kNeverInserted);
  std::string key_id_;
  std::optional<Time> since_;       // of the buffer that stands, over or not
  std::optional<Running> running_;  // the same while it is not over
};

}  // namespace

std::vector<Change> changes(std::span<const Fact> facts, const FoldConfig& config, Time now) {
  Differ differ;
  const auto decision = fold(facts, config, now, [&](const FoldStep& step) { differ.see(step); });
  return differ.finish(decision.at);
}

}  // namespace latchkey
