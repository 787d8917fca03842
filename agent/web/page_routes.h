#pragma once

#include "agent/net/router.h"

namespace latchkey::web {

/// The License Management page for whoever may connect: `/`, and its files below `/page/`. It holds
/// nothing that is secret; what it shows it asks the API for, with the rights of its user.
void add_page_routes(net::Router& router);

/// Whether `Accept-Encoding` lets an answer come with gzip (RFC 9110 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace latchkey::web
