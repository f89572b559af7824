// Binding requests (RFC 8489 §2), and the discovery of how NATs behave (RFC 5780).
#include <algorithm>
#include <utility>

#include "turn/server.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;

// RFC 5780 §7.2
constexpr std::uint32_t kChangeIp = 0x04;
constexpr std::uint32_t kChangePort = 0x02;

}  // namespace

// One of the four?
bool Server::is_discovery_socket(const SocketAddress& address) const {
  if (!config_.alternate || config_.listen.empty()) return false;
  const SocketAddress& first = config_.listen.front();
  const SocketAddress& second = *config_.alternate;
  return (address.ip == first.ip || address.ip == second.ip) &&
         (address.port == first.port || address.port == second.port);
}

// The address and the port that both differ: the far corner of the four sockets.
SocketAddress Server::other_address(const SocketAddress& one) const {
  const SocketAddress& first = config_.listen.front();
  const SocketAddress& second = *config_.alternate;
  return {one.ip == first.ip ? second.ip : first.ip, one.port == first.port ? second.port : first.port};
}

void Server::handle_binding(const Request& request) {
  const ReplyTo& reply = request.reply;
  const FiveTuple& client = reply.client;
  // RFC 5780 §6: only of use over UDP, where an answer may come from elsewhere.
  const bool discovery = !client.stream.value() && is_discovery_socket(client.server);
  auto unknown = unknown_attributes(request.message);
  if (discovery) std::erase(unknown, AttributeType::kChangeRequest);
  if (!unknown.empty()) {
    if (may_answer_stranger(request)) send_unknown(reply, unknown);
    return;
  }
  ++stats_.binding_answers;
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kSuccess, reply.method, reply.transaction);
  builder.add_xor_address(AttributeType::kXorMappedAddress, client.client);
  if (!discovery) return send(packet, builder, reply);

  // RFC 5780 §6.1: from which of the four sockets the answer leaves.
  const SocketAddress other = other_address(client.server);
  const std::uint32_t change = request.message.find_u32(AttributeType::kChangeRequest).value_or(0);
  const SocketAddress origin{change & kChangeIp ? other.ip : client.server.ip,
                             change & kChangePort ? other.port : client.server.port};
  builder.add_address(AttributeType::kResponseOrigin, origin);
  builder.add_address(AttributeType::kOtherAddress, other);
  ReplyTo from_origin = reply;
  from_origin.client.server = origin;
  send(packet, builder, from_origin);
}

}  // namespace tidewire::turn
