# patchbay_add_plugin(<id> SOURCES a.cpp ... [C] [FOLDER dir] [OUTPUT dir] [TARGET name])
# Builds a plugin as the contract asks (docs/contract.md, "The library") and lays it out ready to be installed:
# library, plugin.json, schema/, locales/, web/ in OUTPUT, by default ${CMAKE_BINARY_DIR}/plugins/<id>.
#   SOURCES  relative to the calling folder
#   C        plain C: only patchbay/abi.h is used
#   FOLDER   where plugin.json is, by default the calling folder
#   Set PATCHBAY_SANITIZED when the target gets -fsanitize only afterwards; flags that are there already are seen.
#   TARGET   the name of the target, by default plugin_<id>
# A C++ plugin gets PATCHBAY_PLUGIN_ID and _VERSION from plugin.json.
function(patchbay_add_plugin id)
  cmake_parse_arguments(arg "C" "FOLDER;OUTPUT;TARGET" "SOURCES" ${ARGN})
  if(NOT arg_FOLDER)
    set(arg_FOLDER ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT ${CMAKE_BINARY_DIR}/plugins/${id})
  endif()
  set(target plugin_${id})
  if(arg_TARGET)
    set(target ${arg_TARGET})
  endif()
  add_library(${target} MODULE ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${id} SUFFIX .so LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${target} PRIVATE Patchbay::sdk)
  patchbay_read_manifest(${id} ${arg_FOLDER}/plugin.json)
  if(NOT arg_C)
    target_compile_features(${target} PRIVATE cxx_std_20)
    target_compile_definitions(${target} PRIVATE PATCHBAY_PLUGIN_ID="${id}" PATCHBAY_PLUGIN_VERSION="${manifest_version}")
  endif()
  patchbay_link_plugin(${target} "${arg_C}")
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DLIBRARY=$<TARGET_FILE:${target}> -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/CheckExports.cmake)
  patchbay_copy_parts(${target} ${arg_FOLDER} ${arg_OUTPUT})
endfunction()

# Sets manifest_version in the caller. The name of the plugin and of its library must be the same everywhere.
function(patchbay_read_manifest id file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} manifest)
  foreach(key id version library)
    string(JSON value ERROR_VARIABLE failed GET "${manifest}" ${key})
    if(failed)
      message(FATAL_ERROR "${file}: ${key}: ${failed}")
    endif()
    set(manifest_${key} ${value})
  endforeach()
  if(NOT manifest_id STREQUAL id OR NOT manifest_library STREQUAL "${id}.so")
    message(FATAL_ERROR "${file}: id must be \"${id}\" and library \"${id}.so\", as in patchbay_add_plugin(${id} ...)")
  endif()
  set(manifest_version ${manifest_version} PARENT_SCOPE)
endfunction()

# One exported symbol, everything resolved at start, never unloaded, a C++ runtime of its own.
function(patchbay_link_plugin target is_c)
  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${map})
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${target} PRIVATE -Wl,--version-script=${map} -Wl,-z,now -Wl,-z,nodelete)
  get_target_property(options ${target} COMPILE_OPTIONS)
  if(PATCHBAY_SANITIZED OR "${options} ${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize=")
    return()  # the sanitizer's runtime is the program's: it must stay shared and unresolved here
  endif()
  target_link_options(${target} PRIVATE -Wl,-z,defs)
  if(NOT is_c)
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()

# Beside the library: what the host reads without running it. Copied whenever it changes.
function(patchbay_copy_parts target folder output)
  file(GLOB_RECURSE parts RELATIVE ${folder} CONFIGURE_DEPENDS
    ${folder}/schema/*.json ${folder}/locales/*.json ${folder}/web/*)
  set(copied "")
  foreach(part plugin.json ${parts})
    add_custom_command(OUTPUT ${output}/${part} VERBATIM DEPENDS ${folder}/${part}
      COMMAND ${CMAKE_COMMAND} -E copy ${folder}/${part} ${output}/${part})
    list(APPEND copied ${output}/${part})
  endforeach()
  add_custom_target(${target}_parts ALL DEPENDS ${copied})
  add_dependencies(${target} ${target}_parts)
endfunction()

# patchbay_add_plugin_library(<target> SOURCES a.cpp ... [LINKS other ...])
# A part of a plugin as a static library, so that tests and fuzzing use it without the rest. Its headers are in src/.
function(patchbay_add_plugin_library target)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${target} STATIC ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_include_directories(${target} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC ${arg_LINKS} Patchbay::sdk)
endfunction()

# patchbay_build_in(<target>): puts locales/*.json and schema/*.json of the calling folder into the code, for patchbay/texts.hpp.
function(patchbay_build_in target)
  file(GLOB files RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_SOURCE_DIR}/locales/*.json ${CMAKE_CURRENT_SOURCE_DIR}/schema/*.json)
  set(entries "")
  foreach(file ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(READ ${file} text)
    string(APPEND entries "    {\"${file}\", R\"built_in(${text})built_in\"},\n")
  endforeach()
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/built_in.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/built_in.cpp @ONLY)
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/built_in.cpp)
endfunction()

# patchbay_add_plugin_test(<target> SOURCES a_test.cpp ... LINKS library ... [ENTRY])
# GoogleTest over parts of a plugin, in its folder tests/. PLUGIN_FOLDER and CASES_FOLDER (tests/cases) are defined; ENTRY: the
# sources have the plugin's entry among them, for patchbay/testing.hpp.
function(patchbay_add_plugin_test target)
  cmake_parse_arguments(arg "ENTRY" "" "SOURCES;LINKS" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${target} ${arg_SOURCES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} DIRECTORY)
  target_compile_definitions(${target} PRIVATE PLUGIN_FOLDER="${folder}" CASES_FOLDER="${CMAKE_CURRENT_SOURCE_DIR}/cases")
  if(arg_ENTRY)
    file(READ ${folder}/plugin.json manifest)
    string(JSON id GET "${manifest}" id)
    string(JSON version GET "${manifest}" version)
    target_compile_definitions(${target} PRIVATE PATCHBAY_PLUGIN_ID="${id}" PATCHBAY_PLUGIN_VERSION="${version}")
  endif()
  target_link_libraries(${target} PRIVATE ${arg_LINKS} GTest::gtest GTest::gtest_main)
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1)
  set_tests_properties(${target} PROPERTIES LABELS fast TIMEOUT 120)
endfunction()

# patchbay_add_plugin_fuzz(<target> SOURCES a_fuzz.cpp LINKS library ...): libFuzzer, with clang.
function(patchbay_add_plugin_fuzz target)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${target} ${arg_SOURCES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_link_libraries(${target} PRIVATE ${arg_LINKS})
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
endfunction()
