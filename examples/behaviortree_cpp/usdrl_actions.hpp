// What people do, for trees of BehaviorTree.CPP 4: a client that reads actions/state, and leaves that ask it.
//
//   auto actions = std::make_shared<usdrl::Actions>();
//   auto subscription = node->create_subscription<std_msgs::msg::String>("actions/state", 1,
//     [actions](const std_msgs::msg::String & message) { actions->hear(message.data); });
//   BT::BehaviorTreeFactory factory;
//   usdrl::register_leaves(factory, actions);
//
// Nothing holds of a node that died: after three heartbeats that did not come, leaves fail. Events between two ticks are
// not lost: the state carries the last 64, and the client keeps those that it heard. It knows no ROS and has no thread.
#pragma once

#include <algorithm>
#include <array>
#include <behaviortree_cpp/bt_factory.h>
#include <behaviortree_cpp/contrib/json.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace usdrl
{

inline constexpr const char * SCHEMA = "usdrl.actions/2";
inline constexpr double HEARTBEATS = 3.0;        // missing ones after which the node counts as dead
inline constexpr double SHORTEST_SILENCE = 0.5;  // seconds that are always tolerated
inline constexpr std::size_t REMEMBERED = 256;   // events kept for readers that come late

struct Event
{
  std::string kind;    // onset, offset, lost; entered, left
  std::string person;
  std::string label;   // empty where a person entered or left
  double score;        // 0 where a person entered or left
};

struct Person
{
  std::string id;
  std::optional<std::array<double, 3>> position;  // metres in the frame of the state
  double score;                                   // of what was asked for; 1 of a state by geometry
  double onset;                                   // stamp, seconds
};

class Actions
{
public:
  using Clock = std::chrono::steady_clock;

  // Takes the text of actions/state; false where it is no state of this schema (use the same version on both sides).
  bool hear(const std::string & text, Clock::time_point now = Clock::now())
  {
    auto state = nlohmann::json::parse(text, nullptr, false);
    if (!understood(state)) {
      return false;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto & beat = state.at("heartbeat");
    const double stamp = beat.at("stamp").get<double>();
    if (!stamp_ || *stamp_ != stamp) {  // the same one again is the latched message of a node that may be dead
      sure_ = stamp_.has_value() && now <= until_;
      stamp_ = stamp;
      const double silence = std::max(HEARTBEATS * beat.at("period").get<double>(), SHORTEST_SILENCE);
      until_ = now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(silence));
    }
    remember(state);
    state_ = std::move(state);
    return true;
  }

  // The node perceives, and its heartbeats arrive.
  bool alive(Clock::time_point now = Clock::now()) const
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    return sure_ && now <= until_;
  }

  bool here(const std::string & person) const
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto & people = state_.at("people");
    return std::any_of(people.begin(), people.end(), [&](const auto & one) { return one.at("id") == person; });
  }

  // Those at an action, or in a state by geometry, of this name; highest score first, and of a state
  // who has been in it longest. An empty person: anybody.
  std::vector<Person> doing(const std::string & label, const std::string & person = "", double min_score = 0.0) const
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Person> found;
    for (const auto & one : state_.at("people")) {
      if (!person.empty() && one.at("id") != person) {
        continue;
      }
      for (const auto & action : one.at("actions")) {
        const double score = action.at("score").template get<double>();
        if (action.at("label") == label && action.at("state") == "active" && score >= min_score) {
          found.push_back(made(one, score, action.at("onset").template get<double>()));
        }
      }
      if (one.contains("states")) {
        for (const auto & held : one.at("states").at("active")) {
          if (held.at("label") == label) {
            found.push_back(made(one, 1.0, held.at("onset").template get<double>()));
          }
        }
      }
    }
    std::stable_sort(found.begin(), found.end(), [](const auto & a, const auto & b) {
      return a.score != b.score ? a.score > b.score : a.onset < b.onset;
    });
    return found;
  }

  // How many events were heard so far, for events_since.
  std::uint64_t cursor() const
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    return count_;
  }

  // Events after the first `cursor` that were heard, oldest first.
  std::vector<Event> events_since(std::uint64_t cursor) const
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Event> found;
    for (const auto & [number, event] : events_) {
      if (number > cursor) {
        found.push_back(event);
      }
    }
    return found;
  }

private:
  using json = nlohmann::json;

  // Whatever else somebody publishes on the topic is no reason for an exception in the callback that hears it.
  static bool understood(const json & state)
  {
    const auto event = [](const json & one) {
      return has(one, "seq", &json::is_number_integer) && has(one, "kind", &json::is_string) &&
             has(one, "person", &json::is_string) &&
             (has(one, "label", &json::is_string) || has(one, "label", &json::is_null)) &&
             (has(one, "score", &json::is_number) || has(one, "score", &json::is_null));
    };
    const auto person = [](const json & one) { return has(one, "id", &json::is_string); };
    const auto all = [](const json & list, auto fits) { return std::all_of(list.begin(), list.end(), fits); };
    return has(state, "schema", &json::is_string) && state["schema"] == SCHEMA &&
           has(state, "seq", &json::is_number_integer) && has(state, "heartbeat", &json::is_object) &&
           has(state["heartbeat"], "stamp", &json::is_number) && has(state["heartbeat"], "period", &json::is_number) &&
           has(state, "events", &json::is_array) && all(state["events"], event) &&
           has(state, "people", &json::is_array) && all(state["people"], person);
  }

  // An object with this field, of this kind.
  static bool has(const json & in, const char * key, bool (json::*kind)() const)
  {
    return in.is_object() && in.contains(key) && (in[key].*kind)();
  }

  static Person made(const nlohmann::json & one, double score, double onset)
  {
    Person person{one.at("id").get<std::string>(), std::nullopt, score, onset};
    if (const auto & at = one.at("position"); !at.is_null()) {
      person.position = {at.at(0).get<double>(), at.at(1).get<double>(), at.at(2).get<double>()};
    }
    return person;
  }

  void remember(const nlohmann::json & state)
  {
    const auto newest = state.at("seq").get<std::int64_t>();
    const auto & events = state.at("events");
    if (seq_) {  // what happened before the first state is none of this client's business
      // A smaller number, or another event under the last one: the node was restarted.
      const bool again = newest < *seq_ || std::any_of(events.begin(), events.end(), [this](const auto & event) {
        return event.at("seq").template get<std::int64_t>() == *seq_ && event != last_;
      });
      const auto before = again ? 0 : *seq_;
      for (const auto & event : events) {
        if (event.at("seq").get<std::int64_t>() > before) {
          const auto & label = event.at("label");
          const auto & score = event.at("score");
          events_.emplace_back(
            ++count_, Event{event.at("kind").get<std::string>(), event.at("person").get<std::string>(),
                            label.is_null() ? "" : label.get<std::string>(), score.is_null() ? 0.0 : score.get<double>()});
        }
      }
      while (events_.size() > REMEMBERED) {
        events_.pop_front();
      }
    }
    seq_ = newest;
    last_ = events.empty() ? nlohmann::json() : events.back();
  }

  mutable std::mutex mutex_;
  nlohmann::json state_ = {{"people", nlohmann::json::array()}};
  std::optional<double> stamp_;
  bool sure_ = false;
  Clock::time_point until_{};
  std::optional<std::int64_t> seq_;
  nlohmann::json last_;
  std::uint64_t count_ = 0;
  std::deque<std::pair<std::uint64_t, Event>> events_;
};

using ActionsPtr = std::shared_ptr<Actions>;

// SUCCESS while somebody, or the person `who`, is at it; their id is in `found`. FAILURE else.
class IsDoing : public BT::ConditionNode
{
public:
  IsDoing(const std::string & name, const BT::NodeConfig & config, ActionsPtr actions)
  : BT::ConditionNode(name, config), actions_(std::move(actions))
  {
  }

  static BT::PortsList providedPorts()
  {
    return {
      BT::InputPort<std::string>("label", "action or state"), BT::InputPort<std::string>("who", "", "id; empty: anybody"),
      BT::InputPort<double>("min_score", 0.0, "least score of an action"),
      BT::OutputPort<std::string>("found", "id of the one who does it")};
  }

  BT::NodeStatus tick() override
  {
    const auto label = getInput<std::string>("label");
    if (!label) {
      throw BT::RuntimeError("IsDoing: ", label.error());
    }
    const auto who = getInput<std::string>("who");
    if (!who || !actions_->alive()) {  // an entry of the blackboard that nothing has written yet is nobody
      return BT::NodeStatus::FAILURE;
    }
    const auto people = actions_->doing(*label, *who, getInput<double>("min_score").value_or(0.0));
    if (people.empty()) {
      return BT::NodeStatus::FAILURE;
    }
    setOutput("found", people.front().id);
    return BT::NodeStatus::SUCCESS;
  }

private:
  ActionsPtr actions_;
};

// RUNNING until an event after this leaf began: an onset of `label` or, with kind entered or left, of a person.
class WaitForEvent : public BT::StatefulActionNode
{
public:
  WaitForEvent(const std::string & name, const BT::NodeConfig & config, ActionsPtr actions)
  : BT::StatefulActionNode(name, config), actions_(std::move(actions))
  {
  }

  static BT::PortsList providedPorts()
  {
    return {
      BT::InputPort<std::string>("kind", "onset", "onset, offset, lost, entered or left"),
      BT::InputPort<std::string>("label", "", "the action; empty: any"),
      BT::InputPort<double>("min_score", 0.0, "least score of an action"),
      BT::OutputPort<std::string>("who", "id of the person")};
  }

  BT::NodeStatus onStart() override
  {
    cursor_ = actions_->cursor();
    return onRunning();
  }

  BT::NodeStatus onRunning() override
  {
    if (!actions_->alive()) {
      return BT::NodeStatus::FAILURE;
    }
    const auto kind = getInput<std::string>("kind").value_or("onset");
    const auto label = getInput<std::string>("label").value_or("");
    const auto least = getInput<double>("min_score").value_or(0.0);
    for (const auto & event : actions_->events_since(cursor_)) {
      if (event.kind == kind && (label.empty() || event.label == label) && event.score >= least) {
        setOutput("who", event.person);
        return BT::NodeStatus::SUCCESS;
      }
    }
    return BT::NodeStatus::RUNNING;
  }

  void onHalted() override {}

private:
  ActionsPtr actions_;
  std::uint64_t cursor_ = 0;
};

// RUNNING while a person is here, and for `grace` seconds after they went; then FAILURE. A guard for a parallel.
class WhileHere : public BT::StatefulActionNode
{
public:
  WhileHere(const std::string & name, const BT::NodeConfig & config, ActionsPtr actions)
  : BT::StatefulActionNode(name, config), actions_(std::move(actions))
  {
  }

  static BT::PortsList providedPorts()
  {
    return {
      BT::InputPort<std::string>("who", "id of the person"),
      BT::InputPort<double>("grace", 2.0, "seconds that they may be out of sight")};
  }

  BT::NodeStatus onStart() override
  {
    seen_ = Actions::Clock::now();
    return onRunning();
  }

  BT::NodeStatus onRunning() override
  {
    const auto who = getInput<std::string>("who");
    if (!who || !actions_->alive()) {
      return BT::NodeStatus::FAILURE;
    }
    const auto now = Actions::Clock::now();
    if (actions_->here(*who)) {
      seen_ = now;
    }
    const std::chrono::duration<double> away = now - seen_;
    return away.count() <= getInput<double>("grace").value_or(2.0) ? BT::NodeStatus::RUNNING : BT::NodeStatus::FAILURE;
  }

  void onHalted() override {}

private:
  ActionsPtr actions_;
  Actions::Clock::time_point seen_{};
};

inline void register_leaves(BT::BehaviorTreeFactory & factory, const ActionsPtr & actions)
{
  factory.registerNodeType<IsDoing>("IsDoing", actions);
  factory.registerNodeType<WaitForEvent>("WaitForEvent", actions);
  factory.registerNodeType<WhileHere>("WhileHere", actions);
}

}  // namespace usdrl
