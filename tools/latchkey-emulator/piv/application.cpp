#include "tools/latchkey-emulator/piv/application.h"

#include <algorithm>

namespace latchkey::emulator::piv {

Application::Application(PivState state, Persist persist)
    : state_(std::move(state)), persist_(std::move(persist)) {}

Application::Handler Application::handler_of(std::uint8_t ins) {
  static constexpr struct {
    std::uint8_t ins;
    Handler handler;
  } kHandlers[] = {
      {0x20, &Application::verify},       {0x24, &Application::change_reference},
      {0x2C, &Application::reset_retry},  {0x47, &Application::generate},
      {0x87, &Application::authenticate}, {0xCB, &Application::get_data},
      {0xDB, &Application::put_data},     {0xF7, &Application::metadata},
      {0xF8, &Application::serial},       {0xFA, &Application::set_retries},
      {0xFB, &Application::reset_token},  {0xFD, &Application::version},
      {0xFE, &Application::import_key},   {0xFF, &Application::set_management_key},
  };
  const auto* const found =
      std::ranges::find_if(kHandlers, [&](const auto& h) { return h.ins == ins; });
  return found == std::end(kHandlers) ? nullptr : found->handler;
}

Answer Application::execute(const Command& command) {
  const auto handler = handler_of(command.ins);
  if (handler == nullptr) return refuse(Sw::unknown_instruction);
  return (this->*handler)(command);
}

/// As a copier of data objects would: keys, PINs and the management key stay.
bool Application::copy_objects(const PivState& from) {
  auto next = state_;
  next.objects = from.objects;
  return replace(std::move(next)).has_value();
}

Answer Application::replace(PivState next) {
  if (!persist_(next)) return refuse(Sw::memory_failure);
  state_ = std::move(next);
  return Bytes{};
}

}  // namespace latchkey::emulator::piv
