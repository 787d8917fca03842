#include <nlohmann/json.hpp>

#include "tools/latchkey/doctor.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;
using Verdict = Finding::Verdict;

void check_state(const json& status, Findings& findings) {
  const auto state = text(status, "state"), reason = text(status, "reason");
  const std::string shown = "The state is " + state + (reason.empty() ? "" : " (" + reason + ")") +
                            ". " + text(status, "message");
  const bool by_files = reason == "never-inserted" && flag(status, "usable");
  findings.push_back({state == "Ready" || by_files ? Verdict::good : Verdict::bad, "key", shown,
                      by_files ? "" : text(status, "cure")});
  if (!flag(status, "usable"))
    findings.push_back(
        {Verdict::bad, "key", "No license can be used now.",
         "Insert a working key with a valid license; order one with `latchkey key id`."});
  const auto& buffer = member(status, "buffer");
  if (buffer.is_object())
    findings.push_back(
        {Verdict::note, "key",
         "The buffer license ends " + countdown(text(buffer, "until"), text(status, "time")) + ".",
         ""});
}

void check_keys(const json& status, Findings& findings) {
  for (const auto& key : member(status, "keys")) {
    const auto where =
        " at " + node_name(status, text(key, "node")) + ", port " + text(key, "port");
    const auto id = text(key, "key").empty() ? "The key" : "Key " + text(key, "key");
    if (flag(key, "works"))
      findings.push_back({Verdict::good, "key", id + where + " works.", ""});
    else
      findings.push_back({Verdict::bad, "key",
                          id + where + " does not work (" + text(key, "reason") + "). " +
                              text(key, "message") +
                              (text(key, "detail").empty() ? "" : " [" + text(key, "detail") + "]"),
                          text(key, "cure")});
  }
}

void check_peer(const json& status, Findings& findings) {
  const auto peer = text(status, "peer");
  if (peer == "reachable")
    findings.push_back({Verdict::good, "peer", "The other node is reachable.", ""});
  else if (peer != "none" && !peer.empty())
    findings.push_back(
        {Verdict::bad, "peer", "The link to the other node is down (" + peer + ").",
         "Check that its agent runs and that peer.listen of one reaches the other (TCP 8202)."});
}

/// Of the key, its buffer and the peer, with more detail than an alert has.
bool is_said_above(const json& alert) {
  const auto id = text(alert, "id");
  return id.starts_with("key-") || id == "buffer-running" || id == "peer-unreachable";
}

}  // namespace

void check_status(const json& status, Findings& findings) {
  check_state(status, findings);
  check_keys(status, findings);
  check_peer(status, findings);
  if (flag(status, "emulated_port"))
    findings.push_back({Verdict::note, "warning",
                        "The agent takes keys from an emulated port: for tests only.",
                        "Remove keys.emulated_port from its configuration."});
  for (const auto& alert : member(status, "alerts"))
    if (!is_said_above(alert))
      findings.push_back({Verdict::bad, "alert",
                          text(alert, "text") + " [" + text(alert, "id") + "]",
                          text(alert, "cure")});
}

}  // namespace latchkey::cli
