#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "domain/records/definition.hpp"
#include "store/store.hpp"

namespace patchbay::domain::records {

// The tables of objects, their fields and lookups, in the caller's transaction.
class DefinitionTable {
 public:
  explicit DefinitionTable(store::Session& session) : session_(session) {}

  enum class Hold { none, share, alone };  // until the transaction ends
  std::optional<std::int64_t> object_version(const std::string& code, Hold hold);
  std::optional<Object> object(const std::string& code);
  std::vector<std::string> object_codes();
  // False: there is one with that code.
  bool insert(const Object& object);
  void update(const Object& object);
  void remove_object(const std::string& code);

  // Gives ids to what has none; `fill`: keys of records that are there are to be written.
  void add_fields(const Object& object, IdMint& ids, bool fill);
  void fill_again(Id field);
  struct Filling {
    Id field = 0;
    std::string object;
    std::string code;
    Id filled_to = 0;
  };
  // One whose keys are to be written; with `field`: that one, if so.
  std::optional<Filling> filling();
  bool is_filling(Id field);
  // Nobody else fills it until the transaction ends.
  std::optional<Filling> hold_filling(Id field);
  void set_filled(Id field, std::optional<Id> to);

  // A key that two records have; nothing when each has its own.
  bool has_doubles(Id field);
  void make_unique(Id field);
  void end_unique(Id field);

  std::optional<std::int64_t> lookup_version(const std::string& code);
  std::optional<Lookup> lookup(const std::string& code);
  std::vector<std::string> lookup_codes();
  bool insert(const Lookup& lookup);
  // False: it is another version by now.
  bool update(const Lookup& lookup, std::int64_t former);
  void remove_lookup(const std::string& code);
  // Whether a record holds this value of a field.
  bool is_used(Id field, const std::string& value);
  bool has_records(const std::string& object);

 private:
  store::Session& session_;
};

// The codes under which those are kept that are no fields.
inline constexpr const char* kWords = "*";
inline constexpr const char* kUpdatedAt = "updated_at";

}  // namespace patchbay::domain::records
