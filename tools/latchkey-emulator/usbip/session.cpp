#include "tools/latchkey-emulator/usbip/session.h"

#include <algorithm>

#include "tools/latchkey-emulator/usbip/usb_function.h"

namespace latchkey::emulator::usbip {

bool Session::receive(ByteView data, Instant now) {
  input_.insert(input_.end(), data.begin(), data.end());
  auto outcome = Step::done;
  while (outcome == Step::done) outcome = step(now);
  return outcome == Step::more;
}

Session::Step Session::step(Instant now) { return device_ ? transfer(now) : operate(); }

Session::Step Session::operate() {
  if (input_.size() < kOperationSize) return Step::more;
  const auto operation = parse_operation(ByteView(input_).first(kOperationSize));
  if (operation == Operation::import_device) return import_device();
  if (operation == Operation::list_devices) send_(list_reply(bus_.devices()));
  return Step::close;
}

Session::Step Session::import_device() {
  constexpr auto kSize = kOperationSize + kBusIdSize;
  if (input_.size() < kSize) return Step::more;
  const auto bus_id = parse_bus_id(ByteView(input_).subspan(kOperationSize, kBusIdSize));
  if (!bus_id) return Step::close;
  const auto devices = bus_.devices();
  const auto found = std::ranges::find(devices, *bus_id, &ExportedDevice::bus_id);
  const auto device = bus_.take(*bus_id);
  if (!device || found == devices.end()) {
    send_(import_refusal(device ? OperationStatus::no_device : device.error()));
    return Step::close;
  }
  device_ = *device;
  imported_ = *found;
  consume(kSize);
  send_(import_reply(imported_));
  return Step::done;
}

Session::Step Session::transfer(Instant now) {
  if (input_.size() < kUrbHeaderSize) return Step::more;
  const auto request = parse_urb_request(ByteView(input_).first(kUrbHeaderSize));
  if (!request || request->device_id != imported_.device_id()) return Step::close;
  const bool submits = request->kind == UrbRequest::Kind::submit;
  const std::size_t data = submits && !request->in ? request->length : 0;
  if (input_.size() < kUrbHeaderSize + data) return Step::more;
  if (!submits)
    unlink(*request);
  else if (!submit(*request, ByteView(input_).subspan(kUrbHeaderSize, data), now))
    return Step::close;
  consume(kUrbHeaderSize + data);
  return Step::done;
}

bool Session::submit(const UrbRequest& request, ByteView data, Instant now) {
  if (request.endpoint == 0) {
    submit_control(request, data, now);
  } else if (!device_->usb().endpoint(request.endpoint | (request.in ? kIn : 0))) {
    send_(out_reply(request.sequence, UrbStatus::stall, 0));
  } else if (request.in) {
    if (pending_.size() == kMaxPendingTransfers) return false;
    pending_.push_back({request.sequence, request.length, request.endpoint});
  } else {
    device_->write(request.endpoint, data, now);
    send_(out_reply(request.sequence, UrbStatus::ok, request.length));
  }
  pump(now);
  return true;
}

void Session::submit_control(const UrbRequest& request, ByteView data, Instant now) {
  auto answer = control(*device_, Setup(request.setup), data, now);
  if (answer && request.in && answer->size() > request.length) answer->resize(request.length);
  if (request.in)
    send_(in_reply(request.sequence, answer ? UrbStatus::ok : answer.error(),
                   answer ? ByteView(*answer) : ByteView()));
  else
    send_(out_reply(request.sequence, answer ? UrbStatus::ok : answer.error(),
                    answer ? request.length : 0));
}

// Zero says that the transfer had ended before: its answer is on its way.
void Session::unlink(const UrbRequest& request) {
  const bool waited = std::erase_if(pending_, [&](const PendingIn& transfer) {
                        return transfer.sequence == request.victim;
                      }) != 0;
  send_(unlink_reply(request.sequence, waited ? UrbStatus::unlinked : UrbStatus::ok));
}

void Session::pump(Instant now) {
  // In order: the first transfer that waits at an endpoint gets its data first.
  std::erase_if(pending_, [&](const PendingIn& transfer) { return complete(transfer, now); });
}

/// Answers a transfer as a host controller would: packets are taken until one is short or the
/// buffer is full, and what does not fit the buffer waits for the next transfer.
bool Session::complete(const PendingIn& transfer, Instant now) {
  auto rest = rest_.extract(transfer.endpoint);
  auto data =
      rest ? std::optional(std::move(rest.mapped())) : device_->read(transfer.endpoint, now);
  if (!data) return false;
  const auto& endpoint = *device_->usb().endpoint(transfer.endpoint | kIn);
  const bool fits = data->size() <= transfer.length;
  if (!fits && (transfer.length == 0 || transfer.length % endpoint.packet != 0)) {
    send_(in_reply(transfer.sequence, UrbStatus::overflow, {}));
    return true;
  }
  const auto part = std::min<std::size_t>(data->size(), transfer.length);
  send_(in_reply(transfer.sequence, UrbStatus::ok, ByteView(*data).first(part)));
  const bool unended = endpoint.type == TransferType::bulk && part == transfer.length &&
                       part % endpoint.packet == 0 && part != 0;
  if (!fits || unended)
    rest_.emplace(transfer.endpoint,
                  Bytes(data->begin() + static_cast<std::ptrdiff_t>(part), data->end()));
  return true;
}

std::optional<Session::Instant> Session::next_due() const {
  // Without a waiting transfer the data stays in the key, as behind a real endpoint.
  std::optional<Instant> first;
  for (const auto& transfer : pending_) {
    const auto due = device_->next_due(transfer.endpoint);
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

}  // namespace latchkey::emulator::usbip
