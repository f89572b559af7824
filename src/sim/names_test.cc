#include "sim/names.h"

#include <gtest/gtest.h>

#include "sim/box_for_test.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

struct Question {
  Question(Simulation& simulation, std::string_view name) : asked(simulation.now()) {
    simulation.resolve(name, [this, &simulation](std::vector<IpAddress> addresses) {
      answer = std::move(addresses);
      after = simulation.now() - asked;
    });
  }
  Timestamp asked;
  std::optional<std::vector<IpAddress>> answer;
  Duration after{};
};

TEST(Names, AreAnsweredAfterTheirDelay) {
  Simulation simulation(1);
  simulation.network().names().add("turn.example", {{ip("198.51.100.1"), ip("2001:db8::1")}, 300ms});
  const Question question(simulation, "TURN.example");
  simulation.run_for(299ms);
  EXPECT_FALSE(question.answer);
  simulation.run_for(1ms);
  EXPECT_EQ(question.answer, (std::vector{ip("198.51.100.1"), ip("2001:db8::1")}));
  EXPECT_EQ(question.after, 300ms);
}

TEST(Names, ThatNobodyKnowsFailAfterADelay) {
  Simulation simulation(1);
  simulation.network().names().set_unknown_delay(5s);
  const Question question(simulation, "nowhere.example");
  simulation.run_for(10s);
  ASSERT_TRUE(question.answer);
  EXPECT_TRUE(question.answer->empty());
  EXPECT_EQ(question.after, 5s);
}

TEST(Names, MayChangeTheirAddresses) {
  Simulation simulation(1);
  simulation.network().names().add("stun.example", {{ip("198.51.100.1")}});
  simulation.network().names().add("stun.example", {{ip("198.51.100.2")}});
  const Question question(simulation, "stun.example");
  simulation.network().names().remove("stun.example");
  const Question later(simulation, "stun.example");
  simulation.run_for(1s);
  EXPECT_EQ(question.answer, std::vector{ip("198.51.100.2")});
  EXPECT_EQ(later.answer, std::vector<IpAddress>{});
}

}  // namespace
}  // namespace tidewire::sim
