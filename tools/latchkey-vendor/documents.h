#pragma once

#include <string>
#include <vector>

#include "core/license/package.h"

namespace latchkey::vendor {

/// What is in a file as a person would upload it: one document, a text of several, or a package.
/// Errors: `cannot-read`, those of unpack().
Result<std::vector<PackagedDocument>> read_documents(const std::string& path);
/// The only one in the file. Error of its own: `several-documents`.
Result<Bytes> read_document(const std::string& path);

/// The name of a document in a package, by what it is: `ID.json` of a license, `trust-VERSION.json`
/// of a trust bundle, `time-ID.json` of a time repair. Its payload is read strictly, its signature
/// is not checked. Error: `invalid-format`, also for what no package holds.
Result<std::string> name_in_package(const PackagedDocument& document);

/// A package that every agent takes: trust bundles first, then time repairs, each in the order of
/// their names, and the same bytes for the same documents, without time, owner or names of their
/// files. Errors: `invalid-format`, also for a document that comes twice and when a bound of
/// unpack() is exceeded.
Result<Bytes> make_package(std::vector<PackagedDocument> documents);

/// Whether a file of that name is to be a package: `.tar.gz` or `.tgz`.
bool is_package_name(std::string_view path);

}  // namespace latchkey::vendor
