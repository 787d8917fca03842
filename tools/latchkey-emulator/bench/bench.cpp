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
    LK_TRY(const auto state, load_key_file(file.path()));
    LK_CHECK(bench.adopt(file.path().stem().string(), state));
  }
  if (error)
    return fail("state-unreadable", "Cannot use the state directory: " + error.message() + ".",
                "Name a directory that you may write.");
  return bench;
}

std::filesystem::path Bench::file_of(const std::string& key) const {
  return state_dir_ / (key + ".json");
}

Result<void> Bench::adopt(const std::string& key, std::string_view state) {
  auto save = [path = file_of(key)](std::string_view next) {
    return save_key_file(path, next).has_value();
  };
  LK_TRY(auto device, load_device(state, std::move(save)));
  keys_.emplace(key, Entry{std::move(device), {}, 0});
  return {};
}

Result<Bench::Entry*> Bench::find(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end())
    return fail("no-such-key", "There is no emulated key '" + key + "'.",
                "Create it with `create`, or see `list`.");
  return &found->second;
}

Result<void> Bench::create(const std::string& key, const Persona& persona) {
  if (!is_name(key))
    return fail("invalid-name", "'" + key + "' cannot name a key.",
                "Use 1 to 32 letters, digits, `-` or `_`.");
  if (keys_.contains(key))
    return fail("key-exists", "There already is an emulated key '" + key + "'.",
                "Choose another name.");
  LK_TRY(const auto state, factory_new(persona));
  LK_CHECK(save_key_file(file_of(key), state));
  return adopt(key, state);
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
  entry->device->attach();
  tell(insertion_of(key, *entry), Change::plugged);
  return {};
}

Result<void> Bench::pull(const std::string& key) {
  LK_TRY(Entry* const entry, find(key));
  if (entry->port.empty()) return fail("not-plugged", "The key is not plugged in.", "See `list`.");
  entry->device->detach();
  removed(key, *entry);
  return {};
}

void Bench::notice_unplugged(const std::string& key) {
  const auto entry = find(key);
  if (entry && !(*entry)->port.empty() && !(*entry)->device->attached()) removed(key, **entry);
}

void Bench::removed(const std::string& key, Entry& entry) {
  const auto insertion = insertion_of(key, entry);
  entry.port.clear();
  tell(insertion, Change::pulled);
}

Insertion Bench::insertion_of(const std::string& key, const Entry& entry) {
  return {entry.port, key, entry.device->driver(), entry.generation};
}

void Bench::tell(const Insertion& insertion, Change change) const {
  for (const auto& listener : listeners_) listener(insertion, change);
}

Result<void> Bench::set_fault(const std::string& key, std::string_view fault) {
  LK_TRY(Entry* const entry, find(key));
  const auto kind = parse_fault(fault);
  if (!kind)
    return fail("unknown-fault", "There is no fault '" + std::string(fault) + "'.",
                "Faults: none, slow, silent, garbage, short, wrong-signature, unplug-read, "
                "unplug-write, no-license, busy, no-permission, no-card, power-loss, real-time.");
  LK_CHECK(entry->device->set_fault(*kind));
  if (!entry->port.empty()) tell(insertion_of(key, *entry), Change::altered);
  return {};
}

Result<void> Bench::copy_content(const std::string& from, const std::string& to) {
  LK_TRY(Entry* const source, find(from));
  LK_TRY(Entry* const target, find(to));
  return target->device->copy_content(*source->device);
}

Device* Bench::plugged_device(const std::string& key, const std::string& port) {
  const auto entry = find(key);
  return entry && (*entry)->port == port && !port.empty() ? (*entry)->device.get() : nullptr;
}

std::vector<Insertion> Bench::insertions(const std::string& port) const {
  std::vector<Insertion> out;
  for (const auto& [key, entry] : keys_)
    if (entry.port == port) out.push_back(insertion_of(key, entry));
  std::ranges::sort(out, {}, &Insertion::generation);
  return out;
}

}  // namespace latchkey::emulator
