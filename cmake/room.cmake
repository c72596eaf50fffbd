# SPDX-License-Identifier: Apache-2.0
# A room of the house: a folder with one job, as a library.
#
#   mcnn_room(<target> SOURCES <files...> [USES <rooms...>] [LIBRARIES <targets...>])
#
# USES are the rooms whose headers it may include, and what those use in turn; LIBRARIES come from elsewhere and are not handed
# on. Folder and USES of each room are in the global property MCNN_ROOMS, from which a test holds every #include to them.
function(mcnn_room TARGET)
  cmake_parse_arguments(PARSE_ARGV 1 R "" "" "SOURCES;USES;LIBRARIES")
  if(R_SOURCES)
    add_library(${TARGET} STATIC ${R_SOURCES})
    set(kind PUBLIC)
    target_link_libraries(${TARGET} PRIVATE ${R_LIBRARIES})
  else()
    add_library(${TARGET} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(${TARGET} ${kind} "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${TARGET} ${kind} ${R_USES})
  if(MCNN_COVERAGE AND R_SOURCES)
    target_compile_options(${TARGET} PRIVATE -O1 --coverage -fprofile-update=atomic)
    target_link_options(${TARGET} PUBLIC --coverage)
  endif()
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REPLACE ";" " " uses "${R_USES}")
  set_property(GLOBAL APPEND PROPERTY MCNN_ROOMS "${TARGET} ${folder} ${uses}")
endfunction()
