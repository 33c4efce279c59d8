# pb_module(<name> SOURCES a.cpp impl/b.cpp [USES base log ...] [LINKS foreign targets, private])
# One CMake library per host module. A module sees only the modules that it names in USES.
function(pb_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS;PUBLIC_LINKS" ${ARGN})
  add_library(pb_${name} STATIC ${arg_SOURCES})
  target_include_directories(pb_${name} INTERFACE ${CMAKE_BINARY_DIR}/include/${name})
  # A folder that holds only a link to the module: what is not named in USES does not compile.
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include/${name})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_BINARY_DIR}/include/${name}/${name} SYMBOLIC)
  target_include_directories(pb_${name} PRIVATE ${CMAKE_BINARY_DIR}/include/${name})
  list(TRANSFORM arg_USES PREPEND pb_)
  target_link_libraries(pb_${name} PUBLIC ${arg_USES} ${arg_PUBLIC_LINKS} PRIVATE pb_settings ${arg_LINKS})
  set_property(TARGET pb_${name} PROPERTY POSITION_INDEPENDENT_CODE ON)
endfunction()

# pb_test(<name> SOURCES ... USES modules ... [LINKS ...] [LABELS fast|slow|...]) : one GoogleTest binary, one ctest entry.
function(pb_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;USES;LINKS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  list(TRANSFORM arg_USES PREPEND pb_)
  target_link_libraries(${name} PRIVATE pb_settings ${arg_USES} ${arg_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  if(NOT arg_LABELS)
    set(arg_LABELS fast)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
  if(PB_SANITIZE MATCHES thread)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
  endif()
endfunction()

# pb_embed(<module> <namespace> <function> FILES a.json b.json): adds to pb_<module> (or the executable of that name) a generated source with
# `const std::vector<std::pair<std::string_view, std::string_view>>& patchbay::<namespace>::<function>()`, the files' names
# (without folder) and contents. Files are under 64 KiB a piece of literal; larger ones are split by the compiler's rules.
function(pb_embed module namespace function)
  cmake_parse_arguments(arg "" "" "FILES" ${ARGN})
  set(table "")
  foreach(file ${arg_FILES})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} content)
    get_filename_component(name ${file} NAME)
    string(APPEND table "      {\"${name}\", R\"pbfile(${content})pbfile\"},\n")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::${namespace} {

const std::vector<std::pair<std::string_view, std::string_view>>& ${function}();

const std::vector<std::pair<std::string_view, std::string_view>>& ${function}() {
  static const auto* files = new std::vector<std::pair<std::string_view, std::string_view>>{
${table}  };
  return *files;
}

}  // namespace patchbay::${namespace}
")
  if(TARGET pb_${module})
    target_sources(pb_${module} PRIVATE ${source})
  else()
    target_sources(${module} PRIVATE ${source})
  endif()
endfunction()

# pb_node_test(<name> <file.test.ts> LABELS ... TIMEOUT seconds) : TypeScript tests, one ctest entry a file.
function(pb_node_test name file)
  cmake_parse_arguments(arg "" "TIMEOUT" "LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/support/node_test ${name} ${file})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT PB_BUILD_DIR=${CMAKE_BINARY_DIR})
endfunction()
