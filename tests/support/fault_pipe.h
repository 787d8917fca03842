#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "drivers/usb/report_pipe.h"

namespace latchkey::test {

/// A pipe that spoils what the device says, from one of its reports on.
class FaultPipe final : public ReportPipe {
 public:
  /// What the host gets instead of a report; nothing: the report is lost.
  using Tamper = std::function<std::optional<KeyResult<Report>>(const Report&)>;

  struct Plan {
    std::size_t position = 0;  ///< counts the device's reports from 0
    Tamper tamper;
    bool for_good = false;  ///< every later read gets the same, whether or not the device speaks
  };

  explicit FaultPipe(std::unique_ptr<ReportPipe> inner) : inner_(std::move(inner)) {}

  void arm(Plan plan) {
    plan_ = std::move(plan);
    seen_ = 0;
    struck_.reset();
  }
  void disarm() { plan_.reset(); }
  /// Reports that the device has sent since `arm` or the beginning.
  std::size_t seen() const { return seen_; }

  KeyResult<void> write(const Report& report, Deadline deadline) override {
    return inner_->write(report, deadline);
  }

  KeyResult<Report> read(Deadline deadline) override {
    for (;;) {
      if (plan_ && plan_->for_good && struck_) {
        if (auto out = plan_->tamper(*struck_)) return *std::move(out);
        auto ignored = inner_->read(deadline);
        if (!ignored) return ignored;
        continue;
      }
      auto report = inner_->read(deadline);
      if (!report) return report;
      if (!plan_ || seen_++ != plan_->position) return report;
      struck_ = *report;
      if (auto out = plan_->tamper(*report)) return *std::move(out);
    }
  }

  void cancel() noexcept override { inner_->cancel(); }

 private:
  std::unique_ptr<ReportPipe> inner_;
  std::optional<Plan> plan_;
  std::size_t seen_ = 0;
  std::optional<Report> struck_;
};

}  // namespace latchkey::test
