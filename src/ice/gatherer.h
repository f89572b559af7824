// Asks STUN servers for server-reflexive addresses and keeps their NAT bindings alive (RFC 8445 §5.1.1.2, §5.1.1.4).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "crypto/random.h"
#include "ice/transaction.h"
#include "ice/types.h"
#include "tidewire/address.h"

namespace tidewire::ice {

class Gatherer {
 public:
  static constexpr std::size_t kMaxServers = 4;

  // One base asking one server.
  struct Query {
    SocketAddress base;
    SocketAddress server;
    Transaction transaction;
    Timestamp give_up = kNever;     // while the first answer is awaited
    Timestamp refresh_at = kNever;  // after an answer
    bool waiting_to_start = true;
    bool settled = false;  // answered once, or given up: does not hold back the end of gathering
  };
  struct Found {
    SocketAddress base;
    SocketAddress server;
    SocketAddress mapped;
  };

  Gatherer(const Timing& timing, std::vector<SocketAddress> servers);

  // Queues a query to each server that this base can reach.
  void add(const SocketAddress& base);
  // One more server; false when there are enough. The bases that are known ask it too.
  bool add_server(const SocketAddress& server, std::span<const SocketAddress> bases);
  // True when no query is open: gathering may complete.
  bool settled() const;

  // A query that has not been sent yet, to be passed to start(); paced by the caller.
  Query* next_new();
  void start(Query& query, crypto::Random& random, Timestamp now);
  // A query whose request is to be sent again now; it has been counted as sent. Gives up what is overdue.
  Query* next_retransmission(Timestamp now);
  // Queries whose bindings are due for a refresh become new ones. Only while `wanted`.
  void refresh(bool wanted, Timestamp now);

  enum class Match { kNone, kConsumed };
  // A response from `from` to `base`. `found` is set when it told an address.
  Match handle_response(const stun::MessageView& response, const SocketAddress& base, const SocketAddress& from,
                        Timestamp now, std::optional<Found>& found);

  // The network has changed: what was answered or given up is asked again.
  void ask_again();
  // This socket is gone.
  void remove(const SocketAddress& base);

  // When next_retransmission or refresh has something to do.
  Timestamp deadline(bool refresh_wanted) const;

 private:
  Timing timing_;
  std::vector<SocketAddress> servers_;
  std::vector<Query> queries_;  // at most Agent::kMaxLocalSockets × Agent::kMaxStunServers
};

}  // namespace tidewire::ice
