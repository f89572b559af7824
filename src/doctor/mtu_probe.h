// The largest packet that reaches a STUN server in one piece: Binding requests of several sizes from a socket that
// forbids fragmentation. A quick look at the sizes that matter, not the search of RFC 8899.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/machine.h"
#include "doctor/questions.h"

namespace tidewire::doctor {

class MtuProbe {
 public:
  // Whole IP packets: 1200 bytes in UDP over IPv4; the least that IPv6 allows (RFC 8200 §5); what VPNs and tunnels
  // leave; PPPoE; Ethernet.
  static constexpr std::array<std::size_t, 7> kPacketSizes = {1228, 1280, 1380, 1420, 1460, 1492, 1500};

  // `pool` outlives it.
  MtuProbe(const SocketAddress& local, const SocketAddress& server, crypto::Random random, PacketPool& pool);

  void start(Timestamp now);
  void handle_input(const Datagram& datagram, Timestamp now);
  void handle_timeout(Timestamp now) { questions_.handle_timeout(now); }
  Timestamp next_timeout() const { return questions_.next_timeout(); }
  std::optional<Datagram> poll_transmit() { return questions_.poll_transmit(); }
  // The largest of kPacketSizes that was answered, once; 0: none was.
  std::optional<std::size_t> poll_event();

 private:
  SocketAddress server_;
  Questions questions_;
  std::vector<std::pair<std::size_t, Questions::Id>> asked_;
  bool told_ = false;
};

static_assert(Machine<MtuProbe>);

}  // namespace tidewire::doctor
