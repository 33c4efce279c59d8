#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.hpp"
#include "base/task_scope.hpp"
#include "port/connection.hpp"
#include "port/local.hpp"
#include "upstream.hpp"

namespace patchbay::worker {

// What the worker is started for.
class Order {
 public:
  std::filesystem::path library;
  std::string id;
  std::string version;
  std::string sdk;  // empty: any
  int parent = 0;   // process that started us
  bool blocking = false;
  bool sandbox = true;
  std::uint64_t memory = 0;  // bytes that the host allows; 0: no limit
};

// The talk with the host. Frames and pings are handled on the executor of the wire, so that a plugin that
// holds its strand is told apart from a dead process; everything of the plugin runs on the other one. When
// the wire ends the process leaves with _exit, so that no destructor of the plugin runs.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::any_io_executor wire, boost::asio::any_io_executor plugin, Clock& clock, int socket);

  // Opens the library on the calling thread and says hello, or says why not.
  void start(const Order& order);
  // Instead of start(): says why there will be no plugin, and ends.
  void refuse(const Error& error);

 private:
  struct Open {
    std::shared_ptr<port::Instance> instance;
    std::uint64_t number = 0;
  };

  void listen();
  void say_bye(const Error& error);
  void on_frame(port::wire::Frame frame);
  void open(std::uint32_t number, std::string plugin_id);
  boost::asio::awaitable<void> open_one(std::uint32_t number, std::string plugin_id);
  void call(port::wire::Frame frame);
  void cancel(std::uint64_t id);
  void reply(port::wire::Frame frame);
  void close(std::uint32_t number);
  boost::asio::awaitable<void> close_one(std::uint32_t number, std::shared_ptr<port::Instance> instance);

  const boost::asio::any_io_executor wire_executor_;
  const boost::asio::any_io_executor plugin_executor_;
  Clock& clock_;
  TaskScope tasks_;
  const std::shared_ptr<port::Connection> wire_;
  std::shared_ptr<port::Port> port_;

  std::mutex mutex_;  // guards what follows
  std::map<std::uint32_t, std::shared_ptr<port::Instance>> instances_;
  std::map<std::uint32_t, std::shared_ptr<Upstream>> upstreams_;
  std::unordered_map<std::uint64_t, Open> open_;  // by the host's number
};

}  // namespace patchbay::worker
