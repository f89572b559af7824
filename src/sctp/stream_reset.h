// RFC 6525: one side's streams begin again at sequence number 0, which data channels use to close (RFC 8831 §6.7).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sctp/core.h"
#include "tidewire/result.h"

namespace tidewire::sctp {

class StreamReset {
 public:
  explicit StreamReset(Core& core) : core_(core) {}

  // The association is established: request numbers begin with the initial TSNs.
  void start();
  Result<> reset_outgoing(std::span<const StreamId> streams);
  void handle_re_config(const ChunkView& chunk);
  void handle_timeout();
  // To be called after anything else: sends the next request when streams have run dry, and carries out the peer's when
  // the data before it has arrived. O(1) when there is nothing to do.
  void progress();

 private:
  // Ours, unanswered.
  struct Request {
    std::uint32_t sequence = 0;
    Tsn last_assigned_tsn = 0;
    std::vector<StreamId> streams;
  };
  // The peer's, which waits for data.
  struct Deferred {
    std::uint32_t sequence = 0;
    Tsn last_assigned_tsn = 0;
    std::vector<StreamId> streams;  // none: all
  };

  void send_request();
  void handle_outgoing_request(const OutgoingResetRequest& request);
  ReConfigResult answer(const OutgoingResetRequest& request);
  void handle_response(const ReConfigResponse& response);
  void finish(bool performed, const char* why);
  bool perform_deferred();
  void refuse(const ParameterView& parameter);
  void respond(std::uint32_t sequence, ReConfigResult result);

  Core& core_;
  std::uint32_t next_request_ = 0;
  std::uint32_t expected_request_ = 0;  // the peer's next one
  ReConfigResult last_result_ = ReConfigResult::kNothingToDo;
  std::optional<Request> request_;
  std::optional<Deferred> deferred_;
  std::vector<StreamId> waiting_;  // ran dry, not yet in a request
  Tsn waiting_for_ = 0;            // the last of their data
  Duration timeout_{};
};

}  // namespace tidewire::sctp
