#include "store/blobs.hpp"
#include "unit/plugin/services_fixture.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class ServicesStoreTest : public ServicesTest {};

TEST_F(ServicesStoreTest, StateIsKeptWithItsVersion) {  // SDK-4
  EXPECT_EQ(body_of(ask("pb.state/1:get", {{"key", "offset"}})), json({{"value", nullptr}, {"version", 0}}));
  EXPECT_EQ(body_of(ask("pb.state/1:put", {{"key", "offset"}, {"value", {{"n", 1}}}}))["version"], 1);
  EXPECT_EQ(body_of(ask("pb.state/1:put", {{"key", "offset"}, {"value", 5}}))["version"], 2);
  EXPECT_EQ(body_of(ask("pb.state/1:get", {{"key", "offset"}})), json({{"value", 5}, {"version", 2}}));
}

TEST_F(ServicesStoreTest, StateComparesBeforeItSets) {
  ask("pb.state/1:put", {{"key", "k"}, {"value", 1}});
  EXPECT_EQ(ask("pb.state/1:put", {{"key", "k"}, {"value", 2}, {"expected_version", 0}}).code,
            Code::conflict);
  EXPECT_EQ(ask("pb.state/1:put", {{"key", "k"}, {"value", 2}, {"expected_version", 1}}).code, Code::ok);
  EXPECT_EQ(ask("pb.state/1:put", {{"key", "k"}, {"value", nullptr}, {"expected_version", 1}}).code,
            Code::conflict);
  EXPECT_EQ(ask("pb.state/1:put", {{"key", "k"}, {"value", nullptr}, {"expected_version", 2}}).code,
            Code::ok);
  EXPECT_EQ(body_of(ask("pb.state/1:get", {{"key", "k"}}))["version"], 0);
}

TEST_F(ServicesStoreTest, StateBelongsToOneIntegration) {
  ask("pb.state/1:put", {{"key", "k"}, {"value", 1}});
  side_ = side_of(8);
  EXPECT_EQ(body_of(ask("pb.state/1:get", {{"key", "k"}}))["value"], nullptr);
}

TEST_F(ServicesStoreTest, StateRefusesWhatIsTooLargeOrUnnamed) {
  EXPECT_EQ(ask("pb.state/1:put", {{"key", "k"}, {"value", std::string(300'000, 'x')}}).code, Code::invalid);
  EXPECT_EQ(ask("pb.state/1:put", {{"key", ""}, {"value", 1}}).code, Code::invalid);
  EXPECT_EQ(ask("pb.state/1:put", {{"key", std::string("a\0b", 3)}, {"value", 1}}).code, Code::invalid);
  EXPECT_EQ(ask("pb.state/1:put", {{"key", "k"}}).code, Code::invalid);
}

TEST_F(ServicesStoreTest, SecretsAreReadAndAudited) {
  EXPECT_EQ(body_of(ask("pb.secrets/1:get", {{"name", "token"}}))["value"], "123:s3cret/value");
  EXPECT_EQ(ask("pb.secrets/1:get", {{"name", "nothing"}}).code, Code::not_found);
  EXPECT_EQ(ask("pb.secrets/1:get", {{"name", "a b"}}).code, Code::unsupported);
  const auto rows = store_->read_now(
      [](store::Session& s) { return s.query("select actor, action, object, detail from audit"); });
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].text(0), "plugin:acme");
  EXPECT_EQ(rows[0].text(1), "secret.read");
  EXPECT_EQ(rows[0].text(2), "integration:7");
  EXPECT_EQ(rows[0].text(3), "{\"name\":\"token\"}");
  side_->log(2, "token 123:s3cret/value", "");
  EXPECT_THAT(lines_, Not(HasSubstr("s3cret")));
}

TEST_F(ServicesStoreTest, SecretsThatAPluginFoundAreUsedAtOnce) {
  http_.answer(200);
  http_.answer(200);
  fetch({{"url", "https://api.example.org/{{secret:key}}"}});
  EXPECT_TRUE(
      ask("pb.secrets/1:put", {{"name", "key"}, {"value", "renewed"}, {"expires_at", "2099-01-01T00:00:00Z"}})
          .ok());
  EXPECT_EQ(told_, std::vector<std::string>{"renewed"});  // routes may check with it
  fetch({{"url", "https://api.example.org/{{secret:key}}"}});
  EXPECT_EQ(sent(1).url, "https://api.example.org/renewed");
  EXPECT_EQ(ask("pb.secrets/1:put", {{"name", "key"}, {"value", "x"}, {"expires_at", "tomorrow"}}).code,
            Code::invalid);
}

TEST_F(ServicesStoreTest, SecretsDoNotGrowWithoutEnd) {  // HOST-5
  for (int i = 0; i < 98; ++i)
    ask("pb.secrets/1:put", {{"name", "n" + std::to_string(i)}, {"value", "value"}});
  EXPECT_EQ(ask("pb.secrets/1:put", {{"name", "more"}, {"value", "value"}}).code, Code::invalid);
  EXPECT_TRUE(ask("pb.secrets/1:put", {{"name", "key"}, {"value", "renewed"}}).ok());
}

TEST_F(ServicesStoreTest, BlobsAreWrittenAndReadInPieces) {
  const auto id = body_of(ask("pb.blob/1:create", {{"name", "a"}, {"type", "text/plain"}}))["blob"];
  EXPECT_EQ(body_of(ask("pb.blob/1:write", {{"blob", id}, {"offset", 0}}, {"abc"}))["size"], 3);
  EXPECT_EQ(body_of(ask("pb.blob/1:write", {{"blob", id}, {"offset", 3}}, {"def"}))["size"], 6);
  const auto closed = body_of(ask("pb.blob/1:close", {{"blob", id}}));
  EXPECT_EQ(closed["size"], 6);
  EXPECT_EQ(closed["sha256"], "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721");
  const auto read = ask("pb.blob/1:read", {{"blob", id}, {"offset", 2}, {"length", 3}});
  EXPECT_THAT(read.message.blobs, ::testing::ElementsAre("cde"));
  EXPECT_EQ(body_of(read), json({{"name", "a"}, {"size", 6}, {"type", "text/plain"}}));
  EXPECT_EQ(ask("pb.blob/1:write", {{"blob", id}, {"offset", 6}}, {"x"}).code, Code::conflict);
}

TEST_F(ServicesStoreTest, BlobsOfOthersAreNotThere) {
  const auto id = body_of(ask("pb.blob/1:create", json::object()))["blob"];
  side_ = side_of(8);
  EXPECT_EQ(ask("pb.blob/1:read", {{"blob", id}, {"offset", 0}, {"length", 1}}).code, Code::not_found);
  EXPECT_EQ(ask("pb.blob/1:write", {{"blob", id}, {"offset", 0}}, {"x"}).code, Code::not_found);
  EXPECT_EQ(fetch({{"method", "POST"},
                   {"url", "https://api.example.org/"},
                   {"parts", {{{"name", "f"}, {"blob", id}}}}})
                .code,
            Code::not_found);
}

TEST_F(ServicesStoreTest, UploadedFilesAreReadByWhomTheyAreSentThrough) {
  store::Blob blob;
  blob.id = 99;
  store_->write_now([&](store::Session& session) {
    store::create_blob(session, blob);
    store::write_blob(session, blob.id, 0, "abc");
    store::close_blob(session, blob.id);
  });
  const json read = {{"blob", to_string_id(blob.id)}, {"offset", 0}, {"length", 3}};
  EXPECT_EQ(ask("pb.blob/1:read", read).code, Code::not_found);
  store_->write_now([&](store::Session& session) { store::let_read_blob(session, blob.id, 7); });
  EXPECT_THAT(ask("pb.blob/1:read", read).message.blobs, ::testing::ElementsAre("abc"));
  EXPECT_EQ(ask("pb.blob/1:write", {{"blob", to_string_id(blob.id)}, {"offset", 3}}, {"x"}).code,
            Code::denied);
  side_ = side_of(8);
  EXPECT_EQ(ask("pb.blob/1:read", read).code, Code::not_found);
}

// A file of this integration, as large as the table says.
Id keep(store::Store& store, Id id, Id integration, std::int64_t size) {
  store.write_now([&](store::Session& session) {
    store::Blob blob;
    blob.id = id;
    blob.integration = integration;
    store::create_blob(session, blob);
    session.exec("update blobs set size = :size where id = :id", {size, id});
  });
  return id;
}

TEST_F(ServicesStoreTest, WhatIsKeptForAPluginHasALimitAndRoomHeals) {  // HOST-5
  const auto large = keep(*store_, 99, 7, kStorage - 20'000);
  const auto id = body_of(ask("pb.blob/1:create", json::object()))["blob"];
  const json write = {{"blob", id}, {"offset", 0}};
  EXPECT_TRUE(ask("pb.blob/1:write", write, {"abc"}).ok());
  const auto refused = ask("pb.blob/1:write", write, {std::string(20'000, 'x')});
  EXPECT_EQ(refused.code, Code::rate_limited);
  EXPECT_GT(refused.retry_after.count(), 0);
  EXPECT_THAT(refused.text, HasSubstr("64 MiB (plugins.storage_mb)"));
  EXPECT_EQ(full_[7], refused.text);
  const json state = {{"key", "k"}, {"value", std::string(20'000, 'x')}};
  EXPECT_EQ(ask("pb.state/1:put", state).code, Code::rate_limited);
  EXPECT_TRUE(ask("pb.state/1:put", {{"key", "k"}, {"value", nullptr}}).ok()) << "less is always taken";
  side_ = side_of(8);
  EXPECT_TRUE(ask("pb.state/1:put", state).ok());
  side_ = side_of(7);
  // In use: it is not the plugin's any more.
  store_->write_now([&](store::Session& session) { store::keep_blob(session, large, 1); });
  EXPECT_TRUE(ask("pb.blob/1:write", write, {std::string(20'000, 'x')}).ok());
  EXPECT_TRUE(full_.empty());
}

TEST_F(ServicesStoreTest, StateAndEmptyFilesCountToo) {  // HOST-5
  keep(*store_, 99, 7, kStorage - 3 * Storage::kEachBlob);
  EXPECT_TRUE(ask("pb.blob/1:create", json::object()).ok());
  EXPECT_TRUE(ask("pb.state/1:put", {{"key", "k"}, {"value", std::string(3'000, 'x')}}).ok());
  EXPECT_EQ(ask("pb.blob/1:create", json::object()).code, Code::rate_limited);
  EXPECT_TRUE(ask("pb.state/1:put", {{"key", "k"}, {"value", nullptr}}).ok());
  EXPECT_TRUE(ask("pb.blob/1:create", json::object()).ok());
}

TEST_F(ServicesStoreTest, AnAnswerThatIsWrittenToAFileHasTheSameLimit) {  // HOST-5
  keep(*store_, 99, 7, kStorage - 3 * Storage::kEachBlob);
  http_.answer(200, std::string(10'000, 'x'));
  const json get = {{"url", "https://api.example.org/"}, {"response", {{"blob", true}}}};
  EXPECT_EQ(fetch(get).code, Code::rate_limited);
  http_.answer(200, std::string(100, 'x'));
  EXPECT_TRUE(fetch(get).ok());
  EXPECT_EQ(fetch(get).code, Code::rate_limited);
  EXPECT_EQ(http_.seen.size(), 2u) << "nothing is sent where there is no room";
}

TEST_F(ServicesStoreTest, WhatWasDoneAtTheProviderIsNotTakenForUndoneForWantOfRoom) {  // HOST-5
  keep(*store_, 99, 7, kStorage - 3 * Storage::kEachBlob);
  http_.answer(200, std::string(10'000, 'x'));
  const json post = {{"method", "POST"}, {"url", "https://api.example.org/"}, {"response", {{"blob", true}}}};
  EXPECT_EQ(fetch(post).code, Code::outcome_unknown);
}

TEST_F(ServicesStoreTest, BlobsRefuseWhatIsOutOfBounds) {
  const auto id = body_of(ask("pb.blob/1:create", json::object()))["blob"];
  EXPECT_EQ(ask("pb.blob/1:write", {{"blob", id}, {"offset", 0}}, {std::string(262'145, 'x')}).code,
            Code::invalid);
  EXPECT_EQ(ask("pb.blob/1:write", {{"blob", id}, {"offset", 9}}, {"x"}).code, Code::invalid);
  EXPECT_EQ(ask("pb.blob/1:write", {{"blob", id}, {"offset", -1}}, {"x"}).code, Code::invalid);
  EXPECT_EQ(ask("pb.blob/1:write", {{"blob", id}, {"offset", 0}}).code, Code::invalid);
  EXPECT_EQ(ask("pb.blob/1:read", {{"blob", id}, {"offset", 0}, {"length", 0}}).code, Code::invalid);
  EXPECT_EQ(ask("pb.blob/1:read", {{"blob", "x"}, {"offset", 0}, {"length", 1}}).code, Code::invalid);
}

}  // namespace
}  // namespace patchbay::plugin
