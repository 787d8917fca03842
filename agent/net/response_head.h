#pragma once

#include <ctime>
#include <string>

#include "agent/net/http.h"

namespace latchkey::net {

enum class Persistence { keep, keep_http_1_0, close };

/// Writes status line and header fields of `response` into `out` (its capacity is reused), ready
/// for the body.
void write_head(const Response& response, Persistence persistence, std::time_t now,
                std::string& out);

/// The head of an endless text/event-stream; the end of the connection ends it.
void write_stream_head(std::time_t now, std::string& out);

}  // namespace latchkey::net
