#include "tests/simulation/virtual_wire.h"

#include <utility>

namespace latchkey::simulation {

using peer::Message;

class VirtualWire::End final : public peer::Channel {
 public:
  const std::string& pin() const override { return nowhere_; }
  const std::string& remote_host() const override { return nowhere_; }
  void set_events(Events events) override { events_ = std::move(events); }
  void set_frame_limit(std::size_t) override {}
  void send(const Message& message) override { send_text(encode(message)); }
  void send_text(std::string_view text) override {
    if (open_ && far_) far_->inbox_.emplace_back(text);
  }
  void close() override {
    if (!std::exchange(open_, false) || !far_) return;
    far_->inbox_.emplace_back();
  }
  void finish() override { close(); }

  bool deliver() {
    if (inbox_.empty()) return false;
    const auto text = std::move(inbox_.front());
    inbox_.pop_front();
    if (!open_) return true;
    if (!text) {
      tell_closed("closed by the other end");
    } else if (auto message = peer::decode(*text)) {
      const auto events = events_;
      events.message(std::move(*message));
    } else {
      tell_closed(message.error().message);
    }
    return true;
  }
  void lose() {
    inbox_.clear();
    if (open_) tell_closed("the wire was cut");
  }
  void join(End* far) { far_ = far; }

 private:
  void tell_closed(const std::string& why) {
    open_ = false;
    const auto events = events_;
    if (events.closed) events.closed({"connection-lost", why, ""});
  }

  const std::string nowhere_;
  End* far_ = nullptr;
  bool open_ = true;
  Events events_;
  std::deque<std::optional<std::string>> inbox_;  // none: the far end closed
};

VirtualWire::VirtualWire() : ends_{std::make_shared<End>(), std::make_shared<End>()} {
  ends_[0]->join(ends_[1].get());
  ends_[1]->join(ends_[0].get());
}

VirtualWire::~VirtualWire() {
  for (const auto& end : ends_) end->join(nullptr);
}

peer::ChannelPtr VirtualWire::end(int side) const { return ends_[side]; }

bool VirtualWire::deliver() { return ends_[0]->deliver() || ends_[1]->deliver(); }

void VirtualWire::cut() {
  for (const auto& end : ends_) end->lose();
}

}  // namespace latchkey::simulation
