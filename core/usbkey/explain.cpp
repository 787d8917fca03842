#include "core/usbkey/explain.h"

#include <array>

#include "core/usbkey/key_fault.h"

namespace latchkey {
namespace {

struct Row {
  std::string_view reason;
  Explanation text;
};

constexpr std::array kRows{
    Row{"never-inserted",
        {"No USB key was ever plugged into this deployment.",
         "Plug the USB key into one of the nodes."}},
    Row{"removed",
        {"The USB key was removed.",
         "Plug the USB key into one of the nodes before the buffer license ends."}},
    Row{"multiple-keys",
        {"One node holds more than one USB key.", "Leave exactly one USB key in the deployment."}},
    Row{"keys-on-both-nodes",
        {"Both nodes hold USB keys; the license is not affected.",
         "Leave exactly one USB key in the deployment."}},
};

}  // namespace

Explanation explain(std::string_view reason) {
  for (const auto& row : kRows)
    if (row.reason == reason) return row.text;
  if (const auto fault = parse_key_fault(reason.substr(0, reason.find(','))))
    return {message(*fault), cure(*fault)};
  return {};
}

}  // namespace latchkey
