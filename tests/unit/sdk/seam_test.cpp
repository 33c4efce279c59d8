#include <cstring>

#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

Task<SendReply> echo_text(Probe&, Json request) {
  co_return sent(string_at(request, "text"));
}

TEST(Seam, DescribesTheLibrary) {
  const pb_entry* library = probe(echo_text);
  EXPECT_EQ(library->struct_size, sizeof(pb_entry));
  EXPECT_EQ(library->abi_major, PB_ABI_MAJOR);
  EXPECT_EQ(Json::parse(text(library->descriptor)),
            (Json{{"id", "probe"}, {"version", "1.2.3"}, {"sdk", "0.0"}}));
  EXPECT_EQ(entry<Probe>(), library);  // idempotent
}

TEST(Seam, UnknownMethodsAndVerbsThatAreNotOverriddenAreUnsupported) {
  FakeHost host(probe(echo_text));
  EXPECT_EQ(host.call("pb.future/7:do", Json::object()).code, PB_UNSUPPORTED);
  EXPECT_EQ(host.call("pb.webhook/1:process", Json::object()).code, PB_UNSUPPORTED);
  EXPECT_EQ(host.call("pb.lifecycle/1:migrate", Json::object()).code, PB_UNSUPPORTED);
  EXPECT_EQ(host.call("", Json::object()).code, PB_UNSUPPORTED);
}

TEST(Seam, LifecycleWorksWithoutOverrides) {
  FakeHost host(probe(echo_text));
  host.start();
  EXPECT_EQ(host.call("pb.lifecycle/1:check", Json::object()).json["identity"], "");
  EXPECT_EQ(host.call("pb.lifecycle/1:health", Json::object()).json, (Json{{"status", "ok"}}));
  EXPECT_TRUE(host.call("pb.lifecycle/1:drain", Json{{"deadline_ms", 10}}).ok());
}

// Delivers a call by hand and returns its result.
Result deliver_raw(const pb_call& call) {
  class Side {
   public:
    static void finish(void* ctx, std::uint64_t, const pb_result* lent) {
      auto& out = *static_cast<Result*>(ctx);
      out.code = lent->code;
      out.text = text(lent->text);
      out.json = Message::copy(lent->msg).json;
    }
    static pb_code call(void*, const pb_call*, pb_reply_fn, void*, std::uint64_t*) { return PB_UNSUPPORTED; }
  };
  Result result(PB_DENIED, "no answer");
  pb_host table = {};
  table.struct_size = sizeof table;
  table.ctx = &result;
  table.finish = Side::finish;
  table.call = Side::call;
  pb_plugin* plugin = probe(echo_text)->create(&table, "probe");
  plugin->deliver(plugin->self, &call);
  plugin->destroy(plugin->self);
  return result;
}

TEST(Seam, ADocumentThatIsNoJsonIsRefused) {
  const pb_message message = {sizeof message, PB_JSON, view("{\"text\": "), nullptr, 0};
  const pb_call call = {sizeof call, 0, 1, view(kSend), {}, 0, &message};
  EXPECT_EQ(deliver_raw(call).code, PB_INVALID);
}

TEST(Seam, AnotherEncodingIsRefused) {
  const pb_message message = {sizeof message, PB_CBOR, view("\xa0"), nullptr, 0};
  const pb_call call = {sizeof call, 0, 1, view(kSend), {}, 0, &message};
  EXPECT_EQ(deliver_raw(call).code, PB_INVALID);
}

TEST(Seam, ACallWithoutAMessageIsServed) {
  const pb_call call = {sizeof call, 0, 1, view(kSend), {}, 0, nullptr};
  EXPECT_TRUE(deliver_raw(call).ok());
}

// A host of today with a longer struct, and one that knows less of it.
TEST(Growth, LongerAndShorterCallsAreRead) {
  const pb_message message = {sizeof message, PB_JSON, view("{\"text\":\"hi\"}"), nullptr, 0};
  struct {
    pb_call known;
    char beyond[32];
  } longer;
  std::memset(&longer, 0x7f, sizeof longer);
  longer.known = {sizeof longer, 0, 1, view(kSend), {}, 0, &message};
  EXPECT_EQ(deliver_raw(longer.known).json["provider_ids"][0], "hi");

  pb_call shorter;
  std::memset(&shorter, 0x7f, sizeof shorter);
  shorter.struct_size = offsetof(pb_call, trace);
  shorter.flags = 0;
  shorter.id = 1;
  shorter.method = view(kSend);
  EXPECT_TRUE(deliver_raw(shorter).ok());
}

TEST(Growth, ALongerHostTableIsUsed) {
  FakeHost host(probe(echo_text), sizeof(pb_host) + 64);
  EXPECT_TRUE(host.call(kSend, Json{{"text", "hi"}}).ok());
}

Task<SendReply> use_much(Probe& self, Json) {
  const bool posted = self.services().post([] {});
  self.services().log(PB_INFO, "into nothing");
  self.services().metric(PB_COUNTER, "x", "x").record(1);
  const CallContext call = co_await this_call();
  co_return sent(std::string(posted ? "posted" : "not posted") + (call.is_cancelled() ? "!" : ""));
}

TEST(Growth, WhatAnOlderHostLacksIsNotCalled) {
  FakeHost host(probe(use_much), offsetof(pb_host, is_cancelled));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "not posted");
  EXPECT_TRUE(host.logs.empty());
}

Task<SendReply> answer_broken_text(Probe&, Json) {
  co_return sent("\xff\xfe");
}

TEST(Seam, BrokenUtf8IsRepairedNotThrown) {
  FakeHost host(probe(answer_broken_text));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "\uFFFD\uFFFD");
}

}  // namespace
}  // namespace patchbay::sdk_test
