#pragma once

#include <memory>
#include <optional>

#include "core/ports.h"
#include "drivers/hidkey/channel.h"
#include "drivers/hidkey/content_cache.h"
#include "drivers/hidkey/protocol.h"

namespace latchkey::hidkey {

/// An opened Latchkey HID key (docs/protocol-hidkey.md). A reading is `public_key`, `prove`,
/// `read_license`, in this order: it costs one HELLO, and nothing that the cache has seen before is
/// fetched again.
class HidKey final : public Key {
 public:
  HidKey(std::unique_ptr<ReportPipe> pipe, std::shared_ptr<ContentCache> cache,
         FillRandom random = system_random);

  KeyResult<Bytes> public_key(Deadline deadline) override;
  KeyResult<Bytes> prove(ByteView challenge, Deadline deadline) override;
  KeyResult<Bytes> read_license(Deadline deadline) override;
  KeyResult<void> write_license(ByteView envelope, Deadline deadline) override;
  KeyResult<Bytes> read_stamp(Deadline deadline) override;
  KeyResult<void> write_stamp(ByteView stamp, Deadline deadline) override;
  void cancel() noexcept override { channel_.cancel(); }

 private:
  KeyResult<Bytes> call(Command command, ByteView payload, Deadline deadline);
  KeyResult<Hello> hello(Deadline deadline);
  KeyResult<Bytes> read_slot(std::uint8_t slot, std::size_t length, Deadline deadline);
  KeyResult<void> write_slot(std::uint8_t slot, ByteView content, Deadline deadline);
  KeyResult<void> commit(std::uint8_t slot, ByteView content, const Digest& digest,
                         Deadline deadline);

  Channel channel_;
  std::shared_ptr<ContentCache> cache_;
  std::optional<Hello>
      reading_;  ///< what `public_key` learned, for the `read_license` that follows
};

/// Opens Latchkey HID keys: real ones through hidraw, emulated ones through their port. Any thread.
class HidKeyDriver final : public KeyDriver {
 public:
  std::string_view name() const override { return "hidkey"; }
  KeyResult<std::unique_ptr<Key>> open(const DeviceRef& device) override;

 private:
  std::shared_ptr<ContentCache> cache_ = std::make_shared<ContentCache>();
};

}  // namespace latchkey::hidkey
