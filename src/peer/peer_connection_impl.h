// A Session with sockets, codecs and callbacks around it.
//
// One object on one loop. What the session has to tell is taken in pump(), which runs from the loop and never inside an
// API call, so callbacks may call and destroy anything.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "io/event_loop.h"
#include "peer/media_receiver.h"
#include "peer/media_sender.h"
#include "peer/network.h"
#include "peer/simulcast_choice.h"
#include "tidewire/peer_connection.h"

namespace tidewire {

class PeerConnectionImpl : public std::enable_shared_from_this<PeerConnectionImpl> {
 public:
  PeerConnectionImpl(EventLoop& loop, Configuration configuration);

  // `facade` is the object whose callbacks are called.
  void start(PeerConnection* facade);
  void detach() { facade_ = nullptr; }

  Session& session() { return session_; }
  const Session& session() const { return session_; }
  Timestamp now() const { return loop_.now(); }
  bool closed() const { return closed_; }

  // Opens the sockets the first time. Negotiation calls it: candidates should be there early.
  Result<> open_network();
  // Lets pump() run soon. After every call that changes the session.
  void schedule_pump();
  void close();

  // Media (peer_media.cc).
  Result<std::shared_ptr<RtpTransceiver>> add_transceiver(MediaKind kind, TransceiverInit init);
  Result<std::shared_ptr<RtpSender>> add_track(std::shared_ptr<MediaStreamTrack> track,
                                               std::vector<std::string> stream_ids);
  Result<> remove_track(const std::shared_ptr<RtpSender>& sender);
  Result<> replace_track(RtpSender& sender, std::shared_ptr<MediaStreamTrack> track);
  RtpSendParameters parameters(const RtpSender& sender) const;
  Result<> set_parameters(const RtpSender& sender, const RtpSendParameters& parameters);
  // In the order of the session's.
  std::vector<std::shared_ptr<RtpTransceiver>> transceivers();
  // peer_stats.cc
  StatsReport stats() const;

  // Data (peer_data.cc).
  Result<std::shared_ptr<DataChannel>> create_data_channel(std::string label, DataChannelInit init);
  struct RoomWaiter {
    ChannelId channel;
    std::size_t bytes = 0;
    UniqueFunction<void(Result<>)> callback;
    bool call_when_closed = false;  // also when the connection was closed from this side
  };
  Result<bool> writable(ChannelId channel, std::size_t bytes) const;
  void wait_for_room(RoomWaiter waiter);

 private:
  struct Transceiver {
    std::shared_ptr<RtpTransceiver> object;
    std::unique_ptr<peer::MediaSender> sender;      // from the first time on that frames are wanted
    peer::SimulcastChoice shown;                    // of several encodings that come
    std::unique_ptr<peer::MediaReceiver> receiver;  // from the first frame on
  };

  void pump();
  void pump_and_flush();
  std::ptrdiff_t transmit(std::ptrdiff_t most);
  bool dispatch_events();
  bool dispatch_next();
  void dispatch(SessionEvent event);
  void handle(event::NegotiationNeeded);
  void handle(const event::SignalingStateChanged&);
  void handle(const event::IceCandidateFound& found);
  void handle(const event::IceGatheringStateChanged&);
  void handle(const event::IceConnectionStateChanged&);
  void handle(const event::ConnectionStateChanged& change);
  void handle(const event::ResolveName& request);
  void handle(const event::OpenStream& wanted) { network_.open_stream(wanted.request); }
  void handle(const event::CloseStream& unwanted) { network_.close_stream(unwanted.stream); }
  void handle(const event::PathVerified& path) { network_.note_verified(path); }
  void handle(const event::IceCandidateErrorFound& found);
  // peer_media.cc
  void handle(const event::TrackAdded& added);
  void handle(const event::TrackRemoved& removed);
  void handle(const event::SendingChanged& change);
  void handle(const event::QualityLimitationChanged& changed);
  void handle(const event::KeyFrameNeeded& needed);
  void handle(const event::LossReported& report);
  void handle(event::VideoFrameReceived& received);
  void handle(event::AudioFrameReceived& received);
  Transceiver& known(TransceiverId id);
  peer::MediaReceiver& receiver_of(Transceiver& transceiver, TransceiverId id);
  void hold_pictures(bool held);
  peer::MediaSender& sender_of(Transceiver& transceiver, TransceiverId id);
  void note_load(TransceiverId id);
  // peer_data.cc
  void handle(const event::DataChannelAdded& added);
  void handle(const event::DataChannelOpened& opened);
  void handle(const event::DataChannelClosing& closing);
  void handle(const event::DataChannelClosed& gone);
  void handle(event::MessageReceived& message);
  void handle(const event::BufferedAmountLow& low);
  void handle(const event::SctpTransportStateChanged&);
  bool serve_room_waiters();
  void dismiss_room_waiters();
  std::shared_ptr<DataChannel> make_channel(ChannelId id, DataChannelState state);
  std::shared_ptr<DataChannel> find_channel(ChannelId id) const;

  io::EventLoop& loop_;
  Configuration configuration_;
  PeerConnection* facade_ = nullptr;
  Session session_;
  peer::Network network_;
  io::Timer timer_;
  io::Task pump_task_;
  std::map<TransceiverId, Transceiver> transceivers_;
  std::map<ChannelId, std::shared_ptr<DataChannel>> channels_;
  std::list<RoomWaiter> room_waiters_;
  bool starving_ = false;  // the first of them that is not served waits for the other channels
  bool network_open_ = false;
  bool pumping_ = false;
  bool pictures_held_ = false;
  bool closed_ = false;
};

}  // namespace tidewire
