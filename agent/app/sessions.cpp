#include "agent/app/sessions.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

// RFC 6265bis 4.1.3.2: a browser takes this name over TLS only, for this host and no other.
constexpr std::string_view kCookie = "__Host-latchkey", kPlainCookie = "latchkey";
constexpr std::string_view kAttributes = "; Path=/; HttpOnly; SameSite=Strict";
constexpr std::size_t kSecretBytes = 32;

Result<std::string> secret(const FillRandom& random) {
  Bytes bytes(kSecretBytes);
  if (!random(bytes)) return fail("no-random", "The system gives no random numbers.");
  return to_base64url(bytes);
}

std::string_view name_on(Sessions::Wire wire) {
  return wire == Sessions::Wire::tls ? kCookie : kPlainCookie;
}

/// Of the header Set-Cookie.
std::string cookie(std::string_view value, std::chrono::seconds life, Sessions::Wire wire) {
  return std::string(name_on(wire)) + "=" + std::string(value) + std::string(kAttributes) +
         (wire == Sessions::Wire::tls ? "; Secure" : "") +
         "; Max-Age=" + std::to_string(life.count());
}

/// The value of our cookie among those of a request (RFC 6265 4.2.1).
std::string_view value_in(std::string_view cookies, Sessions::Wire wire) {
  const auto name = name_on(wire);
  while (!cookies.empty()) {
    const auto end = std::min(cookies.find(';'), cookies.size());
    auto pair = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return pair.substr(name.size() + 1);
  }
  return {};
}

std::string key_of(std::string_view value) { return content_hash(as_bytes(value)); }

}  // namespace

Result<Sessions::Opened> Sessions::open(const std::string& account, Instant now,
                                        const FillRandom& random, Wire wire) {
  LK_TRY(const std::string value, secret(random));
  LK_TRY(std::string csrf, secret(random));
  make_room(account, now);
  sessions_.emplace(key_of(value), Session{account, csrf, now, now});
  return Opened{cookie(value, kLife, wire), std::move(csrf)};
}

void Sessions::make_room(const std::string& account, Instant now) {
  std::erase_if(sessions_, [now](const auto& entry) {
    return now - entry.second.used >= kIdle || now - entry.second.opened >= kLife;
  });
  const auto of_account = [&](const auto& entry) { return entry.second.account == account; };
  const auto mine = static_cast<std::size_t>(std::ranges::count_if(sessions_, of_account));
  if (mine < kPerAccount && sessions_.size() < kAll) return;
  auto oldest = sessions_.end();
  for (auto it = sessions_.begin(); it != sessions_.end(); ++it)
    if ((mine < kPerAccount || of_account(*it)) &&
        (oldest == sessions_.end() || it->second.used < oldest->second.used))
      oldest = it;
  sessions_.erase(oldest);
}

Sessions::Session* Sessions::find(std::string_view cookies, Instant now, Wire wire) {
  const auto value = value_in(cookies, wire);
  if (value.empty()) return nullptr;
  const auto found = sessions_.find(key_of(value));
  if (found == sessions_.end()) return nullptr;
  auto& session = found->second;
  return now - session.used < kIdle && now - session.opened < kLife ? &session : nullptr;
}

void Sessions::close(std::string_view cookies, Wire wire) {
  sessions_.erase(key_of(value_in(cookies, wire)));
}

void Sessions::close_all(const std::string& account) {
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.account == account; });
}

std::string Sessions::farewell(Wire wire) { return cookie("", std::chrono::seconds(0), wire); }

}  // namespace latchkey
