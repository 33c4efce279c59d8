#include "store/blobs.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "crypto/encoding.hpp"
#include "support/databases.hpp"
#include "support/wait.hpp"

namespace patchbay::store {
namespace {

namespace asio = boost::asio;

std::string noise(std::size_t size) {
  std::string out(size, '\0');
  unsigned state = 12345;
  for (auto& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return out;
}

std::string sha256_of(const std::string& data) {
  return crypto::to_hex(crypto::digest(crypto::Hash::sha256, data));
}

Blob named(Id id, std::int64_t created_at = 0) {
  Blob blob;
  blob.id = id;
  blob.name = "photo.jpg";
  blob.type = "image/jpeg";
  blob.created_at = created_at;
  return blob;
}

class BlobsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  std::string all_of(Id id, std::int64_t step) {
    std::string out;
    store->read_now([&](Session& s) {
      for (auto part = read_blob(s, id, 0, step); !part.empty();) {
        out += part;
        part = read_blob(s, id, static_cast<std::int64_t>(out.size()), step);
      }
    });
    return out;
  }
  bool exists(Id id) {
    return store->read_now([id](Session& s) { return find_blob(s, id).has_value(); });
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<Store> store = database.open();
};
PB_ON_BOTH_DATABASES(BlobsTest);

TEST_P(BlobsTest, gives_back_what_was_written_across_pieces) {
  const auto data = noise(600 * 1000);
  const auto closed = store->write_now([&](Session& s) {
    create_blob(s, named(1));
    write_blob(s, 1, 0, std::string_view(data).substr(0, 100));
    EXPECT_EQ(write_blob(s, 1, 100, std::string_view(data).substr(100)), 600 * 1000);
    return close_blob(s, 1);
  });
  EXPECT_EQ(closed.size, 600 * 1000);
  EXPECT_EQ(closed.sha256, sha256_of(data));
  EXPECT_EQ(all_of(1, 100 * 1000), data);
}

TEST_P(BlobsTest, takes_a_repeated_write_as_the_same_write) {
  const auto data = noise(1000);
  store->write_now([&](Session& s) {
    create_blob(s, named(1));
    write_blob(s, 1, 0, data);
    EXPECT_EQ(write_blob(s, 1, 500, std::string_view(data).substr(500)), 1000);
    EXPECT_EQ(close_blob(s, 1).sha256, sha256_of(data));
    EXPECT_EQ(close_blob(s, 1).sha256, sha256_of(data));
  });
}

TEST_P(BlobsTest, refuses_gaps_and_writes_after_the_end) {
  const auto write = [this](std::int64_t offset, const char* id) {
    try {
      store->write_now([&](Session& s) { write_blob(s, 1, offset, "x"); });
      ADD_FAILURE() << id;
    } catch (const Error& error) {
      EXPECT_EQ(error.text().id(), id);
    }
  };
  write(0, "store.blob_missing");
  store->write_now([](Session& s) { create_blob(s, named(1)); });
  write(1, "store.blob_gap");
  write(-1, "store.blob_gap");
  store->write_now([](Session& s) { close_blob(s, 1); });
  write(0, "store.blob_closed");
}

TEST_P(BlobsTest, reads_nothing_beyond_the_end) {
  store->write_now([](Session& s) {
    create_blob(s, named(1));
    write_blob(s, 1, 0, "abc");
  });
  store->read_now([](Session& s) {
    EXPECT_EQ(read_blob(s, 1, 1, 1000), "bc");
    EXPECT_EQ(read_blob(s, 1, 3, 10), "");
    EXPECT_EQ(read_blob(s, 1, 99, 10), "");
    EXPECT_EQ(read_blob(s, 1, -5, 2), "ab");
    EXPECT_EQ(read_blob(s, 1, 0, -1), "");
  });
  EXPECT_THROW(store->read_now([](Session& s) { return read_blob(s, 2, 0, 1); }), Error);
}

TEST_P(BlobsTest, sweeps_old_blobs_that_nothing_uses) {
  store->write_now([](Session& s) {
    s.script("create table uses(id bigint primary key, blob bigint references blobs(id))");
    for (const Id id : {1, 2, 3}) create_blob(s, named(id, id == 3 ? 5000 : 1000));
    write_blob(s, 1, 0, "abc");
    s.exec("insert into uses(id, blob) values (1, 2), (2, null)");
    EXPECT_EQ(sweep_blobs(s, 4000, 4000, {BlobUse("uses", "blob")}), 1);
  });
  EXPECT_FALSE(exists(1));
  EXPECT_TRUE(exists(2));
  EXPECT_TRUE(exists(3));
  const auto pieces = store->read_now([](Session& s) { return s.query("select piece from blob_pieces"); });
  EXPECT_TRUE(pieces.empty());
}

TEST_P(BlobsTest, keeps_as_long_as_was_said) {  // N14
  const auto swept = [&](std::int64_t now) {
    return store->write_now([now](Session& s) { return sweep_blobs(s, 4000, now, {}); });
  };
  store->write_now([](Session& s) {
    create_blob(s, named(1));
    keep_blob(s, 1, 9000);
    keep_blob(s, 1, 6000);
  });
  EXPECT_EQ(swept(8999), 0);
  EXPECT_EQ(swept(9000), 1);
}

TEST_P(BlobsTest, a_blob_goes_with_its_pieces_and_readers) {
  store->write_now([](Session& s) {
    create_blob(s, named(1));
    write_blob(s, 1, 0, "abc");
    let_read_blob(s, 1, 7);
    s.exec("delete from blobs where id = 1");
    EXPECT_TRUE(s.query("select piece from blob_pieces").empty());
    EXPECT_TRUE(s.query("select blob from blob_readers").empty());
  });
}

asio::awaitable<Blob> stream(Store& store, const std::string& data, std::size_t step) {
  BlobWriter writer(store, named(7));
  for (std::size_t at = 0; at < data.size(); at += step) {
    auto part = data.substr(at, step);
    co_await writer.write(std::move(part));
  }
  EXPECT_EQ(writer.size(), static_cast<std::int64_t>(data.size()));
  co_return co_await writer.close();
}

TEST_P(BlobsTest, writes_streams) {
  const auto data = noise(700 * 1000);
  for (const auto& content : {data, std::string()}) {
    const auto blob = support::wait(stream(*store, content, 64 * 1000));
    EXPECT_EQ(blob.size, static_cast<std::int64_t>(content.size()));
    EXPECT_EQ(blob.sha256, sha256_of(content));
    EXPECT_TRUE(blob.ready);
    EXPECT_EQ(all_of(7, kBlobPiece), content);
    store->write_now([](Session& s) { s.exec("delete from blobs where id = 7"); });
  }
}

}  // namespace
}  // namespace patchbay::store
