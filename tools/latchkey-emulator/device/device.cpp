#include "tools/latchkey-emulator/device/device.h"

namespace latchkey::emulator {

tl::unexpected<Error> wrong_kind() {
  return fail("wrong-kind", "The two keys are of different kinds.",
              "Copy between two HID keys or two PIV tokens.");
}

tl::unexpected<Error> unwritable() {
  return fail("state-unwritable", "Cannot write the state of the key.",
              "Check the state directory's rights and free space.");
}

}  // namespace latchkey::emulator
