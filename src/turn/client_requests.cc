// Requests of every kind: sent, sent again, challenged, answered (RFC 8489 §6.2, §6.3.3, §6.3.4, §9.2).
#include <algorithm>
#include <utility>

#include "turn/attributes.h"
#include "turn/client.h"
#include "turn/client_send.h"

namespace tidewire::turn {

using stun::AttributeType;
using stun::ErrorNumber;
using stun::MessageClass;
using stun::Method;

namespace {

constexpr bool is(std::uint16_t code, ErrorNumber number) { return code == static_cast<std::uint16_t>(number); }

}  // namespace

stun::TransactionId Client::random_id() {
  stun::TransactionId id;
  random_.fill(id);
  return id;
}

// Sends again or gives up, when it is time.
void Client::run_request(const Match& match, Timestamp now) {
  Request& request = *match.request;
  if (request.deadline > now) return;
  if (!request.given_up(now)) {
    request.sent_again(config_.rto, now);
    ++stats_.retransmissions;
    return send_bytes(request.message);
  }
  // Refused by silence. When the server has not been heard since, nothing more is to be expected of it.
  const Refusal silence{.code = event::Failed::kUnreachable, .reason = "The TURN server does not answer"};
  const bool heard = last_heard_ >= request.first_sent;
  if (state_ == ClientState::kClosing) return finish_closing();
  if (state_ == ClientState::kAllocating) return fail(Cause::kTimeout, silence);
  if (!heard || match.request == &allocation_request_) return fail(Cause::kLost, silence);
  refused(match, silence, now);
}

Client::Match Client::find_request(const stun::TransactionId& id) {
  const auto matches = [&](const Request& request) { return request.open() && request.id == id; };
  if (matches(allocation_request_)) return {.request = &allocation_request_};
  if (matches(permission_request_)) return {.request = &permission_request_};
  for (Peer& peer : peers_.peers()) {
    if (matches(peer.bind)) return {.request = &peer.bind, .peer = &peer};
  }
  return {};
}

void Client::handle_response(const stun::MessageView& response, Timestamp now) {
  const bool is_response =
      response.message_class() == MessageClass::kSuccess || response.message_class() == MessageClass::kError;
  const Match match = is_response ? find_request(response.transaction_id()) : Match{};
  if (match.request == nullptr || match.request->method != response.method()) {
    ++stats_.input_dropped;
    return;
  }
  if (!believable(*match.request, response)) {
    ++stats_.unauthentic;
    return;
  }
  if (credentials_.verify(response)) last_heard_ = now;
  const auto error = response.error_code();
  if (const auto unknown = first_unknown_attribute(response)) {
    // RFC 8489 §6.3.3, §6.3.4: the transaction has failed.
    refused(match, {.reason = "The TURN server's answer holds an attribute that is not understood"}, now);
  } else if (response.message_class() == MessageClass::kSuccess) {
    succeeded(match, response, now);
  } else if (!error) {
    refused(match, {.reason = "The TURN server's error holds no code"}, now);
  } else if (!answer_challenge(match, response, now)) {
    refused(match,
            {.code = error->code,
             .reason = std::string(error->reason),
             .alternate_server = response.find_address(AttributeType::kAlternateServer),
             .alternate_domain = std::string(response.find_text(AttributeType::kAlternateDomain).value_or(""))},
            now);
  }
  update_deadline();
}

// RFC 8489 §9.2.5: whether a response may be acted on. Others are as if they had never come: the right one may follow.
bool Client::believable(const Request& request, const stun::MessageView& response) const {
  if (request.authenticated && credentials_.verify(response)) return true;
  const auto error = response.error_code();
  if (response.message_class() != MessageClass::kError || !error) return false;
  // A challenge comes from a server that has no key in common with us yet, or not any more.
  if (is(error->code, ErrorNumber::kUnauthenticated) || is(error->code, ErrorNumber::kStaleNonce)) return true;
  // No answer to a request without credentials can be protected: also these mean something then.
  return !request.authenticated &&
         (is(error->code, ErrorNumber::kTryAlternate) || is(error->code, ErrorNumber::kBadRequest));
}

// True when the request has been sent again with what the challenge taught.
bool Client::answer_challenge(const Match& match, const stun::MessageView& challenge, Timestamp now) {
  const std::uint16_t code = challenge.error_code()->code;
  const bool stale = is(code, ErrorNumber::kStaleNonce);
  if (!stale && !is(code, ErrorNumber::kUnauthenticated)) return false;
  Request& request = *match.request;
  const auto lesson = credentials_.learn(challenge);
  if (lesson == ClientCredentials::Lesson::kUnusable || request.challenges >= kMaxChallenges) return false;
  // RFC 8489 §9.2.5: after a 401 the same secret is not tried again, and after a 438 not the same nonce. Another
  // request may have learnt of the new nonce first.
  // DEVIATES RFC 8489 §9.2.5 because some servers answer 401, not 438, to a nonce that another client was given: the
  // first request with a realm that was known before is repeated with the new nonce once.
  const bool foreign_nonce = config_.known_realm && state_ == ClientState::kAllocating && request.challenges == 0;
  const bool new_secret = lesson == ClientCredentials::Lesson::kNewSecret;
  const bool new_nonce = request.nonce_generation != credentials_.nonce_generation();
  if (request.authenticated && !new_secret && !((stale || foreign_nonce) && new_nonce)) return false;
  ++request.challenges;
  repeat(match, now);
  return true;
}

// RFC 8489 §9.2.5: with a new transaction.
void Client::repeat(const Match& match, Timestamp now) {
  switch (match.request->method) {
    case Method::kAllocate: return send_allocate(now);
    case Method::kRefresh: return send_refresh(now);
    case Method::kCreatePermission: return send_create_permission(now);
    case Method::kChannelBind: return send_bind(*match.peer, now);
    default: return;
  }
}

void Client::succeeded(const Match& match, const stun::MessageView& response, Timestamp now) {
  const Method method = match.request->method;
  match.request->close();
  if (state_ == ClientState::kClosing) return finish_closing();
  switch (method) {
    case Method::kAllocate: allocated(response, now); break;
    case Method::kRefresh: refreshed(response, now); break;
    case Method::kCreatePermission: permissions_created(now); break;
    case Method::kChannelBind: bound(*match.peer, now); break;
    default: break;
  }
  ask_for_peers(now);
}

void Client::refused(const Match& match, const Refusal& refusal, Timestamp now) {
  const Method method = match.request->method;
  match.request->close();
  if (state_ == ClientState::kClosing) return finish_closing();
  // RFC 8656 §5: the server knows of no allocation.
  if (state_ == ClientState::kAllocated && is(refusal.code, ErrorNumber::kAllocationMismatch)) {
    return fail(Cause::kLost, refusal);
  }
  switch (method) {
    case Method::kAllocate:
      if (!ask_for_one(refusal, now)) fail(cause_of(refusal.code), refusal);
      return;
    case Method::kRefresh: refresh_refused(refusal, now); break;
    case Method::kCreatePermission: permissions_refused(refusal); break;
    case Method::kChannelBind: bind_refused(*match.peer, refusal, now); break;
    default: break;
  }
  ask_for_peers(now);
}

}  // namespace tidewire::turn
