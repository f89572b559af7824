// One UDP port for many connections: a server's, behind a firewall that opens one port.
//
// Connections are told apart by what ICE sends (RFC 8445 §7.3): a Binding request names, in USERNAME before the colon,
// the ufrag of the side that it is for. Everything else is told apart by its remote address, which such a request has
// taught, and responses to STUN requests by the request.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/udp_socket.h"

namespace tidewire::io {

class SharedUdpPort {
 public:
  struct Options {
    UdpSocket::Options socket;
    std::size_t max_ufrags = 16384;  // of all owners together; more are refused
  };
  struct Stats {
    std::uint64_t dropped_unknown_ufrag = 0;   // a check for nobody
    std::uint64_t dropped_unknown_remote = 0;  // anything else from an address that nobody has
  };
  // Of one owner. Remote addresses that it has bound (more are refused), that were taught and not confirmed, and STUN
  // requests that wait for their response (of either, the oldest is forgotten).
  static constexpr std::size_t kMaxBound = 64;
  static constexpr std::size_t kMaxTaught = 16;
  static constexpr std::size_t kMaxRequests = 128;

  class Registration;

  static Result<SharedUdpPort> bind(EventLoop& loop, const SocketAddress& local, Options options);
  // Closes. Registrations that outlive it are deaf and send nothing. Legal in a callback of an owner.
  ~SharedUdpPort();
  SharedUdpPort(SharedUdpPort&&) noexcept;
  SharedUdpPort& operator=(SharedUdpPort&&) noexcept;

  // A new owner with its first ufrag. The callback gets batches that are all for this owner, as UdpSocket's does.
  // kInvalidState when another owner has the ufrag, kOperation when the table is full.
  Result<Registration> register_owner(std::string_view ufrag, UdpSocket::OnDatagrams on_datagrams);

  SocketAddress local_address() const;
  const Stats& stats() const;
  // Of the socket below, which knows nothing of owners.
  const UdpSocket::Stats& socket_stats() const;

 private:
  struct Impl;
  explicit SharedUdpPort(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// An owner's part of the port. Destroying it leaves nothing behind; legal in its callback.
class SharedUdpPort::Registration {
 public:
  ~Registration();
  Registration(Registration&&) noexcept;
  Registration& operator=(Registration&&) noexcept;

  // For an ICE restart: the new one beside the old one, which goes when the restart has succeeded. Errors as those of
  // register_owner().
  Result<> add_ufrag(std::string_view ufrag);
  void remove_ufrag(std::string_view ufrag);

  // To be called when a check from this address has been authenticated, or a response from it has: from now on what
  // comes from there is this owner's, whoever had it before. False when the owner has too many.
  bool bind_remote(const SocketAddress& remote);
  void unbind_remote(const SocketAddress& remote);

  // As UdpSocket's. A STUN request is remembered, so that its response finds the way back.
  bool send(Packet packet, const SocketAddress& remote);
  void flush();
  SocketAddress local_address() const;

 private:
  friend class SharedUdpPort;
  struct Owner;
  Registration(std::shared_ptr<Impl> port, std::shared_ptr<Owner> owner);

  std::shared_ptr<Impl> port_;
  std::shared_ptr<Owner> owner_;
};

}  // namespace tidewire::io
