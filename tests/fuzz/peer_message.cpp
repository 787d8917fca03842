#include <cstdlib>

#include "agent/peer/message.h"
#include "agent/peer/proof.h"
#include "core/base/bytes.h"

// What a peer sends, and what is pasted as a token: read without harm, and written back as it was
// read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = latchkey::as_text({data, size});
  if (const auto message = latchkey::peer::decode(text)) {
    const auto again = latchkey::peer::decode(latchkey::peer::encode(*message));
    if (!again || latchkey::peer::encode(*again) != latchkey::peer::encode(*message)) std::abort();
  }
  if (const auto token = latchkey::peer::decode_token(text)) {
    const auto again = latchkey::peer::decode_token(latchkey::peer::encode_token(*token));
    if (!again || again->secret != token->secret) std::abort();
  }
  return 0;
}
