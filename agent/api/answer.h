#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/api/backend.h"

namespace latchkey {

/// 200 with the bytes of a snapshot: a pointer copy (DESIGN 4).
net::Response snapshot_answer(const std::shared_ptr<const std::string>& body);
/// As it goes out. Details of hostile keys and peers end up in answers: what is no UTF-8 is
/// replaced, never thrown over.
std::string json_text(const nlohmann::json& body);
net::Response json_answer(const nlohmann::json& body);

/// The HTTP status that goes with an error's stable code; 409 for a refusal without a better one.
int http_status(const Error& error);
/// The error as a problem document.
net::Response error_answer(const Error& error);
net::Response answer(const Result<nlohmann::json>& result);

/// Answers `done` with the result, or with its error as a problem document.
Backend::JsonDone answer_with(net::Done done);

}  // namespace latchkey
