#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/keys.h"
#include "tools/latchkey-emulator/device/device.h"
#include "tools/latchkey-emulator/piv/state.h"

// The kinds of devices: the one place that knows them all.
namespace latchkey::emulator {

/// A HID key of this algorithm, or a PIV token of this model.
using Persona = std::variant<KeyAlgorithm, piv::Model>;

/// Makes the text of a state file durable, whole or not at all; false: it could not.
using Save = std::function<bool(std::string_view text)>;

/// The state file of a factory-new device. Errors: `no-random`, `crypto-failed`.
Result<std::string> factory_new(const Persona& persona);

/// The device of a state file. Errors: `invalid-format`, `invalid-key`.
Result<std::unique_ptr<Device>> load_device(std::string_view text, Save save);

}  // namespace latchkey::emulator
