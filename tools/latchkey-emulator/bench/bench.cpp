#include "tools/latchkey-emulator/bench/bench.h"

#include <algorithm>
#include <system_error>

#include "tools/latchkey-emulator/bench/key_file.h"

namespace latchkey::emulator {
namespace {

bool is_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !text.empty() && text.size() <= 32 &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

Result<Bench> Bench::open(std::filesystem::path state_dir) {
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  Bench bench(std::move(state_dir));
  for (const auto& file : std::filesystem::directory_iterator(bench.state_dir_, error)) {
    if (file.path().extension() != ".json" || !is_name(file.path().stem().string())) continue;
    LK_TRY(auto state, load_key_file(file.path()));
    bench.adopt(file.path().stem().string(), std::move(state));
  }
  if (error)
    return fail("state-unreadable", "Cannot use the state directory: " + error.message() + ".",
                "Name a directory that you may write.");
  return bench;
}

std::filesystem::path Bench::file_of(const std::string& key) const {
  return state_dir_ / (key + ".json");
}

void Bench::adopt(const std::string& key, KeyState state) {
  auto persist = [path = file_of(key)](const KeyState& next) {
    return save_key_file(path, next).has_value();
  };
  keys_.emplace(key, Entry{Device(std::move(state), std::move(persist)), {}, 0});
}

Result<Bench::Entry*> Bench::find(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end())
    return fail("no-such-key", "There is no emulated key '" + key + "'.",
                "Create it with `create`, or see `list`.");
  return &found->second;
}

Result<void> Bench::create(const std::string& key, KeyAlgorithm algorithm) {
  if (!is_name(key))
    return fail("invalid-name", "'" + key + "' cannot name a key.",
                "Use 1 to 32 letters, digits, `-` or `_`.");
  if (keys_.contains(key))
    return fail("key-exists", "There already is an emulated key '" + key + "'.",
                "Choose another name.");
  LK_TRY(auto state, make_key_state(algorithm));
  LK_CHECK(save_key_file(file_of(key), state));
  adopt(key, std::move(state));
  return {};
}

Result<void> Bench::plug(const std::string& key, const std::string& port) {
  LK_TRY(Entry* const entry, find(key));
  if (!ports_.contains(port))
    return fail("no-such-port", "There is no port '" + port + "'.",
                "Name one that was given to `serve`.");
  if (!entry->port.empty())
    return fail("already-plugged", "The key is plugged into port '" + entry->port + "'.",
                "Pull it first.");
  entry->port = port;
  entry->generation = ++insertions_;
  entry->device.attach();
  for (const auto& listener : listeners_) listener({port, key, entry->generation}, true);
  return {};
}

Result<void> Bench::pull(const std::string& key) {
  LK_TRY(Entry* const entry, find(key));
  if (entry->port.empty()) return fail("not-plugged", "The key is not plugged in.", "See `list`.");
  entry->device.detach();
  removed(key, *entry);
  return {};
}

void Bench::notice_unplugged(const std::string& key) {
  const auto entry = find(key);
  if (entry && !(*entry)->port.empty() && !(*entry)->device.attached()) removed(key, **entry);
}

void Bench::removed(const std::string& key, Entry& entry) {
  const Insertion insertion{std::exchange(entry.port, {}), key, entry.generation};
  for (const auto& listener : listeners_) listener(insertion, false);
}

Result<void> Bench::set_fault(const std::string& key, std::string_view fault) {
  LK_TRY(Entry* const entry, find(key));
  const auto kind = parse_fault(fault);
  if (!kind)
    return fail("unknown-fault", "There is no fault '" + std::string(fault) + "'.",
                "Faults: none, slow, silent, garbage, short, wrong-signature, unplug-read, "
                "unplug-write, no-license, busy, no-permission.");
  entry->device.set_fault(*kind);
  return {};
}

Result<void> Bench::copy_content(const std::string& from, const std::string& to) {
  LK_TRY(Entry* const source, find(from));
  LK_TRY(Entry* const target, find(to));
  if (target->device.copy_content(source->device.state())) return {};
  return fail("state-unwritable", "Cannot write the state of '" + to + "'.",
              "Check the state directory's rights and free space.");
}

Device* Bench::plugged_device(const std::string& key, const std::string& port) {
  const auto entry = find(key);
  return entry && (*entry)->port == port && !port.empty() ? &(*entry)->device : nullptr;
}

std::vector<Insertion> Bench::insertions(const std::string& port) const {
  std::vector<Insertion> out;
  for (const auto& [key, entry] : keys_)
    if (entry.port == port) out.push_back({port, key, entry.generation});
  std::ranges::sort(out, {}, &Insertion::generation);
  return out;
}

}  // namespace latchkey::emulator
