// REC-4: what happens is told to subscribers, at least once, and to nobody else.
#include "domain/subscriptions/subscriptions.hpp"

#include <algorithm>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "domain/calls/signed_call.hpp"
#include "domain/journal/journal.hpp"
#include "domain/subscriptions/impl/delivery_table.hpp"
#include "domain/subscriptions/impl/outgoing.hpp"
#include "domain/subscriptions/impl/subscription_table.hpp"
#include "support/databases.hpp"
#include "support/fake_http.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::domain::subscriptions {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One host.
class Host {
 public:
  Host(asio::io_context& context, store::Store& store, ManualClock& clock, IdMint& ids, vault::Vault& vault)
      : io(context), http(clock), subscriptions(parts(store, clock, ids, vault)) {}
  ~Host() { wait(subscriptions.stop()); }

  template <class T>
  T wait(asio::awaitable<T> work) {
    io.restart();
    auto done = asio::co_spawn(io, std::move(work), asio::use_future);
    io.run();
    return done.get();
  }
  void look() { wait(subscriptions.look()); }
  // Until it holds: for answers that do not come.
  void look_until(const std::function<bool()>& holds) {
    io.restart();
    const auto done = asio::co_spawn(io, subscriptions.look(), asio::use_future);
    for (int i = 0; i < 1'000 && !holds(); ++i) io.run_one_for(10ms);
    EXPECT_TRUE(holds());
  }
  std::vector<std::string> seen_types() const {
    std::vector<std::string> types;
    for (const auto& one : http.seen) types.push_back(json::parse(one->request.body).at("type"));
    return types;
  }
  std::string header(std::size_t which, const std::string& name) const {
    for (const auto& [key, value] : http.seen.at(which)->request.headers) {
      if (key == name) return value;
    }
    return "none";
  }

  asio::io_context& io;
  support::FakeHttp http;
  Subscriptions subscriptions;

 private:
  Subscriptions::Parts parts(store::Store& store, ManualClock& clock, IdMint& ids, vault::Vault& vault) {
    Subscriptions::Parts out(io.get_executor(), clock, ids, store, log::Logger::none());
    out.vault = &vault;
    out.http = &http;
    out.opened = [] { return std::vector<std::string>{"127.0.0.1:9"}; };
    return out;
  }
};

class SubscriptionsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  MadeSubscription subscribe(std::vector<std::string> types, const std::string& url = "http://127.0.0.1:9/") {
    return host.wait(host.subscriptions.create({{"url", url}, {"types", types}}, "user:root"));
  }
  // It has happened, and everybody could see it.
  void happen(const std::string& type, Id subject = 7) {
    store->write_now([&](store::Session& session) {
      journal::write(session, ids, clock.now(), journal::Entry(type, subject));
    });
    store->write_now([&](store::Session& session) { return journal::give_places(session, 100); });
  }
  std::vector<Delivery> deliveries(const MadeSubscription& of, const std::string& state = "") {
    auto all = store->read_now([&](store::Session& session) {
      return DeliveryTable(session).list(of.subscription.id, state, 0, 100);
    });
    std::reverse(all.begin(), all.end());
    return all;
  }
  std::vector<std::string> states(const MadeSubscription& of) {
    std::vector<std::string> out;
    for (const auto& one : deliveries(of)) out.push_back(one.state);
    return out;
  }
  Subscription read(const MadeSubscription& made) {
    return *store->read_now(
        [&](store::Session& session) { return SubscriptionTable(session).find(made.subscription.id); });
  }
  std::vector<std::string> audited() {
    return store->read_now([](store::Session& session) {
      std::vector<std::string> out;
      for (const auto& row : session.query("select actor, action from audit order by id"))
        out.push_back(row.text(0) + " " + row.text(1));
      return out;
    });
  }
  std::vector<std::string> notified() {
    return store->read_now([](store::Session& session) {
      std::vector<std::string> out;
      for (const auto& row : session.query(
               "select kind, holder from notifications join notification_audience on notification = id order "
               "by id, holder"))
        out.push_back(row.text(0) + " to " + std::to_string(row.integer(1)));
      return out;
    });
  }
  std::int64_t rows(const std::string& of) {
    return store->read_now([&](store::Session& session) {
      return session.query_one("select cast(count(*) as bigint) from " + of)->integer(0);
    });
  }
  // As the tries of a delivery come due; each is answered so.
  void fail_until_dead(int status = 500) {
    for (std::int64_t i = 1; i <= kMostAttempts; ++i) {
      host.http.answer(status);
      host.look();
      clock.advance(calls::back_off(i, kLongestBackOff));
    }
  }

  asio::io_context io;  // these end after the store, whose threads post to them
  asio::io_context other_io;
  support::TempFolder folder;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open(8);
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  IdMint ids{clock};
  std::unique_ptr<vault::Vault> vault = vault::Vault::open(*store, folder / "key", clock);
  Host host{io, *store, clock, ids, *vault};
  Host other{other_io, *store, clock, ids, *vault};
};

PB_ON_BOTH_DATABASES(SubscriptionsTest);

TEST_P(SubscriptionsTest, who_subscribes_is_told_what_happens_from_then_on_and_of_the_types_he_wants) {
  happen("queue.changed");
  const auto chats = subscribe({"queue.*", "settings.changed"});
  const auto all = subscribe({"*"});
  for (int i = 0; i < 5; ++i) host.http.answer(204);
  for (const auto* type : {"queue.changed", "operator.changed", "settings.changed"}) happen(type);
  happen("notification.created");  // for people here
  host.look();
  host.look();
  auto types = [&](const MadeSubscription& of) {
    std::vector<std::string> out;
    for (const auto& one : deliveries(of, "delivered")) out.push_back(one.type);
    return out;
  };
  EXPECT_THAT(types(chats), ElementsAre("queue.changed", "settings.changed"));
  EXPECT_THAT(types(all), ElementsAre("queue.changed", "operator.changed", "settings.changed"));
  EXPECT_EQ(rows("outgoing_events"), 3) << "kept once for all";
  EXPECT_EQ(host.subscriptions.counters().delivered, 5U);
}

TEST_P(SubscriptionsTest, an_event_goes_out_signed_with_its_name_by_the_rule_of_the_installation) {
  const auto made = subscribe({"*"});
  host.http.answer(200);
  happen("queue.changed", 42);
  host.look();
  ASSERT_EQ(host.http.seen.size(), 1U);
  const auto& seen = *host.http.seen[0];
  EXPECT_EQ(seen.guard.opened, std::vector<std::string>{"127.0.0.1:9"});
  const auto id = "evt_" + to_string_id(deliveries(made)[0].event);
  EXPECT_EQ(host.header(0, "webhook-id"), id);
  EXPECT_EQ(host.header(0, "webhook-signature"),
            calls::signature({made.secret}, id, 1'795'252'800, seen.request.body));
  EXPECT_EQ(
      json::parse(seen.request.body),
      json({{"type", "queue.changed"}, {"timestamp", "2026-11-21T09:20:00.000Z"}, {"data", {{"id", "42"}}}}));
}

TEST_P(SubscriptionsTest, a_crash_between_two_steps_makes_nothing_twice_and_loses_nothing) {
  const auto made = subscribe({"*"});
  happen("queue.changed");
  EXPECT_THROW(store->write_now([&](store::Session& session) {
    tell(session, ids, clock, 100);
    throw std::runtime_error("killed before the commit");
  }),
               std::runtime_error);
  EXPECT_THAT(deliveries(made), IsEmpty());
  // Killed after it: the mark has moved with the rows.
  store->write_now([&](store::Session& session) { tell(session, ids, clock, 100); });
  store->write_now([&](store::Session& session) { tell(session, ids, clock, 100); });
  EXPECT_EQ(deliveries(made).size(), 1U);
  other.http.answer(200);
  other.look();
  EXPECT_THAT(states(made), ElementsAre("delivered"));
}

TEST_P(SubscriptionsTest, several_hosts_make_each_delivery_once) {
  const auto made = subscribe({"*"});
  for (int i = 0; i < 20; ++i) {
    happen("queue.changed");
    host.http.answer(200);
    other.http.answer(200);
  }
  auto theirs = std::async(std::launch::async, [&] {
    for (int i = 0; i < 10; ++i) other.look();
  });
  for (int i = 0; i < 10; ++i) host.look();
  theirs.get();
  EXPECT_EQ(rows("subscription_deliveries"), 20);
  EXPECT_EQ(host.http.seen.size() + other.http.seen.size(), 20U);
  EXPECT_EQ(states(made), std::vector<std::string>(20, "delivered"));
}

TEST_P(SubscriptionsTest, what_a_host_took_and_left_is_made_by_another) {
  const auto made = subscribe({"*"});
  happen("queue.changed");
  store->write_now([&](store::Session& session) {
    tell(session, ids, clock, 100);
    session.exec("update subscription_deliveries set state = 'sending', lease = 1, lease_until = :until",
                 {clock.now().time_since_epoch().count() + 1'000});
  });
  other.look();
  EXPECT_THAT(states(made), ElementsAre("sending"));
  clock.advance(2s);
  other.http.answer(200);
  other.look();
  EXPECT_THAT(states(made), ElementsAre("delivered"));
}

TEST_P(SubscriptionsTest, a_delivery_is_tried_for_a_day_and_can_be_made_once_more) {
  const auto made = subscribe({"*"});
  happen("queue.changed");
  const auto began = clock.now();
  host.http.answer(500);
  host.look();
  host.look();
  EXPECT_EQ(host.http.seen.size(), 1U) << "not before its time";
  clock.advance(1s);
  host.http.fail(Code::unavailable);
  host.look();
  EXPECT_EQ(deliveries(made)[0].attempts, 2);
  EXPECT_EQ(deliveries(made)[0].status, std::nullopt);
  for (std::int64_t i = 2; i < kMostAttempts; ++i) {
    clock.advance(calls::back_off(i, kLongestBackOff));
    host.http.answer(404);
    host.look();
  }
  EXPECT_GE(clock.now() - began, 20h);
  EXPECT_LE(clock.now() - began, 24h);
  auto dead = deliveries(made)[0];
  EXPECT_EQ(dead.state, "dead");
  EXPECT_EQ(dead.attempts, kMostAttempts);
  EXPECT_EQ(dead.status, 404);
  EXPECT_EQ(host.subscriptions.counters().dead, 1U);
  EXPECT_TRUE(read(made).active);
  const auto body = host.http.seen[0]->request.body;
  host.http.answer(200);
  host.wait(host.subscriptions.replay(dead.id, "user:root"));
  EXPECT_THAT(states(made), ElementsAre("delivered"));
  EXPECT_EQ(host.http.seen.back()->request.body, body);
  EXPECT_EQ(host.header(0, "webhook-id"), host.header(host.http.seen.size() - 1, "webhook-id"));
  EXPECT_EQ(read(made).failing_since, std::nullopt);
}

TEST_P(SubscriptionsTest, one_that_is_slow_holds_back_no_other) {
  const auto slow = subscribe({"queue.*"}, "http://127.0.0.1:9/slow");
  const auto quick = subscribe({"settings.*"}, "http://127.0.0.1:9/quick");
  for (int i = 0; i < 6; ++i) happen("queue.changed");
  for (int i = 0; i < 4; ++i) host.http.hang();
  host.look_until([&] { return host.http.seen.size() == 4; });
  happen("settings.changed");
  host.http.answer(200);
  host.look_until([&] { return host.subscriptions.counters().delivered == 1; });
  EXPECT_THAT(states(quick), ElementsAre("delivered"));
  EXPECT_EQ(deliveries(slow, "sending").size(), 4U) << "so many at once";
  EXPECT_EQ(deliveries(slow, "waiting").size(), 2U);
}

TEST_P(SubscriptionsTest, one_that_fails_is_asked_one_at_a_time_and_in_order) {
  const auto made = subscribe({"*"});
  happen("queue.changed", 1);
  host.http.answer(500);
  host.look();
  for (const Id subject : {2, 3, 4}) happen("queue.changed", subject);
  host.http.hang();
  host.look_until([&] { return host.http.seen.size() == 2; });
  EXPECT_EQ(json::parse(host.http.seen[1]->request.body).at("data").at("id"), "2");
  EXPECT_THAT(states(made), ElementsAre("waiting", "sending", "waiting", "waiting"));
}

TEST_P(SubscriptionsTest, retry_after_is_waited_for) {
  const auto made = subscribe({"*"});
  happen("queue.changed");
  host.http.answer(503, "", {{"retry-after", "60"}});
  host.look();
  EXPECT_EQ(deliveries(made)[0].not_before, (clock.now() + 60s).time_since_epoch().count());
}

TEST_P(SubscriptionsTest, a_receiver_that_is_gone_is_told_no_more) {
  store->write_now([](store::Session& session) {
    session.exec(
        "insert into operation_grants(operation, holder) values ('CanManageAdministration', 4711), "
        "('CanManageChats', 4712)");
  });
  const auto made = subscribe({"*"});
  happen("queue.changed");
  host.http.answer(410);
  host.look();
  EXPECT_FALSE(read(made).active);
  EXPECT_NE(read(made).off_reason.find("410"), std::string::npos);
  EXPECT_THAT(states(made), ElementsAre("dead"));
  EXPECT_THAT(audited(), ElementsAre("user:root subscription.create", "host subscription.switch_off"));
  EXPECT_THAT(notified(), ElementsAre("subscription.off to 4711"));  // REC-5
  happen("queue.changed");
  host.look();
  EXPECT_EQ(deliveries(made).size(), 1U);
}

TEST_P(SubscriptionsTest, one_that_fails_for_days_is_switched_off_and_goes_on_when_it_is_on_again) {
  const auto made = subscribe({"*"});
  happen("queue.changed");
  fail_until_dead();
  EXPECT_TRUE(read(made).active) << "a day is not long enough";
  clock.advance(72h);
  happen("settings.changed");
  for (std::int64_t i = 1; read(made).active && i <= kMostAttempts; ++i) {
    host.http.answer(500);
    host.look();
    clock.advance(calls::back_off(i, kLongestBackOff));
  }
  EXPECT_FALSE(read(made).active);
  EXPECT_EQ(read(made).failures, kMostFailures);
  EXPECT_THAT(states(made), ElementsAre("dead", "waiting"));
  happen("operator.changed");
  host.look();
  host.http.answer(200);
  host.http.answer(200);
  host.wait(host.subscriptions.change(made.subscription.id, {{"active", true}}, {}, "user:root"));
  EXPECT_EQ(read(made).off_reason, "");
  happen("access.changed");
  host.look();
  EXPECT_THAT(states(made), ElementsAre("dead", "delivered", "delivered"));
  EXPECT_EQ(host.seen_types().back(), "access.changed");
}

TEST_P(SubscriptionsTest, all_that_is_dead_or_of_a_time_is_made_once_more) {
  const auto made = subscribe({"*"});
  happen("queue.changed");
  fail_until_dead();
  const auto noon = clock.now();
  host.http.answer(200);
  happen("settings.changed");
  host.look();
  EXPECT_THAT(states(made), ElementsAre("dead", "delivered"));
  const auto again = [&](bool delivered, std::int64_t from, std::int64_t until) {
    Replay which;
    which.delivered = delivered;
    which.from = from;
    which.until = until;
    return host.wait(host.subscriptions.replay_all(made.subscription.id, which, "user:root"));
  };
  const auto at = noon.time_since_epoch().count();
  EXPECT_EQ(again(true, at + 1, 0), 0) << "nothing happened later";
  EXPECT_EQ(again(false, at, 0), 0) << "nothing of that is dead";
  host.http.answer(200);
  EXPECT_EQ(again(true, at, 0), 1);
  EXPECT_EQ(host.seen_types().back(), "settings.changed");
  host.http.answer(200);
  EXPECT_EQ(again(false, 0, 0), 1);
  EXPECT_EQ(host.seen_types().back(), "queue.changed");
  EXPECT_THAT(states(made), ElementsAre("delivered", "delivered"));
}

TEST_P(SubscriptionsTest, a_renewed_secret_signs_beside_the_former_one_for_a_day) {  // ACC-4
  const auto made = subscribe({"*"});
  const auto renewed = host.wait(host.subscriptions.renew_secret(made.subscription.id, "user:root"));
  const auto sent = [&] {
    host.http.answer(200);
    happen("queue.changed");
    host.look();
    return host.header(host.http.seen.size() - 1, "webhook-signature");
  };
  const auto signed_with = [&](const std::vector<std::string>& secrets) {
    const auto which = host.http.seen.size() - 1;
    return calls::signature(secrets, host.header(which, "webhook-id"),
                            std::stoll(host.header(which, "webhook-timestamp")),
                            host.http.seen[which]->request.body);
  };
  const auto beside = sent();
  EXPECT_EQ(beside, signed_with({renewed.secret, made.secret}));
  clock.advance(25h);
  const auto alone = sent();
  EXPECT_EQ(alone, signed_with({renewed.secret}));
}

TEST_P(SubscriptionsTest, a_test_reaches_one_and_no_other) {
  const auto made = subscribe({"chat.*"});
  const auto another = subscribe({"*"});
  host.http.answer(200);
  const auto delivery = host.wait(host.subscriptions.test(made.subscription.id, "user:root"));
  EXPECT_THAT(host.seen_types(), ElementsAre("subscription.test"));
  EXPECT_THAT(deliveries(another), IsEmpty());
  const auto shown = host.wait(host.subscriptions.delivery(delivery.id));
  EXPECT_EQ(shown.delivery.state, "delivered");
  EXPECT_EQ(shown.body, host.http.seen[0]->request.body);
}

TEST_P(SubscriptionsTest, what_is_old_is_swept_and_with_a_subscription_all_of_its_goes) {
  const auto made = subscribe({"*"});
  happen("queue.changed");
  host.http.answer(200);
  host.look();
  happen("queue.changed");
  fail_until_dead();
  clock.advance(8 * 24h);
  host.wait(host.subscriptions.tidy());
  EXPECT_THAT(states(made), ElementsAre("dead"));
  EXPECT_EQ(rows("outgoing_events"), 1);
  clock.advance(24 * 24h);
  host.wait(host.subscriptions.tidy());
  EXPECT_THAT(states(made), IsEmpty());
  EXPECT_EQ(rows("outgoing_events"), 0);
  happen("queue.changed");
  store->write_now([&](store::Session& session) { tell(session, ids, clock, 100); });
  host.wait(host.subscriptions.remove(made.subscription.id, 1, "user:root"));
  EXPECT_EQ(rows("subscription_deliveries"), 0);
  EXPECT_EQ(rows("secrets where scope = 'subscription'"), 0);
}

TEST_P(SubscriptionsTest, what_does_not_fit_is_refused_with_what_is_wrong) {
  const auto refused = [&](const json& document) {
    std::string out;
    try {
      host.wait(host.subscriptions.create(document, "user:root"));
    } catch (const Error& error) {
      for (const auto& one : error.diagnostics()) out += one.path + " " + one.summary.id() + ";";
    }
    return out;
  };
  EXPECT_EQ(refused({{"url", "nowhere"}, {"types", json::array()}}),
            "/url domain.calls.url;/types domain.subscriptions.no_types;");
  EXPECT_EQ(refused({{"url", "http://example.com/"}, {"types", {"chat.create", "zzz", "c*"}}}),
            "/url net.plain_http_refused;/types/0 domain.subscriptions.type_nearest;"
            "/types/1 domain.subscriptions.type;/types/2 domain.subscriptions.type;");
  EXPECT_EQ(refused({{"url", "https://10.0.0.1/"}, {"types", {"lead.created"}}}),
            "/url net.private_address;");
}

TEST(EventTypes, name_our_objects_and_those_of_admins) {  // REC-1, REC-4
  journal::Entry entry("record.created", 1);
  entry.object = "lead";
  EXPECT_EQ(type_of(entry), "lead.created");
  entry.object = "message";  // an object that an admin calls so
  EXPECT_EQ(type_of(entry), "record.created");
  EXPECT_EQ(type_of(journal::Entry("notification.created")), "");
}

}  // namespace
}  // namespace patchbay::domain::subscriptions
