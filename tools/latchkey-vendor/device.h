#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "core/ports.h"
#include "core/usbkey/read_key.h"

namespace latchkey::vendor {

/// Which USB key to work with.
struct DeviceOptions {
  std::string device;    ///< hidraw node
  std::string emulated;  ///< socket of an emulated port
  std::string id;        ///< name of the key on that port
};
void add_device(CLI::App& verb, DeviceOptions& options);

/// Errors: the names of SPEC KEY-3, `gone`.
Result<std::unique_ptr<Key>> open_device(const DeviceOptions& options);

/// A deployment of one for the time of a command: the vendor has the key prove itself like an
/// agent.
class Bench {
 public:
  /// `trust` must outlive it.
  static Result<Bench> create(const TrustStore& trust);
  ReadContext context() const;

 private:
  Bench(const TrustStore& trust, PrivateKey key) : trust_(&trust), key_(std::move(key)) {}

  const TrustStore* trust_;
  PrivateKey key_;
};

}  // namespace latchkey::vendor
