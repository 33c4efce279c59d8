#include "port/elf.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace patchbay::port {
namespace {

constexpr std::size_t kMost = 1u << 20;  // entries of one table: no plugin comes near

template <class T>
std::optional<T> at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string_view part(std::string_view bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || bytes.size() - offset < size) return {};
  return bytes.substr(offset, size);
}

std::string word(std::string_view strings, std::uint64_t offset) {
  if (offset >= strings.size()) return {};
  const auto rest = strings.substr(offset);
  return std::string(rest.substr(0, rest.find('\0')));
}

class Sections {
 public:
  Sections(std::string_view bytes, const Elf64_Ehdr& header) : bytes_(bytes), header_(header) {}

  std::optional<Elf64_Shdr> get(std::size_t index) const {
    if (index >= header_.e_shnum || header_.e_shentsize != sizeof(Elf64_Shdr)) return std::nullopt;
    if (header_.e_shoff > bytes_.size()) return std::nullopt;
    return at<Elf64_Shdr>(bytes_, header_.e_shoff + index * sizeof(Elf64_Shdr));
  }
  std::optional<Elf64_Shdr> find(std::uint32_t type) const {
    for (std::size_t i = 0; i < header_.e_shnum; ++i) {
      const auto section = get(i);
      if (section && section->sh_type == type) return section;
    }
    return std::nullopt;
  }
  std::string_view content(const Elf64_Shdr& section) const {
    return part(bytes_, section.sh_offset, section.sh_size);
  }
  std::string_view strings(const Elf64_Shdr& section) const {
    const auto linked = get(section.sh_link);
    return linked ? content(*linked) : std::string_view{};
  }

 private:
  std::string_view bytes_;
  const Elf64_Ehdr& header_;
};

// Not made by the author: from the linker and from the sanitizers of debug builds.
bool is_incidental(std::string_view name) {
  static constexpr std::string_view kNames[] = {"_init", "_fini", "_edata", "_end", "__bss_start"};
  static constexpr std::string_view kPrefixes[] = {"__asan",  "__odr_asan", "__ubsan", "__sanitizer",
                                                   "__lsan",  "__tsan",     "__gcov",  "__start_",
                                                   "__stop_", "__llvm_"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](auto prefix) { return name.starts_with(prefix); });
}

std::vector<std::string> exported_symbols(const Sections& sections, const Elf64_Shdr& table) {
  std::vector<std::string> names;
  const auto content = sections.content(table);
  const auto strings = sections.strings(table);
  const auto count = std::min(content.size() / sizeof(Elf64_Sym), kMost);
  for (std::size_t i = 1; i < count; ++i) {
    const auto symbol = *at<Elf64_Sym>(content, i * sizeof(Elf64_Sym));
    const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
    if (visibility == STV_HIDDEN || visibility == STV_INTERNAL) continue;
    if (symbol.st_shndx == SHN_ABS && symbol.st_value == 0) continue;  // names of symbol versions
    auto name = word(strings, symbol.st_name);
    if (!name.empty() && !is_incidental(name)) names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> needed_libraries(const Sections& sections, const Elf64_Shdr& table) {
  std::vector<std::string> names;
  const auto content = sections.content(table);
  const auto strings = sections.strings(table);
  const auto count = std::min(content.size() / sizeof(Elf64_Dyn), kMost);
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry = *at<Elf64_Dyn>(content, i * sizeof(Elf64_Dyn));
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) names.push_back(word(strings, entry.d_un.d_val));
  }
  return names;
}

}  // namespace

ElfReport inspect_elf(std::string_view bytes) {
  ElfReport report;
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return report;
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) return report;
  if (header->e_type != ET_DYN) return report;
#if defined(__x86_64__)
  if (header->e_machine != EM_X86_64) return report;
#elif defined(__aarch64__)
  if (header->e_machine != EM_AARCH64) return report;
#endif
  const Sections sections(bytes, *header);
  const auto symbols = sections.find(SHT_DYNSYM);
  const auto dynamic = sections.find(SHT_DYNAMIC);
  if (!symbols || !dynamic) return report;
  report.is_library = true;
  report.exported = exported_symbols(sections, *symbols);
  report.needed = needed_libraries(sections, *dynamic);
  return report;
}

std::string foreign_runtime(const ElfReport& report) {
  for (const auto& name : report.needed) {
    if (name.starts_with("libc++.so") || name.starts_with("libc++abi.so") || name.starts_with("libcxxrt.so"))
      return name;
  }
  return {};
}

}  // namespace patchbay::port
