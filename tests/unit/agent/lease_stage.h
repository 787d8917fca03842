#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/app/lease_desk.h"
#include "tests/support/fake_store.h"
#include "tests/support/manual_reactor.h"
#include "tests/support/pools.h"
#include "tests/support/sample_vendor.h"
#include "tests/support/temp_dir.h"

namespace latchkey::test {

const net::Caller kAnn{rights_of(Role::consumer), "ann", "uid:1"};
const net::Caller kBob{rights_of(Role::consumer), "bob", "uid:2"};
const net::Caller kRoot{rights_of(Role::administrator), "root", "uid:0"};

struct SetClock final : Clock {
  Time now() const override { return time; }
  Time time = at("2026-06-01T00:00:00Z");
};

/// One node that keeps leases, with a disk that answers when the test says so, and time that passes
/// when it says so.
class LeaseStage {
 public:
  LeaseStage() {
    publisher_.on_published([this] {
      if (desk_) desk_->published();
      published();
    });
    start();
  }
  virtual ~LeaseStage() { desk_.reset(); }
  LeaseStage(const LeaseStage&) = delete;
  LeaseStage& operator=(const LeaseStage&) = delete;

  // What else there is on this node.
  virtual void changed() {}
  virtual void complete(StatusView&) {}
  virtual void published() {}

  /// The agent, with what its journal holds.
  void start() {
    desk_.reset();
    LoadedLeases loaded{std::make_unique<LeaseLedger>(), 1, 1, 0, {}};
    for (const auto& row : store_.lease_rows) {
      ASSERT_TRUE(loaded.ledger->load(row.changes));
      loaded.next = row.position + 1;
    }
    desk_ = std::make_unique<LeaseDesk>(
        LeaseDesk::Parts{reactor_, clock_, log_, store_, publisher_, default_catalog(), identity_,
                         [this] { return seconds_; }, std::chrono::seconds(10)},
        std::move(loaded));
    publisher_.publish(log_);
  }
  /// What is licensed from now on.
  void license(std::uint64_t quantity, std::string_view issued) {
    auto document = SampleVendor::license(kKey);
    document.id = "L-" + std::to_string(quantity);
    document.issued = at(issued);
    document.entries[0].quantity = quantity;
    log_.witness(
        [&](Witness& w, Time now) {
          w.key_read(now, "p", "fake", {{}, kKey, summarise(document, document.id), {}, ""});
        },
        {{document.id, vendor_.seal(document)}});
    settle();
  }

  /// Lets the disk take everything.
  void settle() {
    for (;;) {
      const bool ran = reactor_.run_posted() > 0;
      if (!store_.requests.empty())
        store_.answer();
      else if (!store_.lease_answers.empty())
        store_.answer_leases();
      else if (!ran)
        return;
    }
  }
  /// Without the timers, as when they are late.
  void skip(std::uint32_t seconds) {
    seconds_ += seconds;
    clock_.time += std::chrono::seconds(seconds);
  }
  void wait(std::uint32_t seconds) {
    for (; seconds > 0; --seconds) {
      skip(1);
      reactor_.advance(std::chrono::seconds(1));
      settle();
    }
  }

  struct Question {
    std::optional<net::Response> answer;
    /// `ok`, the code of the refusal, or nothing yet.
    std::string said() const {
      if (!answer) return "";
      return answer->status == 200 ? "ok" : body().at("code").get<std::string>();
    }
    nlohmann::json body() const { return nlohmann::json::parse(answer->body); }
  };
  using Asked = std::shared_ptr<Question>;
  template <class Ask>
  static Asked ask(Ask ask) {
    auto question = std::make_shared<Question>();
    ask([question](net::Response answer) { question->answer = std::move(answer); });
    return question;
  }

  Asked put(const std::string& consumer, std::uint64_t quantity, const std::string& request = "",
            const net::Caller& caller = kAnn, std::uint32_t ttl = 60) {
    UsageStatement statement{{}, ttl, request, ""};
    if (quantity != 0) statement.usage = {{kKvm, quantity}};
    return ask(
        [&](net::Done done) { desk_->state_usage(caller, consumer, statement, std::move(done)); });
  }
  Asked heartbeat(const std::string& consumer, const std::string& token = "",
                  const net::Caller& caller = kAnn) {
    return ask([&](net::Done done) { desk_->heartbeat(caller, consumer, token, std::move(done)); });
  }
  Asked release(const std::string& consumer, const net::Caller& caller = kAnn) {
    return ask([&](net::Done done) { desk_->release(caller, consumer, std::move(done)); });
  }
  std::string settled(const Asked& asked) {
    settle();
    return asked->said();
  }
  /// Of everybody: `a 4, b 0`.
  std::string held() {
    std::string out;
    const auto page = nlohmann::json::parse(desk_->list(kRoot, 0, 1000).body);
    for (const auto& one : page.at("consumers")) {
      std::uint64_t quantity = 0;
      for (const auto& item : one.at("usage")) quantity += item.at("quantity").get<std::uint64_t>();
      out += (out.empty() ? "" : ", ") + one.at("consumer").get<std::string>() + " " +
             std::to_string(quantity);
    }
    return out;
  }
  std::uint64_t used() {
    const auto usage = desk_->consumption().usage;
    return usage.contains(kKvm) ? usage.at(kKvm) : 0;
  }

  const std::string kKey = key_id(as_bytes("key"));
  const SampleVendor vendor_{};
  TempDir dir_;
  const Identity identity_ = Identity::load_or_create(dir_.path()).value();
  ManualReactor reactor_;
  FakeStore store_;
  SetClock clock_;
  std::uint32_t seconds_ = 1000;
  std::unique_ptr<LeaseDesk> desk_;
  Publisher publisher_{reactor_, clock_, default_catalog(), [this](StatusView& view) {
                         view.node = identity_.node_id();
                         view.deployment = identity_.deployment_id();
                         if (desk_) view.consumption = desk_->consumption();
                         complete(view);
                       }};
  NodeLog log_{reactor_,
               clock_,
               store_,
               system_random,
               {identity_.node_id(), std::chrono::seconds(3), std::chrono::seconds(30)},
               {std::string(32, 'a'), {}, {}},
               [this] {
                 changed();
                 publisher_.publish(log_);
               }};
};

}  // namespace latchkey::test
