#include "store/impl/postgresql_values.hpp"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/utf8.hpp"

namespace patchbay::store {

namespace {

// Object ids of built-in types never change (PostgreSQL: pg_type.dat).
constexpr Oid kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kOid = 26,
              kFloat4 = 700, kFloat8 = 701, kByteaArray = 1001, kTextArray = 1009, kInt8Array = 1016,
              kFloat8Array = 1022, kNumeric = 1700;

template <class T>
void put(std::string& out, T number) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<unsigned char>(static_cast<std::uint64_t>(number) >> shift));
  }
}

template <class T>
std::string big_endian(T number) {
  std::string out;
  put(out, number);
  return out;
}

Oid element_oid(BulkInsert::Type type) {
  switch (type) {
    case BulkInsert::Type::integer:
      return kInt8;
    case BulkInsert::Type::real:
      return kFloat8;
    case BulkInsert::Type::text:
      return kText;
    case BulkInsert::Type::bytes:
      return kBytea;
  }
  return kText;
}

Oid array_oid(BulkInsert::Type type) {
  switch (type) {
    case BulkInsert::Type::integer:
      return kInt8Array;
    case BulkInsert::Type::real:
      return kFloat8Array;
    case BulkInsert::Type::text:
      return kTextArray;
    case BulkInsert::Type::bytes:
      return kByteaArray;
  }
  return kTextArray;
}

bool is_fit(const std::string& text) {
  return text.find('\0') == std::string::npos && is_valid_utf8(text);
}

void put_element(std::string& out, const Value& value) {
  const auto sized = [&out](const std::string& data) {
    put(out, static_cast<std::int32_t>(data.size()));
    out += data;
  };
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    put(out, std::int32_t{8});
    put(out, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    put(out, std::int32_t{8});
    put(out, std::bit_cast<std::uint64_t>(*real));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    is_fit(*text) ? sized(*text) : sized(repair_utf8(*text));
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    sized(bytes->data);
  } else {
    put(out, std::int32_t{-1});
  }
}

std::size_t column_size(const BulkInsert& insert, std::size_t column) {
  std::size_t size = 20 + insert.rows() * 12;
  for (std::size_t row = 0; row < insert.rows(); ++row) {
    const auto& value = insert.at(row, column);
    if (const auto* text = std::get_if<std::string>(&value)) size += text->size();
    if (const auto* bytes = std::get_if<Bytes>(&value)) size += bytes->data.size();
  }
  return size;
}

// array_recv: dimensions, whether nulls occur, element type, then length and lower bound of the one
// dimension.
void put_array(std::string& out, const BulkInsert& insert, std::size_t column) {
  out.clear();
  out.reserve(column_size(insert, column));
  put(out, std::int32_t{insert.rows() == 0 ? 0 : 1});
  put(out, std::int32_t{1});
  put(out, element_oid(insert.columns()[column].type));
  if (insert.rows() == 0) return;
  put(out, static_cast<std::int32_t>(insert.rows()));
  put(out, std::int32_t{1});
  for (std::size_t row = 0; row < insert.rows(); ++row) put_element(out, insert.at(row, column));
}

int hex_digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

// bytea_output is hex: \x0a1b.
std::string from_hex(const char* text, std::size_t size) {
  std::string out;
  if (size < 2) return out;
  out.resize((size - 2) / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<char>(hex_digit(text[2 + 2 * i]) << 4 | hex_digit(text[3 + 2 * i]));
  }
  return out;
}

Value number_value(const char* text, std::size_t size) {
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(text, text + size, whole);
  if (error == std::errc() && end == text + size) return whole;
  return std::strtod(text, nullptr);
}

}  // namespace

Parameters::Parameters(const Values& values) {
  owned_.reserve(values.size());
  for (const auto& value : values) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      const auto& data = owned_.emplace_back(big_endian(*number));
      add(kInt8, data.data(), data.size());
    } else if (const auto* real = std::get_if<double>(&value)) {
      const auto& data = owned_.emplace_back(big_endian(std::bit_cast<std::uint64_t>(*real)));
      add(kFloat8, data.data(), data.size());
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      add(kBytea, bytes->data.data(), bytes->data.size());
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      const auto& data = is_fit(*text) ? *text : owned_.emplace_back(repair_utf8(*text));
      add(0, data.data(), data.size());
    } else {
      add(0, nullptr, 0);
    }
  }
}

Parameters::Parameters(const BulkInsert& insert, std::vector<std::string>& buffers) {
  const auto columns = insert.columns().size();
  if (buffers.size() < columns) buffers.resize(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    put_array(buffers[i], insert, i);
    add(array_oid(insert.columns()[i].type), buffers[i].data(), buffers[i].size());
  }
}

// Type 0 (text, null): the server infers it from where the value goes, so text serves json columns too.
void Parameters::add(Oid type, const char* data, std::size_t size) {
  types_.push_back(type);
  pointers_.push_back(data);
  lengths_.push_back(static_cast<int>(size));
  formats_.push_back(type == 0 ? 0 : 1);
}

std::string Parameters::signature() const {
  std::string out;
  for (const auto type : types_) out += static_cast<char>('A' + type % 64);
  return out;
}

const char* array_element(BulkInsert::Type type) {
  switch (type) {
    case BulkInsert::Type::integer:
      return "bigint";
    case BulkInsert::Type::real:
      return "double precision";
    case BulkInsert::Type::text:
      return "text";
    case BulkInsert::Type::bytes:
      return "bytea";
  }
  return "text";
}

Value field_value(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate();
  const char* text = PQgetvalue(result, row, column);
  const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
  switch (PQftype(result, column)) {
    case kInt8:
    case kInt4:
    case kInt2:
    case kOid:
    case kNumeric:
      return number_value(text, size);
    case kFloat4:
    case kFloat8:
      return std::strtod(text, nullptr);
    case kBool:
      return std::int64_t{*text == 't' ? 1 : 0};
    case kBytea:
      return Bytes(from_hex(text, size));
    default:
      return std::string(text, size);
  }
}

}  // namespace patchbay::store
