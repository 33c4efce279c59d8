#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "web/http_message.hpp"

namespace patchbay::web {

// One part of a form (RFC 7578).
class FormPart {
 public:
  std::string name;
  std::optional<std::string> file_name;  // the last component only, valid UTF-8; nothing: a plain field
  std::string type;                      // Content-Type, or empty
};

// The boundary of a "multipart/form-data; boundary=..." type; nothing for any other type.
std::optional<std::string> multipart_boundary(std::string_view content_type);

// Pure parser of multipart/form-data that comes in pieces: what is put in comes out as events. Holds at most
// one header and one delimiter between two pieces. Throws StatusError 400 for what is no such body. One
// thread at a time.
class MultipartParser {
 public:
  struct Event {
    enum class Kind { begin, data, end };
    Event(Kind kind_, FormPart part_, std::string data_)
        : kind(kind_), part(std::move(part_)), data(std::move(data_)) {}
    Kind kind;
    FormPart part;     // of `begin`
    std::string data;  // of `data`, never empty
  };

  explicit MultipartParser(std::string_view boundary);

  void feed(std::string_view piece);
  // The body has ended. Throws when its closing boundary has not come.
  void finish() const;
  std::optional<Event> next();

 private:
  enum class State { preamble, boundary, header, data, done };
  bool step();
  bool step_boundary();
  bool step_header();
  bool step_data();
  void emit(Event::Kind kind, FormPart part, std::string data);

  const std::string delimiter_;  // "\r\n--boundary"
  State state_ = State::preamble;
  std::string buffer_ = "\r\n";  // so that the first delimiter looks like the others
  std::size_t parts_ = 0;
  std::deque<Event> events_;
};

// The form of one request, part by part, whatever its size. Used inside the handler.
class MultipartReader {
 public:
  // `request` outlives the reader. Throws StatusError 415 when its type is another.
  explicit MultipartReader(Request& request);

  // The next part; what was not read of the one before is skipped. Nothing at the end.
  boost::asio::awaitable<std::optional<FormPart>> next();
  // The next piece of the part, empty at its end.
  boost::asio::awaitable<std::string> data();

 private:
  boost::asio::awaitable<std::optional<MultipartParser::Event>> event();

  Request& request_;
  MultipartParser parser_;
  bool started_ = false;
  bool inside_ = false;
};

}  // namespace patchbay::web
