#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace patchbay::store {

// Copies what stands in the write-ahead log into the database file while the writer goes on, so that no
// commit has to wait for it. A log that grows all the same is cut by the writer (SqliteConnection).
class SqliteCheckpointer {
 public:
  explicit SqliteCheckpointer(std::string path);
  ~SqliteCheckpointer();
  SqliteCheckpointer(const SqliteCheckpointer&) = delete;
  SqliteCheckpointer& operator=(const SqliteCheckpointer&) = delete;

  // The log has so many pages now. Any thread; returns at once.
  void grown(int pages);

 private:
  void run();

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable wake_;
  int pages_ = 0;  // of the log when it was last looked at
  int next_ = 0;   // worth the next round
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace patchbay::store
