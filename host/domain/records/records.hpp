#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "domain/records/editor.hpp"
#include "domain/records/objects.hpp"
#include "domain/records/query.hpp"
#include "domain/records/record.hpp"
#include "store/store.hpp"

namespace patchbay::domain::records {

// Who asks, and by what right.
struct Asker {
  Asker(Author author_, Id user_, bool may_all_)
      : author(std::move(author_)), user(user_), may_all(may_all_) {}
  Author author;
  Id user;       // whose rights count; 0: not a user
  bool may_all;  // whatever the object says: administrators and tokens
};

enum class Right { read, change };

// A record as it is shown.
struct Shown {
  Record record;
  std::vector<std::string> missing;  // required fields that hold nothing (REC-6)
  std::vector<ExternalName> names;   // elsewhere; of lists not read
};

struct Listing {
  std::vector<Shown> items;
  std::string next;  // empty: that was all. A page may have fewer items than its limit, and still a next one
};

// One record of a call that brings many; found by its name elsewhere.
struct Upsert {
  std::string external_id;
  nlohmann::json fields;
  std::optional<std::int64_t> version = std::nullopt;  // that is to be changed; 0: none is there
};

struct Upserted {
  std::string external_id;
  std::string outcome;  // created, changed, unchanged, refused
  std::optional<Shown> shown;
  std::optional<Error> error;
};

// Business records (REC-1, REC-2, REC-6). Any thread; all outlive it. Throws as Editor does,
// Error{not_found} for an object or a record that is not there, Error{denied} for whom the object does not
// let. `version`: the one that is to be changed (of a merge: what is kept); another one by then:
// Error{conflict} "domain.records.changed".
class Records {
 public:
  // Hears within the transaction in which a record is removed, or merged into `kept` (else null); for what
  // refers to records without being one.
  using Gone = std::function<void(store::Session&, const Record& gone, const Record* kept)>;

  Records(store::Store& store, Tools& tools) : store_(store), tools_(tools) {}
  // Before anything is removed or merged.
  void on_gone(Gone hear) { gone_.push_back(std::move(hear)); }

  // Looks at a bounded number of records, however many there are.
  boost::asio::awaitable<Listing> list(std::string object, Query query, Asker who);
  boost::asio::awaitable<Shown> get(std::string object, Id id, Asker who);
  boost::asio::awaitable<std::optional<Shown>> named(std::string object, ExternalName name, Asker who);
  boost::asio::awaitable<std::vector<Change>> history(std::string object, Id id, Asker who, Id after,
                                                      std::size_t limit);

  boost::asio::awaitable<Shown> create(std::string object, nlohmann::json fields, Asker who);
  boost::asio::awaitable<Shown> change(std::string object, Id id, nlohmann::json fields,
                                       std::optional<std::int64_t> version, Asker who);
  // Those that link to it keep the link.
  boost::asio::awaitable<void> remove(std::string object, Id id, std::optional<std::int64_t> version,
                                      Asker who);
  boost::asio::awaitable<Shown> merge(std::string object, Id kept, Id other, Asker who,
                                      std::optional<std::int64_t> version = {});
  // At most kMostUpserts, each by itself: what is refused stops no other. They come from outside.
  boost::asio::awaitable<std::vector<Upserted>> upsert(std::string object, std::string source,
                                                       std::vector<Upsert> items, Asker who);

  // Within the caller's transaction, without rights.
  Record merge_in(store::Session& session, const std::string& object, Id kept, Id other, const Author& author,
                  std::optional<std::int64_t> version = {});
  // The same: Error{denied} for whom the object does not let.
  void require(store::Session& session, const std::string& object, const Asker& who, Right right);

  static constexpr std::size_t kMostUpserts = 500;

 private:
  Upserted upsert_one(Editor& editor, store::Session& session, const std::string& object,
                      const std::string& source, const Upsert& item, const Author& author);

  store::Store& store_;
  Tools& tools_;
  std::vector<Gone> gone_;
};

}  // namespace patchbay::domain::records
