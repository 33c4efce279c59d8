#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "domain/records/definition.hpp"
#include "domain/records/objects.hpp"
#include "domain/records/phone.hpp"
#include "domain/records/record.hpp"
#include "store/store.hpp"

namespace patchbay::domain::records {

// What editing records needs. All outlive it.
struct Tools {
  Tools(Objects& o, const Clock& c, IdMint& i) : objects(o), clock(c), ids(i) {}
  Objects& objects;
  const Clock& clock;
  IdMint& ids;
  // Of the installation, as it is now; any thread.
  std::function<Dialling()> home = [] { return Dialling(); };
};

// Whether an Editor refused something, so that the transaction is whole.
bool is_refusal(const Error& error);

// Makes and changes records within the caller's transaction, which commits all of it or nothing. Whatever it
// refuses it refuses before it writes anything: Error{invalid} with a diagnostic at /fields/<code>,
// Error{conflict} for a unique value that another record has, Error{not_found}. What it throws then leaves
// the transaction whole.
class Editor {
 public:
  Editor(store::Session& session, Tools& tools);

  // `fields`: values by code, as in Record::fields; null empties.
  Record create(const std::string& object, const nlohmann::json& fields, const Author& author,
                std::optional<Id> id = {});
  // Of what the host itself would put into a record: without fields that an admin has hidden and lookup
  // values that may not be chosen any more.
  nlohmann::json usable(const std::string& object, const nlohmann::json& fields);
  // The same record with its next version; as it was where nothing changes. `before` is held.
  Record change(const Record& before, const nlohmann::json& fields, const Author& author);
  void remove(const Record& record, const Author& author);
  // `other` goes into `kept`: what is empty there is filled, lists are joined, links to it and names
  // elsewhere follow, and from then on it answers as `kept`. Both are held.
  Record merge(const Record& kept, const Record& other, const Author& author);

  // The live record that an id stands for today, held; nothing for one that is not there or was removed.
  std::optional<Record> hold(const std::string& object, Id id);
  const Object& object(const std::string& code);

 private:
  using Findings = std::vector<Diagnostic>;
  struct Draft;
  Draft plan(const Object& object, const Record* before, const nlohmann::json& given, const Author& author);
  void check_targets(const Object& object, Draft& draft);
  nlohmann::json checked_link(const Field& field, const nlohmann::json& value, const std::string& at,
                              Findings& findings);
  static bool may_choose(const Lookup& lookup, const nlohmann::json& value);
  void check_lookup(const Field& field, const nlohmann::json& value, const std::string& at,
                    Findings& findings);
  void check_unique(const Object& object, Draft& draft);
  bool exists(const std::string& target, Id id);
  void write_keys(const Object& object, const Record* before, const Record& after);
  void note(const Record& after, const char* action, nlohmann::json changes);
  // In the journal.
  void tell(const char* what, const Record& record);
  std::string free_number(const Field& field);
  void redirect(const Record& kept, const Record& other, const Author& author);
  Record stamped(const Record& record, const Author& author) const;

  store::Session& session_;
  Tools& tools_;
  const std::int64_t now_;
  std::map<std::string, std::shared_ptr<const Object>> held_;
};

}  // namespace patchbay::domain::records
