#include "port/impl/library.hpp"

#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>

#include <boost/dll/shared_library.hpp>
#include <nlohmann/json.hpp>

#include "base/no_destructor.hpp"
#include "port/elf.hpp"
#include "port/impl/adopt.hpp"

namespace patchbay::port {
namespace {

namespace dll = boost::dll;

std::string name_of(const LocalOptions& options) {
  return options.library.filename().string();
}

[[noreturn]] void refuse(const LocalOptions& options, std::string id, Text::Args args = {}) {
  args.emplace_back("library", name_of(options));
  throw Error(Code::invalid, Text(std::move(id), std::move(args)));
}

std::string read_file(const LocalOptions& options) {
  std::error_code error;
  const auto size = std::filesystem::file_size(options.library, error);
  if (error || !std::filesystem::is_regular_file(options.library, error))
    refuse(options, "port.library_missing");
  constexpr std::uintmax_t kMost = 1u << 30;
  if (size > kMost) refuse(options, "port.not_a_library");
  std::ifstream file(options.library, std::ios::binary);
  std::string bytes(size, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!file) refuse(options, "port.library_unreadable");
  return bytes;
}

void check_file(const LocalOptions& options) {
  const auto report = inspect_elf(read_file(options));
  if (!report.is_library) refuse(options, "port.not_a_library");
  bool has_entry = false;
  std::string others;
  for (const auto& name : report.exported) {
    if (name == PB_ENTRY_SYMBOL) {
      has_entry = true;
    } else {
      others = name;
    }
  }
  if (!has_entry) refuse(options, "port.no_entry_symbol", {{"symbol", PB_ENTRY_SYMBOL}});
  if (!options.shared_process) return;
  const auto runtime = foreign_runtime(report);
  if (!runtime.empty()) refuse(options, "port.foreign_runtime", {{"needs", runtime}});
  if (!others.empty()) refuse(options, "port.exports_more", {{"symbol", others}});
}

// "…/x.so: undefined symbol: frobnicate" and "libx.so.1: cannot open shared object file: …" are what the
// loader says.
[[noreturn]] void refuse_as_loader_says(const LocalOptions& options, const std::string& words) {
  constexpr std::string_view kSymbol = "undefined symbol: ";
  constexpr std::string_view kFile = ": cannot open shared object file";
  constexpr std::string_view kSystem = "dlerror system message: ";
  auto text = std::string_view(words);
  if (const auto start = text.find(kSystem); start != text.npos) text.remove_prefix(start + kSystem.size());
  if (const auto symbol = text.find(kSymbol); symbol != text.npos) {
    auto name = text.substr(symbol + kSymbol.size());
    refuse(options, "port.missing_symbol",
           {{"symbol", std::string(name.substr(0, name.find_first_of(" ,)\t\n")))}});
  }
  if (const auto file = text.find(kFile); file != text.npos) {
    refuse(options, "port.missing_library", {{"needs", std::string(text.substr(0, file))}});
  }
  refuse(options, "port.cannot_open", {{"reason", std::string(text)}});
}

const dll::shared_library& open_for_ever(const LocalOptions& options) {
  // Never unloaded: a library may leave threads, thread-locals and exit handlers behind.
  static NoDestructor<std::mutex> mutex;
  static NoDestructor<std::vector<dll::shared_library*>> opened;
  auto* library = new dll::shared_library;
  const std::lock_guard lock(mutex.get());
  opened.get().push_back(library);
  try {
    library->load(options.library, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
  } catch (const dll::fs::system_error& error) {
    refuse_as_loader_says(options, error.what());
  } catch (...) {
    refuse(options, "port.cannot_open", {{"reason", "an exception left one of its static constructors"}});
  }
  return *library;
}

const pb_entry* ask_for_entry(const LocalOptions& options, const dll::shared_library& library) {
  const auto entry_function = library.get<const pb_entry*()>(PB_ENTRY_SYMBOL);
  try {
    return entry_function();
  } catch (...) {
    refuse(options, "port.cannot_open", {{"reason", "an exception left its entry function"}});
  }
}

void check_descriptor(const LocalOptions& options, const std::string& descriptor) {
  const auto said = nlohmann::json::parse(descriptor, nullptr, false);
  if (!said.is_object()) refuse(options, "port.descriptor_broken");
  const auto same = [&](const char* field, const std::string& expected) {
    const auto found = said.find(field);
    const auto value = found != said.end() && found->is_string() ? found->get<std::string>() : std::string();
    if (value == expected) return;
    refuse(options, "port.descriptor_differs",
           {{"field", field}, {"library_says", value}, {"manifest_says", expected}});
  };
  same("id", options.expected.id);
  same("version", options.expected.version);
  if (!options.expected.sdk.empty()) same("sdk", options.expected.sdk);
}

}  // namespace

Library open_library(const LocalOptions& options) {
  check_file(options);
  const auto& shared = open_for_ever(options);
  const pb_entry* theirs = ask_for_entry(options, shared);
  constexpr auto kLeast = offsetof(pb_entry, create) + sizeof(pb_entry::create);
  if (theirs == nullptr || theirs->struct_size < offsetof(pb_entry, abi_minor))
    refuse(options, "port.entry_broken");
  Library library;
  library.entry = adopt(theirs);
  if (library.entry.abi_major != PB_ABI_MAJOR) {
    refuse(options, "port.wrong_abi",
           {{"library_has", std::to_string(library.entry.abi_major)},
            {"host_has", std::to_string(PB_ABI_MAJOR)}});
  }
  if (theirs->struct_size < kLeast || library.entry.create == nullptr) refuse(options, "port.entry_broken");
  if (library.entry.descriptor.size > kMaxJson) refuse(options, "port.descriptor_broken");
  library.hello.abi_major = library.entry.abi_major;
  library.hello.abi_minor = library.entry.abi_minor;
  library.hello.built_with = library.entry.built_with == nullptr ? "" : library.entry.built_with;
  library.hello.descriptor = text_of(library.entry.descriptor);
  check_descriptor(options, library.hello.descriptor);
  return library;
}

}  // namespace patchbay::port
