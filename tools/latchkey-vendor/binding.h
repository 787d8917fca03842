#pragma once

#include <string>

#include "core/deployment/request_key.h"
#include "core/license/document.h"

namespace latchkey::vendor {

/// The USB key as a person typed its ID (SPEC REQ-3). Error: `invalid-key-id`.
Result<Binding> key_binding(const std::string& typed);

/// How tightly a license is bound to a deployment (SPEC REQ-2).
struct Coverage {
  /// How many factors of a node must still match; 0: default_required().
  std::uint64_t required = 0;
  /// Nodes whose factors the request key does not know are left out.
  bool allow_uncovered = false;
};

/// All but one, so that one part may be replaced; of one or two factors all.
std::uint64_t default_required(std::size_t factors);

/// To every node whose factors are known. Errors: `node-not-covered`, `invalid-required` when a
/// node has fewer factors.
Result<Binding> deployment_binding(const RequestKey& request, const Coverage& coverage);
/// The request key that a customer sent, verified. Errors: those of verify_request_key(),
/// `cannot-read`.
Result<RequestKey> open_request_key(const std::string& file);

/// `LK-…`, or `deployment` and the start of its id.
std::string describe(const Binding& binding);

}  // namespace latchkey::vendor
