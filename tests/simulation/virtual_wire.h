#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "agent/peer/channel.h"

namespace latchkey::simulation {

/// One connection between two nodes: encoded messages, each under way until deliver() is called.
class VirtualWire {
 public:
  VirtualWire();
  ~VirtualWire();

  peer::ChannelPtr end(int side) const;  ///< 0, 1
  /// The oldest message of either side arrives; false when none is under way.
  bool deliver();
  /// What is under way is lost, and both ends are told.
  void cut();

 private:
  class End;
  std::shared_ptr<End> ends_[2];
};

}  // namespace latchkey::simulation
