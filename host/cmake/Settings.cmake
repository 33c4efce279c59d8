# Warnings, linker, sanitizers: one interface target that every target of ours links.
add_library(pb_settings INTERFACE)
target_compile_options(pb_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Werror
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  # g++ 12 takes Asio's pair of allocators for coroutine frames for a mismatch once they are inlined.
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-mismatched-new-delete>
  -fvisibility=hidden)
if(PB_SANITIZE)
  target_compile_options(pb_settings INTERFACE -fsanitize=${PB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(pb_settings INTERFACE -fsanitize=${PB_SANITIZE})
  target_compile_definitions(pb_settings INTERFACE PB_SANITIZED=1)
  # clang 14 cannot assemble coroutines with this check of UBSan.
  target_compile_options(pb_settings INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fno-sanitize=function>)
  if(PB_SANITIZE MATCHES thread)
    # Fences are what ThreadSanitizer cannot follow: Asio's fenced_block, and those of its reference counts.
    target_compile_definitions(pb_settings INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    target_compile_options(pb_settings INTERFACE -I${PROJECT_SOURCE_DIR}/tests/support/tsan)
  endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(pb_settings INTERFACE PB_DEBUG_BUILD=1)
endif()

if(PB_FUZZ)
  target_compile_options(pb_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(PB_MOLD mold)
if(PB_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_program(PB_CCACHE ccache)
if(PB_CCACHE)
  # Hits are shared between build folders and between checkouts.
  set(pb_launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${PB_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${pb_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${pb_launcher})
endif()
