# cmake -DNM=nm -DLIBRARY=x.so -P CheckExports.cmake : a plugin exports its entry and nothing else.
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${LIBRARY}
  OUTPUT_VARIABLE listed RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed)
  message(FATAL_ERROR "${NM} cannot read ${LIBRARY}")
endif()
string(REPLACE "\n" ";" lines "${listed}")
set(names "")
foreach(line IN LISTS lines)
  string(REGEX REPLACE " .*" "" name "${line}")
  list(APPEND names "${name}")
endforeach()
if(NOT names STREQUAL "patchbay_plugin_v0")
  message(FATAL_ERROR "${LIBRARY} must export patchbay_plugin_v0 and nothing else, but exports: ${names}. "
    "Close one source file with PATCHBAY_PLUGIN(YourType), and link libraries so that their symbols stay hidden.")
endif()
