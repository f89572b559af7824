#include "doctor/questions.h"

#include <algorithm>

#include "stun/builder.h"

namespace tidewire::doctor {
namespace {

// RFC 8489 §14: a type above 0x8000 that the server does not know is skipped, and so is its value: padding.
// DEVIATES RFC 5780 §7.6 (PADDING), because a server that knows that one answers with as much.
constexpr stun::AttributeType kPadding{0xfeed};
constexpr std::size_t kAttributeHeader = 4;

}  // namespace

Questions::Questions(const SocketAddress& local, StreamId stream, crypto::Random random, PacketPool& pool)
    : local_(local), stream_(stream), random_(std::move(random)), pool_(pool) {}

Questions::Id Questions::ask(const Question& question, Timestamp now) {
  Asked asked{.question = question};
  random_.fill(asked.id);
  if (asked_.size() < kMaxQuestions) {
    asked.first_sent = now;
    const Duration lifetime = question.rto * Question::kLifetimeRtos;
    asked.give_up = now + (stream_.value() != 0 ? question.patience : std::min(lifetime, question.patience));
    send(asked, now);
  }
  asked_.push_back(std::move(asked));
  return asked_.size() - 1;
}

void Questions::send(Asked& asked, Timestamp now) {
  const Question& question = asked.question;
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kRequest, stun::Method::kBinding, asked.id);
  if (question.change != 0) builder.add_u32(stun::AttributeType::kChangeRequest, question.change);
  if (question.size > stun::kHeaderSize + kAttributeHeader)
    builder.add(kPadding, Bytes(question.size - stun::kHeaderSize - kAttributeHeader));
  if (builder.finish()) (void)transmits_.push({local_, question.to, std::move(packet), stream_});
  ++asked.transmissions;
  const Duration interval = question.rto * (std::int64_t{1} << (asked.transmissions - 1));
  const bool last = stream_.value() != 0 || asked.transmissions >= Question::kMaxTransmissions;
  asked.deadline = last ? asked.give_up : std::min(now + interval, asked.give_up);
}

bool Questions::handle_input(const Datagram& datagram, Timestamp now) {
  const auto message = stun::MessageView::parse(datagram.packet.bytes());
  if (!message || message->method() != stun::Method::kBinding || datagram.stream != stream_) return false;
  const auto id = message->transaction_id();
  const auto found =
      std::ranges::find_if(asked_, [&](const Asked& asked) { return asked.deadline != kNever && asked.id == id; });
  if (found == asked_.end()) return false;
  if (message->message_class() == stun::MessageClass::kRequest) {
    found->came_back = true;
    found->deadline = kNever;
    return true;
  }
  const bool refused = message->message_class() == stun::MessageClass::kError;
  if (!refused && message->message_class() != stun::MessageClass::kSuccess) return false;
  if (stream_.value() == 0 && datagram.remote != found->question.from && !refused) return false;
  Answer answer{.refused = refused, .round_trip = now - found->first_sent, .measured = found->transmissions == 1};
  if (refused) {
    answer.error_code = message->error_code() ? message->error_code()->code : 0;
  } else {
    answer.mapped = message->mapped_address();
    answer.other_address = message->find_address(stun::AttributeType::kOtherAddress);
  }
  found->answer = answer;
  found->deadline = kNever;
  return true;
}

void Questions::handle_timeout(Timestamp now) {
  for (Asked& asked : asked_) {
    if (asked.deadline > now) continue;
    if (asked.give_up <= now) {
      asked.deadline = kNever;
    } else {
      send(asked, now);
    }
  }
}

Timestamp Questions::next_timeout() const {
  Timestamp next = kNever;
  for (const Asked& asked : asked_) next = std::min(next, asked.deadline);
  return next;
}

void Questions::stop() {
  for (Asked& asked : asked_) asked.deadline = kNever;
}

}  // namespace tidewire::doctor
