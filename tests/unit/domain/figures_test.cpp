// CHAT-31
#include "domain/figures/figures.hpp"

#include "domain/chat/impl/chat_table.hpp"
#include "domain/chat_router_world.hpp"

namespace patchbay::domain::routing {
namespace {

using figures::Span;

class FiguresTest : public ChatRouterTest {
 protected:
  figures::ChatFigures count(const Span& span) { return wait(all.chats(span)); }
  std::string refused(const Span& span) { return refusal(all.chats(span)); }
  // As posting does.
  std::optional<Duration> reply(const std::string& conversation, Id who) {
    return store->write_now([&](store::Session& session) {
      chat::Context context(session, ids, clock);
      return chat::ChatTable(context).note_answer(chat(conversation), who);
    });
  }

  figures::Figures all{*store};
  const TimePoint begin = clock.now();
};
PB_ON_BOTH_DATABASES(FiguresTest);

TEST_P(FiguresTest, tell_how_long_clients_waited_by_time_and_by_operator) {
  const auto ana = operator_("ana");
  const auto ben = operator_("ben");
  channel(true, queue_of("broadcast", {ana, ben}));
  write("one");
  write("two");
  clock.advance(10s);
  wait(router.accept(chat("one"), ana, "user:ana"));
  clock.advance(20s);
  EXPECT_EQ(reply("one", ana), 30s + 1ms);
  EXPECT_EQ(reply("one", ana), std::nullopt) << "only the first answer counts";
  wait(router.finish(chat("one"), Person(ana, "user:ana")));
  clock.advance(2h);
  arrive(ben);
  wait(router.accept(chat("two"), ben, "user:ben"));
  write("three");

  const auto found = count(Span(begin, begin + 3h, 1h));
  EXPECT_EQ(found.total.created, 3);
  EXPECT_EQ(found.total.accepted.count, 2);
  EXPECT_EQ(found.total.finished, 1);
  EXPECT_EQ(found.total.answered.count, 1);
  ASSERT_EQ(found.pieces.size(), 3u);
  EXPECT_EQ(found.pieces[0].at, begin);
  EXPECT_EQ(found.pieces[0].counts.created, 2);
  EXPECT_EQ(found.pieces[0].counts.accepted.total_ms, 10'001);
  EXPECT_EQ(found.pieces[1].counts.created, 0);
  EXPECT_EQ(found.pieces[2].counts.accepted.count, 1);
  EXPECT_EQ(found.to_accept.median_ms, 10'001);
  EXPECT_EQ(found.to_accept.p90_ms, 7'230'000) << "one of two is less than nine of ten";
  EXPECT_EQ(found.to_answer.median_ms, 30'001);

  ASSERT_EQ(found.operators.size(), 2u);
  EXPECT_EQ(found.operators[0].name, "ana");
  EXPECT_EQ(found.operators[0].counts.accepted.count, 1);
  EXPECT_EQ(found.operators[0].counts.answered.total_ms, 30'001);
  EXPECT_EQ(found.operators[0].counts.finished, 1);
  EXPECT_EQ(found.operators[0].in_progress, 0);
  EXPECT_EQ(found.operators[1].counts.finished, 0);
  EXPECT_EQ(found.operators[1].in_progress, 1);

  const auto now = std::find_if(found.now.begin(), found.now.end(),
                                [](const figures::QueueNow& one) { return one.name == "broadcast"; });
  ASSERT_NE(now, found.now.end());
  EXPECT_EQ(now->waiting, 1);
  EXPECT_EQ(now->in_progress, 1);
  EXPECT_EQ(now->waiting_since, clock.now());
}

TEST_P(FiguresTest, count_whoever_let_an_offer_pass) {  // CHAT-5
  const auto ana = operator_("ana");
  channel(true, queue_of("least_busy", {ana}));
  write("one");
  look();
  clock.advance(6min);
  wait(router.be_present(ana));
  look();
  const auto found = count(Span(begin, begin + 1h, 1h));
  EXPECT_EQ(found.total.missed, 1);
  ASSERT_EQ(found.operators.size(), 1u);
  EXPECT_EQ(found.operators[0].counts.missed, 1);
  EXPECT_EQ(found.to_accept.waits.count, 0);
}

TEST_P(FiguresTest, are_of_one_queue_where_that_is_asked) {
  const auto ana = operator_("ana");
  const auto queue = queue_of("broadcast", {ana});
  channel(true, queue);
  write("one");
  Span span(begin, begin + 1h, 1h);
  span.queue = queue;
  EXPECT_EQ(count(span).total.created, 1);
  span.queue = queue + 1;
  EXPECT_EQ(count(span).total.created, 0);
}

TEST_P(FiguresTest, refuse_what_would_be_too_much) {
  EXPECT_EQ(refused(Span(begin, begin, 1h)), "domain.refused /to");
  EXPECT_EQ(refused(Span(begin - std::chrono::days(401), begin, 24h)), "domain.refused /from");
  EXPECT_EQ(refused(Span(begin, begin + 1h, 0ms)), "domain.refused /step");
  EXPECT_EQ(refused(Span(begin, begin + 1h, 90s)), "domain.refused /step");
  EXPECT_EQ(refused(Span(begin, begin + std::chrono::days(10), 1min)), "domain.refused /step");
}

}  // namespace
}  // namespace patchbay::domain::routing
