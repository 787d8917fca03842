#include "tools/latchkey-vendor/binding.h"

#include <algorithm>

#include "core/usbkey/key_id.h"
#include "tools/files/files.h"

namespace latchkey::vendor {
namespace {

Result<void> check_covered(const RequestKey& request, const Coverage& coverage) {
  std::string uncovered;
  std::size_t count = 0;
  for (const auto& node : request.nodes) {
    if (node.covered()) continue;
    uncovered += (uncovered.empty() ? "" : ", ") + node.name;
    ++count;
  }
  if (count == request.nodes.size())
    return fail("node-not-covered", "The request key knows of no node what tells its machine.",
                "Have it made again when the agents run: `latchkey request-key`.");
  if (count == 0 || coverage.allow_uncovered) return {};
  return fail("node-not-covered",
              "The request key does not know what tells the machine of " + uncovered +
                  ", so a license would not count there alone.",
              "Have it made again when all nodes are connected: `latchkey request-key`; or give "
              "--allow-uncovered (in an order: allow-uncovered = true).");
}

}  // namespace

Result<Binding> key_binding(const std::string& typed) {
  const auto key = parse_key_id(typed);
  if (!key)
    return fail("invalid-key-id", "`" + typed + "` is no key ID.",
                "Check it for slips; `latchkey key id` prints it.");
  return KeyBinding{*key};
}

std::uint64_t default_required(std::size_t factors) { return factors <= 2 ? factors : factors - 1; }

Result<Binding> deployment_binding(const RequestKey& request, const Coverage& coverage) {
  LK_CHECK(check_covered(request, coverage));
  DeploymentBinding out{request.deployment, {}, coverage.required};
  auto fewest = kMaxFactors;
  for (const auto& node : request.nodes) {
    if (!node.covered()) continue;
    out.nodes.push_back({node.node, node.factors});
    fewest = std::min(fewest, node.factors.size());
  }
  if (out.required == 0) out.required = default_required(fewest);
  if (out.required > fewest)
    return fail("invalid-required",
                "A node has " + std::to_string(fewest) + " factors, so " +
                    std::to_string(out.required) + " can never match.",
                "Require at most " + std::to_string(fewest) + ".");
  return out;
}

Result<RequestKey> open_request_key(const std::string& file) {
  LK_TRY(const auto text, tool::read_file(file));
  auto request = verify_request_key(as_bytes(text));
  if (!request) request.error().message = file + ": " + request.error().message;
  return request;
}

std::string describe(const Binding& binding) {
  if (const auto* key = std::get_if<KeyBinding>(&binding)) return key->key_id;
  constexpr std::size_t kShown = 12;
  return "deployment " + std::get<DeploymentBinding>(binding).deployment.substr(0, kShown);
}

}  // namespace latchkey::vendor
