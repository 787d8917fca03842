#include "load/workload.h"

#include <array>
#include <utility>

namespace latchkey::load {
namespace {

constexpr std::string_view kId = "0000000";  // in a template: the consumer's number
constexpr char kQuantity = '#';
constexpr std::uint32_t kLife = 16;  // requests from one connect to the next

constexpr std::array<std::pair<std::string_view, Kind>, 6> kKinds{{{"get", Kind::get},
                                                                   {"authorize", Kind::authorize},
                                                                   {"connect", Kind::connect},
                                                                   {"usage", Kind::usage},
                                                                   {"heartbeat", Kind::heartbeat},
                                                                   {"life", Kind::life}}};

void put_number(char* digits, std::uint32_t number) {
  for (auto left = kId.size(); left-- > 0; number /= 10)
    digits[left] = static_cast<char>('0' + number % 10);
}

/// All of 0…count-1 in an order that no cache of the server knows beforehand: the factor is prime
/// and larger than any count.
std::uint32_t scattered(std::uint32_t number, std::uint32_t count) {
  return static_cast<std::uint32_t>(number * std::uint64_t{2'654'435'761} % count);
}

}  // namespace

std::optional<Kind> parse_kind(std::string_view text) {
  for (const auto& [name, kind] : kKinds)
    if (name == text) return kind;
  return std::nullopt;
}

Workload::Workload(const WorkloadSettings& settings) : kind_(settings.kind) {
  const std::string consumer = "/v1/consumers/load-" + std::string(kId);
  const std::string line = R"({"object":")" + settings.object + R"(","unit":")" + settings.unit +
                           R"(","quantity":)" + kQuantity + "}";
  usage_ = make("PUT", consumer + "/usage",
                R"({"usage":[)" + line + R"(],"ttl_s":)" + std::to_string(settings.ttl_s) + "}");
  heartbeat_ = make("POST", consumer + "/heartbeat", "");
  release_ = make("DELETE", consumer, "");
  plain_ = kind_ == Kind::authorize
               ? make("POST", "/v1/authorize",
                      R"({"operation":"create","object":")" + settings.object + R"("})")
               : make("GET", settings.path, "");
}

Workload::Template Workload::make(std::string_view method, const std::string& path,
                                  const std::string& body) {
  Template made;
  made.text = std::string(method) + " " + path + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!body.empty())
    made.text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  made.text += "\r\n" + body;
  made.id_at = made.text.find(kId);
  made.quantity_at = made.text.find(kQuantity);
  return made;
}

/// In a life, consumers are spread over its stages; in the first round all of them connect.
const Workload::Template& Workload::choose(std::uint32_t consumer, std::uint32_t round) const {
  if (kind_ == Kind::get || kind_ == Kind::authorize) return plain_;
  if (kind_ == Kind::heartbeat) return heartbeat_;
  if (kind_ != Kind::life || round == 0) return usage_;
  const auto stage = (consumer + round) % kLife;
  if (stage == kLife - 1) return release_;
  return stage % (kLife / 2) == 0 ? usage_ : heartbeat_;
}

bool Workload::append(Cursor& cursor, std::string& out) const {
  if (cursor.next == cursor.count) {
    if (kind_ == Kind::connect) return false;
    cursor.next = 0;
    ++cursor.round;
  }
  const auto consumer = cursor.first + scattered(cursor.next++, cursor.count);
  const auto& chosen = choose(consumer, cursor.round);
  out.append(chosen.text);
  char* text = out.data() + out.size() - chosen.text.size();
  if (chosen.id_at != std::string::npos) put_number(text + chosen.id_at, consumer);
  if (chosen.quantity_at != std::string::npos)
    text[chosen.quantity_at] = static_cast<char>('1' + cursor.round % 2);
  return true;
}

}  // namespace latchkey::load
