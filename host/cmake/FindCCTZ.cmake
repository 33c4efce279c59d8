# Debian's cctz ships neither a CMake config nor a .pc file.
find_path(CCTZ_INCLUDE_DIR cctz/time_zone.h)
find_library(CCTZ_LIBRARY cctz)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CCTZ REQUIRED_VARS CCTZ_INCLUDE_DIR CCTZ_LIBRARY)
add_library(CCTZ::cctz UNKNOWN IMPORTED)
set_target_properties(CCTZ::cctz PROPERTIES IMPORTED_LOCATION ${CCTZ_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${CCTZ_INCLUDE_DIR})
