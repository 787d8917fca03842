#include "agent/net/answer_queue.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace latchkey::net {
namespace {

/// Kept for the next answers, when they needed so much or less.
constexpr std::size_t kKeptText = 16 * 1024, kKeptSlots = 16;

}  // namespace

AnswerQueue::Ticket AnswerQueue::expect(Persistence persistence) {
  slots_.push_back({persistence, std::nullopt});
  return slots_.size() - 1;
}

void AnswerQueue::set(Ticket ticket, Response response) {
  if (ticket != next_) {
    slots_[ticket].early = std::move(response);
    return;
  }
  append(std::move(response), slots_[next_++].persistence);
  for (; owes() && slots_[next_].early; ++next_)
    append(*std::move(slots_[next_].early), slots_[next_].persistence);
}

void AnswerQueue::append(Response response, Persistence persistence) {
  text_.append(last_.payload());
  last_ = std::move(response);
  write_head(last_, persistence, std::time(nullptr), text_);
}

AnswerQueue::Bytes AnswerQueue::unsent() const {
  const auto of_text = std::min(sent_, text_.size());
  return {std::string_view(text_).substr(of_text), last_.payload().substr(sent_ - of_text)};
}

void AnswerQueue::sent(std::size_t bytes) {
  sent_ += bytes;
  if (sent_ < size() || owes()) return;
  next_ = sent_ = 0;
  slots_.clear();
  text_.clear();
  last_ = {};
  if (slots_.capacity() > kKeptSlots) slots_ = {};
  if (text_.capacity() > kKeptText) text_ = {};
}

void AnswerQueue::rest() {
  if (!empty()) return;
  slots_ = {};
  text_ = {};
}

}  // namespace latchkey::net
