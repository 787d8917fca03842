#pragma once

#include "tools/latchkey-vendor/session.h"

namespace CLI {
class App;
}

// One verb each: its options, and what runs when it was chosen. `session` must outlive the parsing.
namespace latchkey::vendor {

void add_quickstart(CLI::App& app, Session& session);
void add_root_create(CLI::App& group, Session& session);
void add_issuer_create(CLI::App& group, Session& session);
void add_trust_sign(CLI::App& group, Session& session);
void add_issue(CLI::App& app, Session& session);
void add_package(CLI::App& app, Session& session);
void add_time_repair(CLI::App& app, Session& session);
void add_catalog(CLI::App& app, Session& session);
void add_inspect(CLI::App& app, Session& session);
void add_verify(CLI::App& app, Session& session);
void add_prepare(CLI::App& app, Session& session);
void add_key_id(CLI::App& app, Session& session);
void add_provision(CLI::App& app, Session& session);

/// All of them, with the options that they share, on `app`, whose name is given.
void describe(CLI::App& app, Session& session);

}  // namespace latchkey::vendor
