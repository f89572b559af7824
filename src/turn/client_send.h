// What the client's source files share: how a request is made.
#pragma once

#include "turn/client.h"

namespace tidewire::turn {

Cause cause_of(std::uint16_t error_code);

// Sends a request for the first time; `request.challenges` goes on counting.
template <typename AddAttributes>
void Client::send_request(Request& request, stun::Method method, Timestamp now, AddAttributes add_attributes) {
  Packet packet = pool_.make();
  request.method = method;
  request.id = random_id();
  stun::MessageBuilder builder(packet, stun::MessageClass::kRequest, method, request.id);
  add_attributes(builder);
  request.authenticated = credentials_.known();
  request.nonce_generation = credentials_.nonce_generation();
  if (request.authenticated) credentials_.sign(builder);
  const auto built = builder.finish();
  if (!built) {
    return fail(Cause::kCredentials, {.reason = "The TURN username, realm or nonce is too long for a request"});
  }
  request.message.assign(built->begin(), built->end());
  request.sent_first(reliable(), config_.rto, now);
  ++stats_.requests_sent;
  (void)transmits_.push(*to_server(std::move(packet)));
}

}  // namespace tidewire::turn
