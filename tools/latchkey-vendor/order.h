#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/license/document.h"
#include "core/license/trust_bundle.h"
#include "tools/latchkey-vendor/order_table.h"

namespace latchkey::vendor {

inline constexpr std::size_t kMaxLicenses = 10'000;

/// The licenses of an order file (docs/vendor.md, "Orders"), composed for `issuer`, or all that is
/// wrong with the order, by line. `now` is the issue time unless the order names one.
using OrderResult = tl::expected<std::vector<LicenseDocument>, std::vector<OrderProblem>>;
OrderResult parse_order(std::string_view toml, const Issuer& issuer, Time now);

/// Error `invalid-order`, with one line `FILE:LINE: KEY: MESSAGE CURE` for each problem.
Error order_error(const std::string& file, const std::vector<OrderProblem>& problems);

}  // namespace latchkey::vendor
