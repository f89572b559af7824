#include "server/signaling/rooms.h"

#include <gmock/gmock.h>

#include <map>

namespace tidewire::server {
namespace {

using namespace signaling;  // NOLINT: the messages are what these tests are about
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr ConnectionId kAnn{1};
constexpr ConnectionId kBob{2};
constexpr ConnectionId kCat{3};
constexpr std::string_view kAnnKey = "key-of-ann-0000001";
constexpr std::string_view kBobKey = "key-of-bob-0000002";

// A directory with what each connection has received.
class Rooms {
 public:
  explicit Rooms(RoomLimits limits = {})
      : directory(limits, {{{"stun:s"}, "", ""}}, crypto::Random::from_test_seed(1)) {}

  void connect(ConnectionId id) {
    directory.connected(id, "tide.example:8080", now);
    drain();
  }
  void say(ConnectionId id, std::string_view text) {
    directory.handle_message(id, text, now);
    drain();
  }
  void say(ConnectionId id, const ClientMessage& message) { say(id, to_json(message)); }
  // Connects, joins, and gives the id.
  std::string join(ConnectionId id, std::string_view key = "", std::string_view room = "room") {
    connect(id);
    say(id, Join{1, std::string(room), "name" + std::to_string(id.value()), std::string(key)});
    const auto messages = take(id);
    const auto* joined = messages.empty() ? nullptr : std::get_if<Joined>(&messages.front());
    return joined != nullptr ? joined->id : "";
  }
  void leave(ConnectionId id, LeaveReason reason) {
    directory.disconnected(id, reason);
    drain();
  }
  // What the connection has received since the last call.
  std::vector<ServerMessage> take(ConnectionId id) { return std::exchange(received[id], {}); }
  Fault take_error(ConnectionId id) {
    const auto messages = take(id);
    EXPECT_EQ(messages.size(), 1U);
    const auto* error = messages.empty() ? nullptr : std::get_if<ErrorMessage>(&messages.front());
    EXPECT_NE(error, nullptr);
    return error != nullptr ? error->code : Fault::kBadJson;
  }
  void drain() {
    while (auto output = directory.poll_output()) {
      if (const auto* text = std::get_if<SendText>(&*output)) {
        auto parsed = parse_server_message(*text->text);
        ASSERT_EQ(parsed.index(), 0U) << *text->text;
        received[text->to].push_back(*std::get<0>(parsed));
      } else if (const auto* close = std::get_if<CloseConnection>(&*output)) {
        closed[close->connection] = close->reason;
      } else {
        notices.push_back(std::get<RoomNotice>(*output));
      }
    }
  }

  RoomDirectory directory;
  Timestamp now{1h};
  std::map<ConnectionId, std::vector<ServerMessage>> received;
  std::map<ConnectionId, std::string> closed;
  std::vector<RoomNotice> notices;
};

TEST(RoomDirectory, TellsTheNewcomerWhoIsThereAndTheOthersWhoCame) {
  Rooms rooms;
  const std::string ann = rooms.join(kAnn);
  rooms.connect(kBob);
  rooms.say(kBob, Join{1, "room", "Bob", ""});
  const auto to_bob = rooms.take(kBob);
  ASSERT_EQ(to_bob.size(), 1U);
  const auto& joined = std::get<Joined>(to_bob.front());
  EXPECT_THAT(joined.peers, ElementsAre(PeerInfo{ann, "name1"}));
  EXPECT_THAT(joined.ice_servers, ElementsAre(IceServer{{"stun:s"}, "", ""}));
  EXPECT_THAT(rooms.take(kAnn), ElementsAre(ServerMessage(PeerJoined{{joined.id, "Bob"}})));
}

TEST(RoomDirectory, RelaysWithTheSendersIdAndOnlyToTheAddressee) {
  Rooms rooms;
  const std::string ann = rooms.join(kAnn);
  const std::string bob = rooms.join(kBob);
  rooms.join(kCat);
  rooms.take(kAnn);
  rooms.take(kBob);
  const SessionDescription offer{SdpType::kOffer, "v=0\r\n"};
  const IceCandidate last{"", "0", std::uint16_t{0}, std::nullopt};
  rooms.say(kBob, Description{ann, offer});
  rooms.say(kBob, Candidate{ann, last});
  rooms.say(kBob, Bye{ann, "enough"});
  EXPECT_THAT(rooms.take(kAnn), ElementsAre(ServerMessage(Description{bob, offer}), ServerMessage(Candidate{bob, last}),
                                            ServerMessage(Bye{bob, "enough"})));
  EXPECT_THAT(rooms.take(kBob), IsEmpty());
  EXPECT_THAT(rooms.take(kCat), IsEmpty());
}

TEST(RoomDirectory, DoesNotRelayToAnotherRoomNorToOneself) {
  Rooms rooms;
  const std::string ann = rooms.join(kAnn, "", "blue");
  const std::string bob = rooms.join(kBob, "", "red");
  for (const std::string& to : {ann, bob, std::string("nobody")}) {
    rooms.say(kBob, Bye{to, ""});
    EXPECT_EQ(rooms.take_error(kBob), Fault::kNoSuchPeer);
  }
  EXPECT_THAT(rooms.take(kAnn), IsEmpty());
  EXPECT_THAT(rooms.closed, IsEmpty());
}

TEST(RoomDirectory, TellsTheOthersWhoLeftAndWhyAndForgetsEmptyRooms) {
  for (const LeaveReason reason : {LeaveReason::kLeft, LeaveReason::kLost}) {
    Rooms rooms;
    rooms.join(kAnn);
    const std::string bob = rooms.join(kBob);
    rooms.take(kAnn);
    rooms.leave(kBob, reason);
    EXPECT_THAT(rooms.take(kAnn), ElementsAre(ServerMessage(PeerLeft{bob, reason})));
    EXPECT_EQ(rooms.directory.stats().rooms, 1U);
    rooms.leave(kAnn, LeaveReason::kLeft);
    EXPECT_EQ(rooms.directory.stats().rooms, 0U);
    EXPECT_EQ(rooms.directory.stats().connections, 0U);
  }
}

TEST(RoomDirectory, TheSameKeyGivesTheSameIdAlsoFromAnotherServerButNotInAnotherRoom) {
  Rooms before;
  Rooms after;
  const std::string id = before.join(kAnn, kAnnKey);
  EXPECT_EQ(id.size(), 24U);
  EXPECT_EQ(after.join(kBob, kAnnKey), id);
  EXPECT_NE(after.join(kAnn, kBobKey), id);
  EXPECT_NE(after.join(kCat, kAnnKey, "another-room"), id);
  Rooms keyless;
  EXPECT_NE(keyless.join(kAnn), keyless.join(kBob));
}

TEST(RoomDirectory, AKeyThatJoinsAgainReplacesItsConnectionUnseenByTheOthers) {
  Rooms rooms;
  const std::string ann = rooms.join(kAnn, kAnnKey);
  const std::string bob = rooms.join(kBob);
  rooms.take(kAnn);
  EXPECT_EQ(rooms.join(kCat, kAnnKey), ann);
  EXPECT_EQ(rooms.take_error(kAnn), Fault::kReplaced);
  EXPECT_EQ(rooms.closed[kAnn], "replaced");
  EXPECT_THAT(rooms.take(kBob), IsEmpty());
  rooms.leave(kAnn, LeaveReason::kLost);  // the old connection ends at last: nobody is told
  EXPECT_THAT(rooms.take(kBob), IsEmpty());
  rooms.say(kBob, Bye{ann, ""});
  EXPECT_THAT(rooms.take(kCat), ElementsAre(ServerMessage(Bye{bob, ""})));
}

TEST(RoomDirectory, MalformedMessagesAreAnsweredAndChangeNothing) {
  Rooms rooms;
  const std::string ann = rooms.join(kAnn);
  rooms.join(kBob);
  rooms.take(kAnn);
  const struct {
    std::string text;
    Fault code;
  } cases[] = {
      {"", Fault::kBadJson},
      {"{", Fault::kBadJson},
      {R"({"type": "bye"})", Fault::kBadMessage},
      {R"({"type": "description", "to": ")" + ann + "\"}", Fault::kBadMessage},
      {R"({"type": "join", "version": 1, "room": "elsewhere"})", Fault::kAlreadyJoined},
  };
  for (const auto& c : cases) {
    rooms.say(kBob, c.text);
    EXPECT_EQ(rooms.take_error(kBob), c.code) << c.text;
  }
  EXPECT_THAT(rooms.take(kAnn), IsEmpty());
  EXPECT_THAT(rooms.closed, IsEmpty());
  EXPECT_EQ(rooms.directory.stats().rooms, 1U);
}

TEST(RoomDirectory, NothingIsRelayedBeforeJoining) {
  Rooms rooms;
  const std::string ann = rooms.join(kAnn);
  rooms.connect(kBob);
  rooms.say(kBob, Bye{ann, ""});
  EXPECT_EQ(rooms.take_error(kBob), Fault::kNotJoined);
  EXPECT_THAT(rooms.take(kAnn), IsEmpty());
}

TEST(RoomDirectory, AnotherVersionIsRefused) {
  Rooms rooms;
  rooms.connect(kAnn);
  rooms.say(kAnn, Join{2, "room", "", ""});
  EXPECT_EQ(rooms.take_error(kAnn), Fault::kUnsupportedVersion);
  EXPECT_EQ(rooms.closed[kAnn], "unsupported_version");
}

TEST(RoomDirectory, FullRoomsAndServersRefuse) {
  RoomLimits limits;
  limits.peers_per_room = 2;
  limits.rooms = 1;
  limits.connections = 4;
  Rooms rooms(limits);
  rooms.join(kAnn);
  rooms.join(kBob, kBobKey);
  rooms.connect(kCat);
  rooms.say(kCat, Join{1, "room", "", ""});
  EXPECT_EQ(rooms.take_error(kCat), Fault::kRoomFull);
  rooms.connect(ConnectionId{4});
  rooms.say(ConnectionId{4}, Join{1, "second", "", ""});
  EXPECT_EQ(rooms.take_error(ConnectionId{4}), Fault::kServerFull);
  EXPECT_NE(rooms.join(ConnectionId{5}, kBobKey), "") << "a member may come back into a full room";
  for (std::uint64_t i = 6; i <= 7; ++i) rooms.connect(ConnectionId{i});
  EXPECT_THAT(rooms.take(ConnectionId{7}), IsEmpty());
  rooms.connect(ConnectionId{8});
  EXPECT_EQ(rooms.take_error(ConnectionId{8}), Fault::kServerFull);
}

TEST(RoomDirectory, AFloodEndsTheConnectionAndAnHonestCallDoesNot) {
  Rooms rooms;
  const std::string ann = rooms.join(kAnn);
  rooms.join(kBob);
  rooms.take(kAnn);
  for (int i = 0; i < 400; ++i) rooms.say(kBob, Candidate{ann, {"c", "0", {}, {}}});
  EXPECT_EQ(rooms.take(kAnn).size(), 400U);
  rooms.now += 10s;
  for (int i = 0; i < 600; ++i) rooms.say(kBob, Candidate{ann, {"c", "0", {}, {}}});
  EXPECT_EQ(rooms.closed[kBob], "rate_limited");
  EXPECT_EQ(rooms.take(kAnn).size(), 501U) << "500 in a burst, and the one that says who was lost";
}

TEST(RoomDirectory, WhoDoesNotJoinInTimeIsSentAway) {
  Rooms rooms;
  rooms.connect(kAnn);
  rooms.now += 1s;
  rooms.join(kBob);
  EXPECT_EQ(rooms.directory.next_timeout(), rooms.now + 9s);
  rooms.now += 9s;
  rooms.directory.handle_timeout(rooms.now);
  rooms.drain();
  EXPECT_EQ(rooms.take_error(kAnn), Fault::kJoinTimeout);
  EXPECT_EQ(rooms.directory.next_timeout(), kNever);
  EXPECT_FALSE(rooms.closed.contains(kBob));
}

TEST(RoomDirectory, ShuttingDownTellsEverybody) {
  Rooms rooms;
  rooms.join(kAnn);
  rooms.join(kBob, "", "other");
  rooms.connect(kCat);
  rooms.directory.shut_down("maintenance");
  rooms.drain();
  for (const ConnectionId id : {kAnn, kBob, kCat}) {
    EXPECT_THAT(rooms.take(id), ElementsAre(ServerMessage(ServerClosing{"maintenance"})));
    EXPECT_EQ(rooms.closed[id], "server_closing");
  }
  rooms.say(kAnn, "late");
  EXPECT_THAT(rooms.take(kAnn), IsEmpty());
}

TEST(RoomDirectory, MintsServersForEachWhoJoinsBeforeTheFixedOnes) {
  Rooms rooms;
  rooms.directory.set_own_turn(OwnTurn{.secret = "north", .credential_lifetime = 1h});
  rooms.directory.set_wall_clock({.monotonic = rooms.now, .wall = {1'700'000'000s}});
  rooms.now += 10s;
  const auto servers_of = [&](ConnectionId id, std::string_view key) {
    rooms.connect(id);
    rooms.say(id, Join{1, "room", "", std::string(key)});
    return std::get<Joined>(rooms.take(id).front()).ice_servers;
  };
  const auto ann = servers_of(kAnn, kAnnKey);
  ASSERT_EQ(ann.size(), 3U);
  EXPECT_THAT(ann[0].urls, ElementsAre("stun:tide.example:3478"));
  EXPECT_THAT(ann[1].username, testing::MatchesRegex("1700003610:[0-9a-f]{20}"));
  EXPECT_THAT(ann[2].urls, ElementsAre("stun:s"));

  const auto bob = servers_of(kBob, kBobKey);
  EXPECT_NE(bob[1].username, ann[1].username);
  rooms.now += 1s;
  const auto again = servers_of(kCat, kAnnKey);
  EXPECT_EQ(again[1].username.substr(11), ann[1].username.substr(11)) << "one quota for one peer";
  EXPECT_NE(again[1].credential, ann[1].credential);

  rooms.directory.set_own_turn(std::nullopt);
  EXPECT_EQ(servers_of(ConnectionId{4}, "").size(), 1U);
}

TEST(RoomDirectory, SaysWhatHappenedWithoutTheNamesThatLetPeopleIn) {
  using What = RoomNotice::What;
  Rooms rooms;
  const std::string ann = rooms.join(kAnn);
  rooms.say(kAnn, "{");
  rooms.leave(kAnn, LeaveReason::kLost);
  std::vector<What> happened;
  for (const RoomNotice& notice : rooms.notices) {
    happened.push_back(notice.what);
    EXPECT_EQ(notice.room, 1U);
  }
  EXPECT_THAT(happened, ElementsAre(What::kRoomOpened, What::kJoined, What::kRefused, What::kLeft, What::kRoomClosed));
  EXPECT_EQ(rooms.notices[1].peer, ann);
  EXPECT_EQ(rooms.notices[2].fault, Fault::kBadJson);
  EXPECT_EQ(rooms.notices[3].reason, LeaveReason::kLost);
}

TEST(RoomDirectory, CountsWhatAnOperatorAsksFor) {
  Rooms rooms;
  rooms.join(kAnn, kAnnKey);
  rooms.join(kBob, kAnnKey);
  rooms.connect(kCat);
  rooms.say(kCat, "{");
  const SignalingStats stats = rooms.directory.stats();
  EXPECT_EQ(stats.rooms, 1U);
  EXPECT_EQ(stats.connections, 2U);
  EXPECT_EQ(stats.members, 1U);
  EXPECT_EQ(stats.connections_taken, 3U);
  EXPECT_EQ(stats.joins, 2U);
  EXPECT_EQ(stats.messages, 3U);
  EXPECT_EQ(stats.faults[static_cast<std::size_t>(Fault::kReplaced)], 1U);
  EXPECT_EQ(stats.faults[static_cast<std::size_t>(Fault::kBadJson)], 1U);
}

TEST(RoomDirectory, RandomClientsNeverUpsetIt) {
  RoomLimits limits;
  limits.peers_per_room = 3;
  limits.rooms = 4;
  Rooms rooms(limits);
  crypto::Random random = crypto::Random::from_test_seed(7);
  std::vector<std::string> ids{"x"};
  for (int step = 0; step < 20'000; ++step) {
    rooms.now += 20ms;
    const ConnectionId id{random.below(12) + 1};
    switch (random.below(6)) {
      case 0: rooms.connect(id); break;
      case 1: {
        const std::string key = "key-0123456789-" + std::to_string(random.below(5));
        rooms.say(id, Join{1, "room" + std::to_string(random.below(6)), "n", random.below(2) == 0 ? key : ""});
        break;
      }
      case 2: rooms.leave(id, LeaveReason::kLost); break;
      case 3: rooms.say(id, Bye{ids[random.below(static_cast<std::uint32_t>(ids.size()))], ""}); break;
      case 4: rooms.say(id, "{\"type\": "); break;
      default: rooms.directory.handle_timeout(rooms.now); rooms.drain();
    }
    for (const ServerMessage& message : rooms.take(id)) {
      if (const auto* joined = std::get_if<Joined>(&message); joined != nullptr && ids.size() < 100) {
        ids.push_back(joined->id);
        EXPECT_LE(joined->peers.size(), 2U);
      }
    }
    ASSERT_LE(rooms.directory.stats().rooms, 4U);
  }
  EXPECT_GT(ids.size(), 20U);
}

}  // namespace
}  // namespace tidewire::server
