#include "drivers/registry/registry.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "latchkey_known_keys.h"
#include "tools/latchkey-emulator/hidkey/descriptors.h"

namespace latchkey::test {
namespace {

TEST(DriverRegistry, HasTheDriverOfEveryKeyInTheList) {
  const DriverRegistry registry;
  for (const auto& key : kKnownKeys) {
    const auto* driver = registry.find(key.driver);
    ASSERT_NE(driver, nullptr) << key.driver;
    EXPECT_EQ(driver->name(), key.driver);
  }
  EXPECT_EQ(registry.find("floppy"), nullptr);
}

TEST(DriverRegistry, TheEmulatedKeyIsInTheList) {
  EXPECT_TRUE(std::ranges::any_of(kKnownKeys, [](const KnownKey& key) {
    return key.vendor == emulator::kVendorId && key.product == emulator::kProductId;
  }));
}

}  // namespace
}  // namespace latchkey::test
