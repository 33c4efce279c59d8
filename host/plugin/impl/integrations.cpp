#include "plugin/integrations.hpp"

namespace patchbay::plugin {
namespace {

constexpr std::string_view kColumns =
    "id, plugin, version, name, settings, state, reason_code, reason_text, identity, title, remote_state, "
    "profile, owner, "
    "visibility, created_at, updated_at, setup_version, notice, setup, declared, consent_at";

std::string select(std::string_view rest) {
  return "select " + std::string(kColumns) + " from integrations " + std::string(rest);
}

Integration from_row(const store::Row& row) {
  Integration out;
  out.id = row.integer(0);
  out.plugin = row.text(1);
  out.version = row.text(2);
  out.name = row.text(3);
  out.settings = row.text(4);
  out.state = parse_state(row.text(5)).value_or(State::draft);
  out.reason_code = row.text(6);
  out.reason_text = row.text(7);
  out.identity = row.text(8);
  out.title = row.text(9);
  out.remote_state = row.text(10);
  out.profile = row.maybe_integer(11);
  out.owner = row.maybe_integer(12);
  out.visibility = row.text(13);
  out.created_at = row.integer(14);
  out.updated_at = row.integer(15);
  out.setup_version = static_cast<int>(row.integer(16));
  out.notice = row.text(17);
  out.setup = row.text(18);
  out.declared = row.maybe_text(19);
  out.consent_at = row.maybe_integer(20);
  return out;
}

std::vector<Integration> from_rows(const std::vector<store::Row>& rows) {
  std::vector<Integration> out;
  for (const auto& row : rows) out.push_back(from_row(row));
  return out;
}

std::optional<Integration> from_row(const std::optional<store::Row>& row) {
  if (!row) return std::nullopt;
  return from_row(*row);
}

std::string name_of(State state) {
  return std::string(state_name(state));
}

}  // namespace

void Integrations::insert(store::Session& session, const Integration& i) const {
  session.exec("insert into integrations (" + std::string(kColumns) +
                   ") values (:id, :plugin, :version, :name, :settings, :state, :reason_code, :reason_text, "
                   ":identity, :title, "
                   ":remote_state, :profile, :owner, :visibility, :created_at, :updated_at, :setup_version, "
                   ":notice, :setup, "
                   ":declared, :consent_at)",
               {i.id,
                i.plugin,
                i.version,
                i.name,
                i.settings,
                name_of(i.state),
                i.reason_code,
                i.reason_text,
                i.identity,
                i.title,
                i.remote_state,
                store::nullable(i.profile),
                store::nullable(i.owner),
                i.visibility,
                i.created_at,
                i.updated_at,
                std::int64_t{i.setup_version},
                i.notice,
                i.setup,
                store::nullable(i.declared),
                store::nullable(i.consent_at)});
}

std::optional<Integration> Integrations::find(store::Session& session, Id id) const {
  return from_row(session.query_one(select("where id = :id"), {id}));
}

std::vector<Integration> Integrations::list(store::Session& session, Id after, std::int64_t limit) const {
  return from_rows(session.query(select("where id > :after order by id limit :limit"), {after, limit}));
}

std::vector<Integration> Integrations::connected(store::Session& session) const {
  return from_rows(session.query(select("where state not in ('draft', 'inactive') order by id")));
}

void Integrations::set_settings(store::Session& session, const Integration& i) const {
  session.exec(
      "update integrations set name = :name, settings = :settings, profile = :profile, version = :version, "
      "setup_version = :setup_version, updated_at = :at where id = :id",
      {i.name, i.settings, store::nullable(i.profile), i.version, std::int64_t{i.setup_version}, i.updated_at,
       i.id});
}

void Integrations::set_state(store::Session& session, const Integration& i) const {
  session.exec(
      "update integrations set state = :state, reason_code = :code, reason_text = :text, identity = "
      ":identity, "
      "title = :title, name = :name, version = :version, notice = :notice, updated_at = :at where id = :id",
      {name_of(i.state), i.reason_code, i.reason_text, i.identity, i.title, i.name, i.version, i.notice,
       i.updated_at, i.id});
}

void Integrations::set_remote(store::Session& session, const Integration& i) const {
  session.exec("update integrations set remote_state = :remote where id = :id", {i.remote_state, i.id});
}

void Integrations::set_setup(store::Session& session, Id id, const std::string& setup,
                             std::int64_t now) const {
  session.exec("update integrations set setup = :setup, updated_at = :now where id = :id", {setup, now, id});
}

void Integrations::set_consent(store::Session& session, Id id, std::optional<std::int64_t> at) const {
  session.exec("update integrations set consent_at = :at where id = :id", {store::nullable(at), id});
}

void Integrations::set_declared(store::Session& session, Id id,
                                const std::optional<std::string>& name) const {
  session.exec("update integrations set declared = :name where id = :id", {store::nullable(name), id});
}

std::vector<Integration> Integrations::declared(store::Session& session) const {
  return from_rows(session.query(select("where declared is not null order by id")));
}

std::vector<Id> Integrations::old_drafts(store::Session& session, std::int64_t before) const {
  std::vector<Id> out;
  for (const auto& row : session.query("select id from integrations where state = 'draft' and declared is "
                                       "null and updated_at < :before order by id limit 100",
                                       {before}))
    out.push_back(row.integer(0));
  return out;
}

void Integrations::set_notice(store::Session& session, Id id, const std::string& notice) const {
  session.exec("update integrations set notice = :notice where id = :id", {notice, id});
}

void Integrations::keep_copy(store::Session& session, const Copy& copy, std::int64_t now) const {
  session.exec(
      "insert into integration_copies(integration, version, setup_version, settings, checkpoints, made_at) "
      "values (:id, "
      ":version, :setup_version, :settings, :checkpoints, :at) on conflict (integration) do update set "
      "version = "
      "excluded.version, setup_version = excluded.setup_version, settings = excluded.settings, checkpoints = "
      "excluded.checkpoints, made_at = excluded.made_at",
      {copy.integration, copy.version, std::int64_t{copy.setup_version}, copy.settings, copy.checkpoints,
       now});
}

std::optional<Copy> Integrations::copy_of(store::Session& session, Id id) const {
  const auto row = session.query_one(
      "select version, setup_version, settings, checkpoints from integration_copies where integration = :id",
      {id});
  if (!row) return std::nullopt;
  Copy copy;
  copy.integration = id;
  copy.version = row->text(0);
  copy.setup_version = static_cast<int>(row->integer(1));
  copy.settings = row->text(2);
  copy.checkpoints = row->text(3);
  return copy;
}

bool Integrations::any_of(store::Session& session, std::string_view plugin) const {
  return session
      .query_one("select id from integrations where plugin = :plugin limit 1", {std::string(plugin)})
      .has_value();
}

void Integrations::remove(store::Session& session, Id id) const {
  session.exec("delete from integrations where id = :id", {id});
}

void Integrations::touch(store::Session& session, Id id, Id by) const {
  session.later("update integrations set revision = revision + 1, changed_by = :by where id = :id", {by, id});
}

std::vector<Revision> Integrations::revisions(store::Session& session) const {
  std::vector<Revision> out;
  for (const auto& row : session.query("select id, revision, changed_by, cast(case when claim is not null or "
                                       "state not in ('draft', 'inactive') then "
                                       "1 else 0 end as bigint) from integrations")) {
    Revision revision;
    revision.integration = row.integer(0);
    revision.number = row.integer(1);
    revision.changed_by = row.integer(2);
    revision.open = row.integer(3) != 0;
    out.push_back(revision);
  }
  return out;
}

bool Integrations::claim(store::Session& session, const Integration& i) const {
  if (const auto other = holder(session, i.plugin, i.identity); other && other->id != i.id) return false;
  session.exec("update integrations set claim = :claim where id = :id", {i.identity, i.id});
  return true;
}

void Integrations::release(store::Session& session, Id id) const {
  session.exec("update integrations set claim = null where id = :id", {id});
}

std::optional<Integration> Integrations::holder(store::Session& session, std::string_view plugin,
                                                std::string_view identity) const {
  return from_row(session.query_one(select("where plugin = :plugin and claim = :claim"),
                                    {std::string(plugin), std::string(identity)}));
}

}  // namespace patchbay::plugin
