// Any bytes through the STUN parser and every accessor; what parses must survive being built again.
#include <array>
#include <cstdlib>

#include "stun/builder.h"
#include "stun/message.h"

using namespace tidewire;
using namespace tidewire::stun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = MessageView::parse({data, size});
  if (!message) return 0;
  std::array<std::uint8_t, 65600> buffer;
  MessageBuilder builder(buffer, message->message_class(), message->method(), message->transaction_id());
  std::size_t count = 0;
  for (const Attribute attribute : message->attributes()) {
    builder.add(attribute.type, attribute.value);
    ++count;
    (void)message->find_u32(attribute.type);
    (void)message->find_u64(attribute.type);
    (void)message->find_text(attribute.type);
    (void)message->find_address(attribute.type);
    (void)message->find_xor_address(attribute.type);
    if (count > 64) break;
  }
  (void)message->error_code();
  (void)message->mapped_address();
  (void)message->verify_integrity(as_bytes("password"));
  (void)message->verify_integrity_sha256(as_bytes("password"));
  (void)message->check_fingerprint();
  builder.add_integrity(as_bytes("password"));
  builder.add_integrity_sha256(as_bytes("password"));
  builder.add_fingerprint();
  const auto built = builder.finish();
  if (!built) return 0;
  const auto again = MessageView::parse(*built);
  if (!again || !again->verify_integrity(as_bytes("password")) ||
      !again->verify_integrity_sha256(as_bytes("password")) || again->check_fingerprint() != FingerprintCheck::kValid ||
      again->method() != message->method()) {
    std::abort();
  }
  return 0;
}
