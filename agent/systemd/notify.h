#pragma once

#include <chrono>
#include <optional>
#include <string>

// sd_notify(3); without systemd nothing happens.
namespace latchkey::systemd {

void ready();
void reloading();
void stopping();
void status(const std::string& text);
void alive();  ///< feeds the watchdog
/// The watchdog's limit, when systemd has set one for this process.
std::optional<std::chrono::microseconds> watchdog_limit();

}  // namespace latchkey::systemd
