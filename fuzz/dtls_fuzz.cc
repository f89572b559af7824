// A DTLS endpoint under a script of datagrams, true and false. The first byte chooses role and situation; then come
// pieces: a control byte, and with it a datagram of the input's own or a change to one that the peer sent.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/byte_reader.h"
#include "dtls/endpoint.h"

namespace {

using namespace tidewire;
using namespace std::chrono_literals;

std::shared_ptr<const crypto::Certificate> certificate() {
  static const auto kCertificate = crypto::Certificate::generate({0s}, {1h});
  return kCertificate;
}

struct Pair {
  Pair()
      : client({.role = dtls::Role::kClient, .certificate = certificate()}, pool),
        server({.role = dtls::Role::kServer, .certificate = certificate()}, pool) {
    client.set_remote_fingerprints({certificate()->fingerprint()}, now);
    server.set_remote_fingerprints({certificate()->fingerprint()}, now);
  }
  // Hands over what waits; `spoil` may change a datagram.
  template <typename Spoil>
  void exchange(dtls::Endpoint& from, dtls::Endpoint& to, Spoil spoil) {
    while (std::optional<Packet> packet = from.poll_transmit()) {
      spoil(*packet);
      to.handle_input(std::move(*packet), now);
    }
    while (to.poll_event()) {
    }
  }
  void pump() {
    const auto keep = [](Packet&) {};
    for (int i = 0; i < 4; ++i) {
      exchange(client, server, keep);
      exchange(server, client, keep);
    }
  }

  PacketPool pool;
  Timestamp now{1s};
  dtls::Endpoint client;
  dtls::Endpoint server;
};

void step(Pair& pair, dtls::Endpoint& target, ByteReader& script) {
  const std::uint8_t control = script.u8();
  dtls::Endpoint& other = &target == &pair.client ? pair.server : pair.client;
  switch (control % 6) {
    case 0: return target.handle_input(pair.pool.copy_of(script.take(script.u8())), pair.now);
    case 1: return pair.exchange(target, other, [](Packet&) {});
    case 2: return pair.exchange(other, target, [](Packet&) {});
    case 3:
      return pair.exchange(other, target, [&](Packet& packet) {
        const std::size_t at = script.u16();
        if (at < packet.size()) packet.data()[at] ^= script.u8();
      });
    case 4:
      pair.now += std::chrono::milliseconds(script.u16());
      target.handle_timeout(pair.now);
      other.handle_timeout(pair.now);
      return;
    case 5: return pair.exchange(other, target, [&](Packet& packet) { packet.remove_suffix(script.u8()); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  Pair pair;
  ByteReader script({data + 1, size - 1});
  dtls::Endpoint& target = (data[0] & 1U) != 0 ? pair.client : pair.server;
  pair.server.start(pair.now);
  pair.client.start(pair.now);
  const bool connected = (data[0] & 2U) != 0;
  if (connected) pair.pump();
  const bool only_forged = (data[0] & 4U) != 0;
  if (connected && only_forged) {
    // No bytes that are made without the keys touch a connection.
    while (!script.empty()) target.handle_input(pair.pool.copy_of(script.take(script.u8())), pair.now);
    if (!target.connected() || target.poll_event()) std::abort();
    return 0;
  }
  while (!script.empty()) step(pair, target, script);
  return 0;
}
