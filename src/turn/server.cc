#include "turn/server.h"

#include <algorithm>
#include <utility>

namespace tidewire::turn {
namespace {

PortOwners owners_for(const ServerConfig& config, const std::optional<IpAddress>& ip) {
  return ip && config.first_relay_port > 0 ? PortOwners(config.first_relay_port, config.last_relay_port)
                                           : PortOwners(1, 0);
}

Error wrong(std::string message) { return {ErrorCode::kRange, std::move(message)}; }

}  // namespace

Result<> check(const ServerConfig& config) {
  if (config.relay_v4 && !config.relay_v4->is_v4()) return wrong("relay_v4 is no IPv4 address.");
  if (config.relay_v6 && !config.relay_v6->is_v6()) return wrong("relay_v6 is no IPv6 address.");
  if (config.advertised_v4 && !config.advertised_v4->is_v4()) return wrong("advertised_v4 is no IPv4 address.");
  if (config.advertised_v6 && !config.advertised_v6->is_v6()) return wrong("advertised_v6 is no IPv6 address.");
  const bool relays = config.relay_v4 || config.relay_v6;
  if (relays && (config.first_relay_port == 0 || config.last_relay_port < config.first_relay_port)) {
    return wrong("The range of relayed ports is empty; the usual one is 49152 to 65535.");
  }
  for (const SocketAddress& address : config.listen) {
    if (relays && address.port >= config.first_relay_port && address.port <= config.last_relay_port) {
      return wrong("The listening port " + std::to_string(address.port) + " lies within the range of relayed ports.");
    }
  }
  if (config.alternate && (config.listen.empty() || config.alternate->ip == config.listen.front().ip ||
                           config.alternate->port == config.listen.front().port)) {
    return wrong("The alternate address must differ from the first listening one in address and port.");
  }
  if (config.realm.empty() || config.realm.size() > ServerConfig::kMaxRealm) {
    return wrong("The realm must have 1 to " + std::to_string(ServerConfig::kMaxRealm) +
                 " bytes: a longer one would let others use the server to multiply what they send.");
  }
  if (config.shared_secrets.size() > Credentials::kMaxSecrets) {
    return wrong("There are more than " + std::to_string(Credentials::kMaxSecrets) + " shared secrets.");
  }
  return {};
}

Server::Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool)
    : Server(config, random, wall, pool, nullptr) {}

Server::Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool,
               Ledger& ledger)
    : Server(config, random, wall, pool, &ledger) {}

Server::Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool,
               Ledger* shared)
    : config_(config),
      random_(random),
      wall_(wall),
      pool_(pool),
      policy_(config),
      credentials_(config, random_),
      nonces_(random_, config.nonce_lifetime),
      limiter_(random_.u64(), config.challenges_per_second, config.challenge_burst),
      data_id_(random_.u64()),
      allocations_(random_.u64()),
      owners_{owners_for(config, config.relay_v4), owners_for(config, config.relay_v6)},
      ledger_(shared != nullptr ? *shared : own_ledger_.emplace(config)),
      events_(2 * (owners_[0].size() + owners_[1].size()) + 1) {}

// Others may go on with the ledger.
Server::~Server() {
  while (Allocation* allocation = allocations_.first_to_expire()) remove(*allocation);
  while (poll_event()) continue;
}

bool Server::message(const FiveTuple& client, ByteView bytes, Timestamp now, Forwarding& out) {
  const auto message = stun::MessageView::parse(bytes);
  const auto fingerprint = message ? message->check_fingerprint() : stun::FingerprintCheck::kInvalid;
  // RFC 8489 §6.3: what is malformed, or has a wrong fingerprint, is silently discarded.
  if (fingerprint == stun::FingerprintCheck::kInvalid) return drop_from_client();
  if (message->is(stun::MessageClass::kIndication, stun::Method::kSend)) {
    return send_indication(client, *message, now, out);
  }
  if (message->message_class() != stun::MessageClass::kRequest) {
    // RFC 8489 §6.3.2: a Binding indication keeps NATs open and asks for nothing.
    return !message->is(stun::MessageClass::kIndication, stun::Method::kBinding) && drop_from_client();
  }
  handle_timeout(now);  // nothing that has run out is met below
  handle_request({.message = *message,
                  .reply = {.client = client,
                            .method = message->method(),
                            .transaction = message->transaction_id(),
                            .fingerprint = fingerprint == stun::FingerprintCheck::kValid},
                  .now = now});
  return false;
}

void Server::handle_request(const Request& received) {
  const stun::Method method = received.reply.method;
  if (method == stun::Method::kBinding) return handle_binding(received);
  const bool known = method == stun::Method::kAllocate || method == stun::Method::kRefresh ||
                     method == stun::Method::kCreatePermission || method == stun::Method::kChannelBind;
  if (!known) {  // RFC 8489 §6.3: of a method that is not supported: silently discarded
    ++stats_.dropped_from_clients;
    return;
  }
  Request request = received;
  // RFC 8656 §5: every request is authenticated; RFC 8489 §6.3.1: before unknown attributes are looked at.
  if (!authenticate(request) || refuse_unknown_attributes(request)) return;
  if (method == stun::Method::kAllocate) return handle_allocate(request);
  Allocation* allocation = established(request.reply.client, request.now);
  // RFC 8656 §8.2, §10.2, §12.2
  if (allocation == nullptr) return send_error(request.reply, stun::ErrorNumber::kAllocationMismatch);
  // RFC 8656 §5: it is its maker's alone.
  if (allocation->username != request.username) {
    return send_error(request.reply, stun::ErrorNumber::kWrongCredentials);
  }
  if (method == stun::Method::kRefresh) return handle_refresh(request, *allocation);
  if (method == stun::Method::kCreatePermission) return handle_create_permission(request, *allocation);
  handle_channel_bind(request, *allocation);
}

void Server::stream_closed(const SocketAddress& local, const SocketAddress& remote, StreamId stream, Timestamp) {
  if (Allocation* allocation = allocations_.find({remote, local, stream})) remove(*allocation);
}

void Server::handle_timeout(Timestamp now) {
  while (Allocation* first = allocations_.first_to_expire()) {
    if (first->expires > now) break;
    remove(*first);
  }
  if (reservation_expires_ <= now) reservation_expires_ = ledger_.expire(now);
}

std::optional<ServerEvent> Server::poll_event() {
  auto event = events_.pop();
  if (!event) return std::nullopt;
  if (const auto* closed = std::get_if<CloseRelay>(&*event)) {
    ledger_.release_port(family_of(closed->address.ip), closed->address.port);
  }
  return event;
}

Timestamp Server::next_timeout() const { return std::min(allocations_.next_expiry(), reservation_expires_); }

ServerStats Server::stats() const {
  ServerStats stats = stats_;
  stats.allocations = allocations_.size();
  stats.users = ledger_.users();
  return stats;
}

}  // namespace tidewire::turn
