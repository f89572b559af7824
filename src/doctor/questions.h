// Binding requests in flight, sent again until they are answered or given up: what the measurements are made of.
#pragma once

#include <deque>
#include <optional>

#include "base/bounded_queue.h"
#include "crypto/random.h"
#include "stun/message.h"
#include "tidewire/datagram.h"
#include "tidewire/time.h"

namespace tidewire::doctor {

struct Question {
  // DEVIATES RFC 8489 §6.2.1 (seven transmissions, 39.5 s), because a person waits for the diagnosis.
  static constexpr int kMaxTransmissions = 4;
  static constexpr int kLifetimeRtos = 15;  // sent at 0, 1, 3 and 7 of them

  SocketAddress to;
  SocketAddress from;        // where the answer has to come from
  std::uint32_t change = 0;  // CHANGE-REQUEST (RFC 5780 §7.2); 0: none
  std::size_t size = 0;      // the message is padded to this; 0: not at all
  Duration rto = std::chrono::milliseconds(250);
  Duration patience = Duration::max();  // given up after this, if not before
};

struct Answer {
  bool refused = false;  // an error response
  std::uint16_t error_code = 0;
  std::optional<SocketAddress> mapped;
  std::optional<SocketAddress> other_address;  // RFC 5780 §7.4
  Duration round_trip{};
  bool measured = false;  // `round_trip` is exact: the request was sent once (Karn's rule)
};

class Questions {
 public:
  using Id = std::size_t;
  static constexpr std::size_t kMaxQuestions = 64;
  static constexpr std::size_t kMaxTransmitQueue = 4 * kMaxQuestions;

  // Over UDP from `local`, or over a stream, which sees to it that messages arrive. `pool` outlives it.
  Questions(const SocketAddress& local, StreamId stream, crypto::Random random, PacketPool& pool);

  // Beyond kMaxQuestions it counts as one that got no answer.
  Id ask(const Question& question, Timestamp now);
  // Answered, or given up?
  bool is_settled(Id id) const { return asked_[id].deadline == kNever; }
  bool are_settled() const { return next_timeout() == kNever; }
  const std::optional<Answer>& answer(Id id) const { return asked_[id].answer; }
  // The question itself has come back: sent to the own outer address, it was turned round there.
  bool came_back(Id id) const { return asked_[id].came_back; }

  // False, and it is not touched, when it answers none of the questions.
  bool handle_input(const Datagram& datagram, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const;
  std::optional<Datagram> poll_transmit() { return transmits_.pop(); }
  // Gives up what is open.
  void stop();

 private:
  struct Asked {
    Question question;
    stun::TransactionId id{};
    int transmissions = 0;
    Timestamp first_sent{};
    Timestamp give_up{};
    Timestamp deadline = kNever;
    std::optional<Answer> answer{};
    bool came_back = false;
  };

  void send(Asked& asked, Timestamp now);

  SocketAddress local_;
  StreamId stream_;
  crypto::Random random_;
  PacketPool& pool_;
  std::deque<Asked> asked_;
  BoundedQueue<Datagram> transmits_{kMaxTransmitQueue};
};

}  // namespace tidewire::doctor
