// Who a request is from (RFC 8489 §9.2.4), and what strangers are told.
#include <algorithm>

#include "turn/server.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::ErrorNumber;

constexpr std::size_t kAttributeHeader = 4;
constexpr std::size_t kErrorCodeSize = 8;  // without a reason
constexpr std::size_t kFingerprintSize = 8;
constexpr std::size_t kAlgorithmsSize = 12;
constexpr std::size_t kCookieSize = 16;  // what the cookie makes a nonce longer, padded

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// The best one first.
std::array<std::uint8_t, 8> offered_algorithms() {
  std::array<std::uint8_t, 8> value{};
  const auto sha256 = password_algorithm_value(PasswordAlgorithm::kSha256);
  const auto md5 = password_algorithm_value(PasswordAlgorithm::kMd5);
  std::copy(sha256.begin(), sha256.end(), value.begin());
  std::copy(md5.begin(), md5.end(), value.begin() + 4);
  return value;
}

// How long an answer may be so that the two, with IP and UDP headers, are as 3 to 2 at most: a server that sends much
// to whom little claims to come from would be a weapon (RFC 8656 §21.1.1). On a connection nobody lies about where he
// is.
std::size_t longest_answer(const ReplyTo& reply, std::size_t request) {
  if (reply.client.stream.value()) return Packet::kMaxPayload;
  const std::size_t headers = reply.client.client.ip.is_v4() ? 28 : 48;
  return (request + headers) * 3 / 2 - headers;
}

void add_error(stun::MessageBuilder& builder, ErrorNumber code, bool with_reason) {
  if (with_reason) return builder.add_error_code(code);
  const auto number = static_cast<unsigned>(code);
  const std::array<std::uint8_t, 4> value{0, 0, static_cast<std::uint8_t>(number / 100),
                                          static_cast<std::uint8_t>(number % 100)};
  builder.add(AttributeType::kErrorCode, value);
}

}  // namespace

bool Server::authenticate(Request& request) {
  const stun::MessageView& message = request.message;
  if (!message.has_integrity() && !message.has_integrity_sha256()) {
    challenge(request, ErrorNumber::kUnauthenticated);
    return false;
  }
  const auto username = message.username();
  const auto nonce = message.find_text(AttributeType::kNonce);
  const auto algorithm = algorithm_of(message);
  if (!username || username->empty() || !nonce || !message.has(AttributeType::kRealm) || !algorithm) {
    refuse_stranger(request, ErrorNumber::kBadRequest);
    return false;
  }
  // The nonce is looked at first: whoever does not receive at this address cannot make the server compute more.
  if (!is_fresh(*nonce, request)) {
    challenge(request, ErrorNumber::kStaleNonce);
    return false;
  }
  request.username = *username;
  if (verify(request, *algorithm)) return true;
  // RFC 8489 §9.2.4: the same answer whether the name or the password is wrong.
  ++stats_.wrong_credentials;
  challenge(request, ErrorNumber::kUnauthenticated);
  return false;
}

// RFC 8489 §9.2.4: both attributes or none; the list must be what was sent, the choice one of it. Nothing: 400.
std::optional<PasswordAlgorithm> Server::algorithm_of(const stun::MessageView& message) const {
  const auto algorithms = message.find(AttributeType::kPasswordAlgorithms);
  const auto chosen = message.find(AttributeType::kPasswordAlgorithm);
  if (!algorithms && !chosen) return PasswordAlgorithm::kMd5;
  if (!algorithms || !chosen) return std::nullopt;
  const auto offered = offered_algorithms();
  if (!std::equal(algorithms->begin(), algorithms->end(), offered.begin(), offered.end())) return std::nullopt;
  return first_known_algorithm(*chosen);
}

// Whose credentials count beyond their end: ConnectionBind comes on a connection that has no allocation itself.
const Allocation* Server::allocation_of(const Request& request) {
  if (request.reply.method != stun::Method::kConnectionBind) return allocations_.find(request.reply.client);
  const TcpConnection* connection = to_be_bound(request.message);
  return connection != nullptr ? connection->allocation : nullptr;
}

bool Server::is_fresh(std::string_view nonce, const Request& request) {
  if (nonces_.is_fresh(nonce, request.reply.client, request.now)) return true;
  if (request.reply.method != stun::Method::kConnectionBind || !request.reply.client.stream.value()) return false;
  // QUIRK coturn: its client goes on with the nonce of its control connection, and takes no 438.
  const Allocation* allocation = allocation_of(request);
  return allocation != nullptr && nonces_.is_fresh(nonce, allocation->made_by.client, request.now);
}

bool Server::verify(Request& request, PasswordAlgorithm algorithm) {
  const stun::MessageView& message = request.message;
  // RFC 8489 §9.2.4: the better one counts when both are there.
  const bool sha256 = message.has_integrity_sha256();
  const auto signed_by = [&](const LongTermKey& key) {
    if (!(sha256 ? message.verify_integrity_sha256(key.bytes()) : message.verify_integrity(key.bytes()))) return false;
    request.reply.signature = {.key = key, .algorithm = algorithm, .sha1 = !sha256, .sha256 = sha256};
    return true;
  };
  const Allocation* allocation = allocation_of(request);
  if (allocation != nullptr && !config_.end_with_credentials && allocation->username == request.username &&
      allocation->made_by.signature.algorithm == algorithm) {
    return signed_by(allocation->made_by.signature.key);
  }
  const auto keys = credentials_.keys(request.username, algorithm, wall_.to_wall(request.now));
  return std::any_of(keys.begin(), keys.end(), signed_by);
}

bool Server::may_answer_stranger(const Request& request) {
  const FiveTuple& client = request.reply.client;
  const IpAddress& source = client.client.ip;
  if (client.stream.value() || source.is_loopback() || limiter_.allow(source, request.now)) {
    ++stats_.challenges;
    return true;
  }
  ++stats_.challenges_held;
  return false;
}

void Server::refuse_stranger(const Request& request, ErrorNumber code) {
  if (!may_answer_stranger(request)) return;
  stats_.errors.add(code);
  const ReplyTo& reply = request.reply;
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kError, reply.method, reply.transaction);
  add_error(builder, code, false);
  send(packet, builder, reply);
}

// RFC 8489 §9.2.4: 401 and 438 carry REALM and NONCE, and are not signed.
void Server::challenge(const Request& request, ErrorNumber code) {
  ReplyTo reply = request.reply;
  std::size_t room = longest_answer(reply, request.message.bytes().size());
  const auto fits = [&room](std::size_t size) {
    if (size > room) return false;
    room -= size;
    return true;
  };
  const std::size_t least = stun::kHeaderSize + kErrorCodeSize + kAttributeHeader + padded(config_.realm.size()) +
                            kAttributeHeader + NonceMint::kSize;
  if (!fits(least)) {
    // Shorter than any request over UDP can be when it is complete: it would be refused afterwards all the same.
    if (config_.realm.size() <= ServerConfig::kMaxRealm) return refuse_stranger(request, ErrorNumber::kBadRequest);
    room = 0;
  }
  if (!may_answer_stranger(request)) return;
  stats_.errors.add(code);
  reply.fingerprint = reply.fingerprint && fits(kFingerprintSize);
  // DEVIATES RFC 8489 §9.2 because a nonce with the cookie, and the algorithms, would make the answer to a short
  // request too long: then the server looks like one of RFC 5389.
  const bool algorithms = fits(kCookieSize + kAlgorithmsSize);
  const bool reason = fits(padded(stun::reason_phrase(code).size()));

  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kError, reply.method, reply.transaction);
  add_error(builder, code, reason);
  builder.add_text(AttributeType::kRealm, config_.realm);
  builder.add_text(AttributeType::kNonce, nonces_.make(reply.client, algorithms, request.now));
  if (algorithms) builder.add(AttributeType::kPasswordAlgorithms, offered_algorithms());
  send(packet, builder, reply);
}

}  // namespace tidewire::turn
