#include <libpq-fe.h>

#include <soci/postgresql/soci-postgresql.h>
#include <soci/session.h>

#include "store/bulk_insert.hpp"
#include "store/impl/connection.hpp"
#include "store/impl/postgresql_link.hpp"
#include "store/impl/postgresql_values.hpp"
#include "store/impl/statement_text.hpp"

namespace patchbay::store {

namespace {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

constexpr const char* kConnectionFailure = "08006";

bool begins_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

class PostgresqlConnection final : public Connection {
 public:
  explicit PostgresqlConnection(std::string url) : url_(with_limits(std::move(url))) {}
  ~PostgresqlConnection() override { close(); }

  Dialect dialect() const override { return Dialect::postgresql; }

  void begin(Mode mode) override {
    open();
    lost_ = nullptr;
    later_.clear();
    mode_ = mode;
    // Goes out with the first statement.
    if (mode != Mode::single)
      later_.emplace_back(mode == Mode::write ? "begin" : "begin isolation level repeatable read read only",
                          Values());
  }

  void commit() override {
    guarded([&] {
      if (mode_ == Mode::single) return;
      send_later();
      try {
        command("commit");
      } catch (const ConnectionLost& lost) {
        throw unavailable(lost.reason);  // it may have committed: not for us to repeat
      }
    });
  }

  void rollback() noexcept override {
    if (connection_ == nullptr) return;
    if (PQtransactionStatus(connection_) == PQTRANS_IDLE) return;
    const Result result(PQexec(connection_, "rollback"));
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) close();
  }

  void close() noexcept override {
    statements_.clear();
    session_.reset();
    connection_ = nullptr;
  }

  std::int64_t exec(std::string_view sql, Values values) override {
    return guarded([&]() -> std::int64_t {
      const auto result = run(sql, values);
      const char* tuples = PQcmdTuples(result.get());
      return *tuples == '\0' ? 0 : std::strtoll(tuples, nullptr, 10);
    });
  }

  void later(std::string_view sql, Values values) override {
    guarded([&] { later_.emplace_back(std::string(sql), std::move(values)); });
  }

  std::vector<Row> query(std::string_view sql, Values values) override {
    return guarded([&] { return rows_of(run(sql, values)); });
  }

  std::vector<std::vector<Row>> query_each(std::string_view sql, std::vector<Values> all) override {
    return guarded([&] {
      std::vector<std::vector<Row>> answers;
      if (all.empty()) return answers;
      const auto before = later_.size();
      for (auto& values : all) later_.emplace_back(std::string(sql), std::move(values));
      const auto results = pipeline(nullptr, nullptr);
      answers.reserve(all.size());
      for (auto i = before; i < results.size(); ++i) answers.push_back(rows_of(results[i]));
      return answers;
    });
  }

  std::vector<std::int64_t> insert_new(const BulkInsert& insert) override {
    return guarded([&] {
      const auto sql = bulk_sql(insert);
      const Parameters parameters(insert, arrays_);
      const auto result = execute(sql, parameters);
      std::vector<std::int64_t> ids;
      const int count = PQntuples(result.get());
      ids.reserve(static_cast<std::size_t>(count));
      for (int row = 0; row < count; ++row)
        ids.push_back(std::strtoll(PQgetvalue(result.get(), row, 0), nullptr, 10));
      return ids;
    });
  }

  void script(const std::string& sql) override {
    guarded([&] {
      send_later();
      check(Result(PQexec(connection_, sql.c_str())), sql);
    });
  }

 private:
  struct Kept {
    StatementText text;
    BySql<std::string> names;  // of prepared statements, by the types of their values
  };

  static std::string bulk_sql(const BulkInsert& insert) {
    std::string sql = insert.head() + " select * from unnest(";
    for (std::size_t i = 0; i < insert.columns().size(); ++i) {
      sql += "cast(:c" + std::to_string(i) + " as " + array_element(insert.columns()[i].type) + "[]),";
    }
    sql.back() = ')';
    return sql + insert.tail() + " returning " + insert.columns().front().name;
  }

  void open() {
    if (connection_ != nullptr && PQstatus(connection_) == CONNECTION_OK) return;
    close();
    try {
      session_ = std::make_unique<soci::session>(soci::postgresql, url_);
    } catch (const soci::soci_error& error) {
      throw unavailable(trimmed(error.get_error_message().c_str()));
    }
    connection_ = static_cast<soci::postgresql_session_backend*>(session_->get_backend())->conn_;
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
    command("set client_encoding = 'UTF8'; set bytea_output = 'hex'; set statement_timeout = '60s'");
  }

  void command(const char* sql) { check(Result(PQexec(connection_, sql)), sql); }

  Result run(std::string_view sql, const Values& values) {
    const Parameters parameters(values);
    return execute(sql, parameters);
  }

  void send_later() {
    if (!later_.empty()) pipeline(nullptr, nullptr);
  }

  Result execute(std::string_view sql, const Parameters& parameters) {
    const auto name = prepared(sql, parameters);
    if (!later_.empty()) {
      auto result = std::move(pipeline(&name, &parameters).back());
      check(result, sql);
      return result;
    }
    Result result(PQexecPrepared(connection_, name.c_str(), parameters.count(), parameters.data(),
                                 parameters.lengths(), parameters.formats(), 0));
    check(result, sql);
    return result;
  }

  static std::vector<Row> rows_of(const Result& result) {
    const int columns = PQnfields(result.get());
    const int count = PQntuples(result.get());
    std::vector<Row> rows;
    rows.reserve(static_cast<std::size_t>(count));
    for (int row = 0; row < count; ++row) {
      std::vector<Value> fields;
      fields.reserve(static_cast<std::size_t>(columns));
      for (int i = 0; i < columns; ++i) fields.push_back(field_value(result.get(), row, i));
      rows.emplace_back(std::move(fields));
    }
    return rows;
  }

  // What was put off, and then the statement `name` if there is one, in one round trip: their results. The
  // first of those put off that fails is thrown; the server runs none of those behind it.
  // https://www.postgresql.org/docs/15/libpq-pipeline-mode.html
  std::vector<Result> pipeline(const std::string* name, const Parameters* parameters) {
    const auto statements = std::exchange(later_, {});
    std::vector<Parameters> values;
    std::vector<std::string> names;
    values.reserve(statements.size());
    for (const auto& [sql, given] : statements) names.push_back(prepared(sql, values.emplace_back(given)));
    bool sent = PQenterPipelineMode(connection_) == 1;
    for (std::size_t i = 0; sent && i < names.size(); ++i) sent = send(names[i], values[i]);
    if (sent && name != nullptr) sent = send(*name, *parameters);
    if (!sent || PQpipelineSync(connection_) != 1) lost_in_pipeline();
    std::vector<Result> answers;
    const auto sent_ones = names.size() + (name == nullptr ? 0 : 1);
    answers.reserve(sent_ones);
    while (answers.size() < sent_ones) answers.push_back(answer());
    const Result end(PQgetResult(connection_));
    if (PQexitPipelineMode(connection_) != 1 && PQstatus(connection_) == CONNECTION_OK) lost_in_pipeline();
    for (std::size_t i = 0; i < statements.size(); ++i) check(answers[i], statements[i].first);
    return answers;
  }

  // A connection that is neither in nor out of a pipeline is of no use.
  [[noreturn]] void lost_in_pipeline() {
    const auto reason = trimmed(PQerrorMessage(connection_));
    close();
    raise(kConnectionFailure, reason, "");
  }

  // Of one statement in a pipeline: its result, then nothing.
  Result answer() {
    Result result(PQgetResult(connection_));
    while (const Result more = Result(PQgetResult(connection_))) {
    }
    return result;
  }

  bool send(const std::string& name, const Parameters& parameters) {
    return PQsendQueryPrepared(connection_, name.c_str(), parameters.count(), parameters.data(),
                               parameters.lengths(), parameters.formats(), 0) == 1;
  }

  const std::string& prepared(std::string_view sql, const Parameters& parameters) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
      if (statements_.size() >= kMaxStatements) forget_statements();
      Kept kept;
      kept.text = translate(sql, Dialect::postgresql);
      found = statements_.emplace(std::string(sql), std::move(kept)).first;
    }
    auto& kept = found->second;
    check_count(kept.text, static_cast<std::size_t>(parameters.count()));
    const auto signature = parameters.signature();
    if (const auto known = kept.names.find(signature); known != kept.names.end()) return known->second;
    const auto name = "s" + std::to_string(++prepared_);
    check(Result(PQprepare(connection_, name.c_str(), kept.text.sql.c_str(), parameters.count(),
                           parameters.types())),
          sql);
    return kept.names.emplace(signature, name).first->second;
  }

  void forget_statements() {
    statements_.clear();
    const Result result(PQexec(connection_, "deallocate all"));
  }

  void check(const Result& result, std::string_view sql) {
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
    const char* state_text = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const std::string state = state_text == nullptr ? "" : state_text;
    const char* primary = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    const auto reason = trimmed(primary != nullptr ? primary : PQerrorMessage(connection_));
    raise(state, reason, sql);
  }

  // By SQLSTATE: https://www.postgresql.org/docs/15/errcodes-appendix.html
  [[noreturn]] void raise(const std::string& state, const std::string& reason, std::string_view sql) {
    if (PQstatus(connection_) == CONNECTION_BAD || begins_with(state, "57P0")) {
      close();
      if (mode_ == Mode::single) throw unavailable(reason);  // it may have committed: not for us to repeat
      throw ConnectionLost(reason);
    }
    if (state == "40001" || state == "40P01") throw Repeat(reason);
    if (state == "26000" || (state == "0A000" && reason.find("cached plan") != std::string::npos)) {
      close();  // the schema has changed under a prepared statement
      throw ConnectionLost(reason);
    }
    if (begins_with(state, "23")) throw constraint(reason);
    if (state == "25006" && mode_ == Mode::read) throw failed(reason, sql);
    for (const char* away : {"08", "25006", "53", "57", "58"}) {
      if (begins_with(state, away)) throw unavailable(reason);
    }
    throw failed(reason, sql);
  }

  const std::string url_;
  std::unique_ptr<soci::session> session_;
  PGconn* connection_ = nullptr;
  BySql<Kept> statements_;
  std::uint64_t prepared_ = 0;
  std::vector<std::pair<std::string, Values>> later_;
  std::vector<std::string> arrays_;
  Mode mode_ = Mode::read;
};

}  // namespace

std::unique_ptr<Connection> make_postgresql_connection(std::string url) {
  return std::make_unique<PostgresqlConnection>(std::move(url));
}

}  // namespace patchbay::store
