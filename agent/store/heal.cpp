#include "agent/store/heal.h"

#include <system_error>
#include <utility>

#include "agent/store/salvage.h"

namespace latchkey {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> not_healed(const fs::path& file, const std::string& why) {
  return fail("database-not-healed", file.string() + " is damaged and cannot be replaced: " + why,
              "check the directory's owner and the free space; or stop the agent, move "
              "latchkey.db* aside and start it again");
}

/// The first name that is free: evidence is never overwritten.
fs::path free_name(const fs::path& file) {
  for (int number = 1;; ++number) {
    auto name = file;
    name += ".damaged-" + std::to_string(number);
    if (!fs::exists(name)) return name;
  }
}

/// With what was not merged into it yet, which SQLite finds by its name.
Result<fs::path> move_aside(const fs::path& file) {
  std::error_code error;
  const auto aside = free_name(file);
  for (const char* part : {"-wal", ""}) {
    auto from = file, to = aside;
    from += part;
    to += part;
    if (fs::exists(from, error)) fs::rename(from, to, error);
    if (error) return not_healed(file, error.message());
  }
  return aside;
}

std::string story(const Error& damage, const Salvage& kept, const fs::path& aside) {
  return damage.message + "; " + std::to_string(kept.kept.facts.size()) + " of the " +
         std::to_string(kept.seen) + " facts that can be read were kept, the file is now " +
         aside.filename().string() + "; the other node and the USB key bring back what they know";
}

Result<OpenedDatabase> heal(const fs::path& file, const std::string& fresh_chain,
                            const Error& damage) {
  LK_TRY(const auto aside, move_aside(file));
  auto kept = salvage(aside);
  const auto text = story(damage, kept, aside);
  auto database = Database::open(file, fresh_chain);
  if (!database) return not_healed(file, database.error().message);
  std::vector<Write> writes{{std::nullopt, std::move(kept.kept), std::move(kept.clock)}};
  for (auto& row : kept.leases) writes.push_back({std::nullopt, {}, std::nullopt, std::move(row)});
  std::vector<const Write*> all;
  for (const auto& write : writes) all.push_back(&write);
  if (const auto written = (*database)->write(all); !written)
    return not_healed(file, written.error().message);
  auto contents = (*database)->load();
  if (!contents) return not_healed(file, contents.error().message);
  return OpenedDatabase{std::move(*database), std::move(*contents), text};
}

Result<OpenedDatabase> open_sound(const fs::path& file, const std::string& fresh_chain) {
  LK_TRY(auto database, Database::open(file, fresh_chain));
  LK_TRY(auto contents, database->load());
  return OpenedDatabase{std::move(database), std::move(contents)};
}

}  // namespace

Result<OpenedDatabase> open_or_heal(const fs::path& file, const std::string& fresh_chain) {
  auto opened = open_sound(file, fresh_chain);
  if (opened || opened.error().code != "database-damaged") return opened;
  return heal(file, fresh_chain, opened.error());
}

}  // namespace latchkey
