#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/file_problem.h"
#include "core/license/document.h"
#include "core/license/trust_bundle.h"

namespace latchkey::vendor {

inline constexpr std::size_t kMaxLicenses = 10'000;  ///< of one order

struct OrderFile {
  std::string name;  ///< request keys are named relative to its folder
  std::string text;  ///< TOML (docs/vendor.md, "Orders")
};

/// The licenses of all these orders, composed for `issuer`, or all that is wrong with any of them,
/// by file and line. `now` is the issue time unless an order names one. Reads the request keys that
/// the orders name.
using OrderResult = tl::expected<std::vector<LicenseDocument>, FileProblems>;
OrderResult read_orders(std::span<const OrderFile> files, const Issuer& issuer, Time now);

/// Error `invalid-order`, one line for each of the first hundred problems.
Error order_error(const FileProblems& problems);

}  // namespace latchkey::vendor
