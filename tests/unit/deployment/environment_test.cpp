#include "core/deployment/environment.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

using Raw = std::map<std::string, std::string>;  // factor -> value

const DeploymentId kHere(64, 'a');
const DeploymentId kElsewhere(64, 'b');

Factors salted(const Raw& raw, const DeploymentId& deployment = kHere) {
  const auto salt = sha256(as_bytes(deployment));
  Factors out;
  for (const auto& [name, value] : raw) out.emplace(name, salted_factor(salt, name, value));
  return out;
}

NodeFactors tells(const Raw& raw, std::vector<std::string> unreadable = {}) {
  return {kHere, salted(raw), std::move(unreadable)};
}

const Raw kServer{{"machine-id", "m"}, {"dmi-uuid", "u"}, {"board-serial", "b"}};
const Raw kSecond{{"machine-id", "m2"}, {"dmi-uuid", "u2"}, {"board-serial", "b2"}};
const Raw kVm{{"machine-id", "v"}, {"dmi-uuid", "w"}};

Raw with(Raw raw, const std::string& factor, const std::string& value) {
  raw[factor] = value;
  return raw;
}
Raw without(Raw raw, const std::string& factor) {
  raw.erase(factor);
  return raw;
}

DeploymentBinding binding(std::vector<NodeFingerprint> nodes, std::uint64_t required,
                          DeploymentId deployment = kHere) {
  return {std::move(deployment), std::move(nodes), required};
}

struct Story {
  const char* what;
  DeploymentBinding license;
  std::map<std::string, NodeFactors> members;
  bool fits;
  const char* misfit;  // empty: whole
};

const std::vector<Story>& stories() {
  const NodeFingerprint one{"n1", salted(kServer)}, two{"n2", salted(kSecond)};
  const auto server = binding({one}, 2), pair = binding({one, two}, 2);
  const auto vm = binding({{"n1", salted(kVm)}}, 2);
  const auto second = tells(kSecond);
  static const std::vector<Story> kStories{
      {"nothing changed", server, {{"n1", tells(kServer)}}, true, ""},
      // Network cards are no factor: this is the same as nothing changed.
      {"a replaced NIC", vm, {{"n1", tells(kVm)}}, true, ""},
      {"a replaced disk that was copied", server, {{"n1", tells(kServer)}}, true, ""},
      {"a replaced disk, installed anew",
       server,
       {{"n1", tells(with(kServer, "machine-id", "x"))}},
       true,
       "node alfa: machine-id changed (2 of 3 factors match, 2 needed)"},
      {"a cloned VM with a regenerated DMI UUID",
       vm,
       {{"n1", tells(with(kVm, "dmi-uuid", "x"))}},
       false,
       "node alfa: dmi-uuid changed (1 of 2 factors match, 2 needed)"},
      {"a swapped board",
       server,
       {{"n1", tells(with(with(kServer, "dmi-uuid", "x"), "board-serial", "y"))}},
       false,
       "node alfa: board-serial, dmi-uuid changed (1 of 3 factors match, 2 needed)"},
      {"a factor that the agent may not read any more",
       server,
       {{"n1", tells(without(kServer, "board-serial"), {"board-serial"})}},
       true,
       "node alfa: board-serial unreadable (2 of 3 factors match, 2 needed)"},
      {"one unreadable, one gone, one other",
       server,
       {{"n1", tells({{"dmi-uuid", "x"}}, {"board-serial"})}},
       false,
       "node alfa: dmi-uuid changed, machine-id missing, board-serial unreadable (0 of 3 factors "
       "match, 2 needed)"},
      {"a factor that came later", vm, {{"n1", tells(with(kVm, "tpm-ek", "t"))}}, true, ""},
      {"two nodes", pair, {{"n1", tells(kServer)}, {"n2", second}}, true, ""},
      {"two nodes, one with another board",
       pair,
       {{"n1", tells(with(with(kServer, "dmi-uuid", "x"), "board-serial", "y"))}, {"n2", second}},
       true,
       "node alfa: board-serial, dmi-uuid changed (1 of 3 factors match, 2 needed)"},
      {"two nodes, both moved",
       pair,
       {{"n1", tells({{"machine-id", "x"}})}, {"n2", tells({{"dmi-uuid", "x"}})}},
       false,
       "node alfa: machine-id changed, board-serial, dmi-uuid missing (0 of 3 factors match, 2 "
       "needed); node n2: dmi-uuid changed, board-serial, machine-id missing (0 of 3 factors "
       "match, 2 needed)"},
      {"a node that left",
       pair,
       {{"n2", second}},
       true,
       "node alfa: no node of this deployment is that machine"},
      {"the same machine under a new node id", server, {{"n9", tells(kServer)}}, true, ""},
      {"nobody tells", server, {}, false, "node alfa: no node of this deployment is that machine"},
      {"told under the salt of another deployment",
       server,
       {{"n1", {kElsewhere, salted(kServer), {}}}},
       false,
       "node alfa: no node of this deployment is that machine"},
      {"another deployment's license",
       binding({{"n1", salted(kServer)}}, 1, kElsewhere),
       {{"n1", tells(kServer)}},
       false,
       "it is bound to another deployment"},
      {"a node that was not covered",
       binding({one, {"n2", {}}}, 2),
       {{"n1", tells(kServer)}, {"n2", second}},
       true,
       "node n2: the license does not describe its machine"},
      {"exactly as many as needed", binding({one}, 3), {{"n1", tells(kServer)}}, true, ""},
      {"one fewer than needed",
       binding({one}, 3),
       {{"n1", tells(without(kServer, "machine-id"))}},
       false,
       "node alfa: machine-id missing (2 of 3 factors match, 3 needed)"},
  };
  return kStories;
}

// SPEC REQ-2, LIC-4: what moves a license off a deployment and what does not, with the factor named
TEST(Environment, WhatMovedIsNamed) {
  for (const auto& story : stories()) {
    const auto fit = fit_environment(story.license, kHere, story.members);
    EXPECT_EQ(fit.fits(), story.fits) << story.what;
    EXPECT_EQ(describe_misfit(fit, {{"n1", "alfa"}}), story.misfit) << story.what;
    EXPECT_EQ(fit.is_whole(), std::string_view(story.misfit).empty()) << story.what;
  }
}

}  // namespace
}  // namespace latchkey
