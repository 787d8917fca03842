#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/license/trust_bundle.h"
#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/session.h"

namespace latchkey::vendor {

/// Makes `verb` run `action` with its options when it was chosen; the options live as long as the
/// verb.
template <class Options>
Options& on_chosen(CLI::App& verb, Session& session,
                   Result<void> (*action)(const Options&, Session&)) {
  auto options = std::make_shared<Options>();
  verb.callback([options, action, &session] { session.outcome = action(*options, session); });
  return *options;
}

/// From when to when, as people say it: a start, and an end or a number of days.
struct Period {
  std::string not_before;
  std::string not_after;
  int days = 0;
};
void add_period(CLI::App& verb, Period& period);
/// `start` when no start was given. Error: `invalid-time`.
Result<ValidityWindow> window_of(const Period& period, Time start);

/// RFC 3339 or a plain date (its first second, UTC); `otherwise` when empty. Error: `invalid-time`.
Result<Time> time_of(const std::string& text, Time otherwise);

void add_key_source(CLI::App& verb, KeySource& source);
void add_trust(CLI::App& verb, TrustOptions& trust, bool bundle_required);

}  // namespace latchkey::vendor
