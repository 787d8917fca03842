#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "latchkey_version.h"
#include "tools/latchkey-client/client.h"
#include "tools/latchkey-client/latchkey_client.h"

namespace lk = latchkey;
using lk::client::Client;
using lk::client::ClientStatus;

struct latchkey_client {
  std::unique_ptr<Client> client;
};

namespace {

/// A status with what the C structure points into.
class Shown {
 public:
  explicit Shown(ClientStatus status) : status_(std::move(status)) {
    for (const auto& item : status_.held)
      held_.push_back({item.object.c_str(), item.unit.c_str(), item.quantity});
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;

  latchkey_status view() const {
    static const lk::client::Problem kNone;
    static const lk::client::PoolFigures kNoPool;
    const auto& problem = status_.problem ? *status_.problem : kNone;
    const auto& pool = problem.pool ? *problem.pool : kNoPool;
    return {.size = sizeof(latchkey_status),
            .state = static_cast<latchkey_state>(status_.state),
            .settled = status_.settled ? 1 : 0,
            .left_ms = static_cast<std::uint64_t>(status_.left.count()),
            .server = status_.server.c_str(),
            .code = problem.code.c_str(),
            .message = problem.message.c_str(),
            .cure = problem.cure.c_str(),
            .pool_object = pool.object.c_str(),
            .pool_unit = pool.unit.c_str(),
            .pool_total = pool.total,
            .pool_used = pool.used,
            .pool_available = pool.available,
            .held = held_.data(),
            .held_count = held_.size()};
  }

 private:
  ClientStatus status_;
  std::vector<latchkey_quantity> held_;
};

static_assert(static_cast<int>(lk::client::State::released) == LATCHKEY_RELEASED);
static_assert(static_cast<int>(lk::client::State::at_risk) == LATCHKEY_AT_RISK);

template <std::size_t Size>
void copy(char (&to)[Size], const std::string& from) {
  const auto size = std::min(from.size(), Size - 1);
  std::memcpy(to, from.data(), size);
  to[size] = '\0';
}

void tell(latchkey_error* to, const lk::Error& error) {
  if (to == nullptr) return;
  copy(to->code, error.code);
  copy(to->message, error.message);
  copy(to->cure, error.cure);
}

lk::Error bad_argument(const char* what) {
  return {"bad-argument", what, "See latchkey_client.h."};
}

/// Runs `call`; what it throws (there is no memory) ends here and becomes `otherwise`.
template <class Value, class Call>
Value guarded(latchkey_error* error, Value otherwise, Call call) noexcept {
  try {
    return call();
  } catch (const std::exception&) {
    if (error != nullptr) {
      std::strcpy(error->code, "out-of-memory");  // NOLINT: it fits
      std::strcpy(error->message, "There is no memory left.");
      error->cure[0] = '\0';
    }
    return otherwise;
  }
}

Client::Options options_of(const latchkey_options& from) {
  Client::Options options;
  options.consumer = from.consumer;
  for (std::size_t i = 0; i < from.server_count; ++i) options.servers.emplace_back(from.servers[i]);
  if (from.directory != nullptr) options.directory = from.directory;
  if (from.ttl_s != 0) options.ttl_s = from.ttl_s;
  if (from.on_change != nullptr)
    options.on_change = [call = from.on_change,
                         context = from.context](const ClientStatus& status) {
      const Shown shown(status);
      const auto view = shown.view();
      call(&view, context);
    };
  return options;
}

bool complete(const latchkey_options* options) {
  if (options == nullptr || options->size != sizeof *options || options->consumer == nullptr)
    return false;
  return options->server_count == 0 ||
         (options->servers != nullptr &&
          std::none_of(options->servers, options->servers + options->server_count,
                       [](const char* server) { return server == nullptr; }));
}

/// Kept for the caller, as the header says.
void show(ClientStatus status, latchkey_status* to) {
  static thread_local std::unique_ptr<Shown> kept;
  kept = std::make_unique<Shown>(std::move(status));
  *to = kept->view();
}

bool fits(const latchkey_status* status) {
  return status != nullptr && status->size == sizeof *status;
}

}  // namespace

latchkey_client* latchkey_open(const latchkey_options* options, latchkey_error* error) {
  return guarded(error, static_cast<latchkey_client*>(nullptr), [&]() -> latchkey_client* {
    if (!complete(options)) {
      tell(error, bad_argument("The options lack a size, the consumer or a server."));
      return nullptr;
    }
    auto opened = Client::open(options_of(*options));
    if (opened) return new latchkey_client{*std::move(opened)};
    tell(error, opened.error());
    return nullptr;
  });
}

int latchkey_use(latchkey_client* client, const latchkey_quantity* usage, size_t count,
                 latchkey_error* error) {
  return guarded(error, -1, [&] {
    lk::Result<void> used;
    lk::client::Usage stated;
    for (std::size_t i = 0; i < count && used; ++i) {
      if (usage[i].object == nullptr || usage[i].unit == nullptr)
        used = tl::make_unexpected(bad_argument("A pool lacks its object or its unit."));
      else
        stated.push_back({usage[i].object, usage[i].unit, usage[i].quantity});
    }
    if (used) used = client->client->use(std::move(stated));
    if (!used) tell(error, used.error());
    return used ? 0 : -1;
  });
}

int latchkey_get_status(const latchkey_client* client, latchkey_status* status) {
  return guarded(nullptr, -1, [&] {
    if (!fits(status)) return -1;
    show(client->client->status(), status);
    return 0;
  });
}

int latchkey_wait(const latchkey_client* client, uint32_t timeout_ms, latchkey_status* status) {
  return guarded(nullptr, -1, [&] {
    if (status != nullptr && !fits(status)) return -1;
    auto reached = client->client->wait(std::chrono::milliseconds(timeout_ms));
    const bool settled = reached.settled;
    if (status != nullptr) show(std::move(reached), status);
    return settled ? 0 : -1;
  });
}

int latchkey_close(latchkey_client* client, int release, uint32_t timeout_ms) {
  return guarded(nullptr, -1, [&] {
    if (client == nullptr) return 0;
    const std::unique_ptr<latchkey_client> owner(client);
    return client->client->close(release != 0, std::chrono::milliseconds(timeout_ms)) ? 0 : -1;
  });
}

const char* latchkey_state_name(latchkey_state state) {
  return lk::client::to_string(static_cast<lk::client::State>(state));
}

const char* latchkey_version(void) { return lk::kVersion; }
