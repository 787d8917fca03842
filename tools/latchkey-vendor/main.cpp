#include <chrono>
#include <iostream>

#include "tools/latchkey-vendor/vendor.h"

int main(int argc, char** argv) {
  const auto now = std::chrono::floor<latchkey::Duration>(std::chrono::system_clock::now());
  return latchkey::vendor::run({argv + 1, argv + argc}, std::cout, std::cerr, now);
}
