# SPDX-License-Identifier: Apache-2.0
# Verilated models.
#
#   mcnn_verilate(<target> PREFIX <class> TOP <module> SOURCES <files...>
#                 [PARAMETERS <Name=Value>...] [INCLUDES <folders...>] [ARGS <verilator arguments...>] [TRACE])
#
# makes a static library <target> with the model class <class>. All models share one runtime (verilated_runtime), so
# that any number of them can be linked into one program. TRACE: the model can write FST waves; it keeps every signal for that
# and is about 5 % slower even while it writes none. With MCNN_COVERAGE it counts what runs (tests/coverage), and what has no reset
# begins with zeros, so that no bit changes because of what it began with.

find_program(VERILATOR_BIN NAMES verilator_bin verilator REQUIRED)
execute_process(COMMAND "${VERILATOR_BIN}" --getenv VERILATOR_ROOT OUTPUT_VARIABLE VERILATOR_ROOT
                OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT EXISTS "${VERILATOR_ROOT}/include/verilated.h")
  set(VERILATOR_ROOT /usr/share/verilator)
endif()
set(VERILATOR_ROOT "${VERILATOR_ROOT}" CACHE PATH "Where Verilator's include folder is")
execute_process(COMMAND "${VERILATOR_BIN}" --version OUTPUT_VARIABLE VERILATOR_VERSION_LINE
                OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REGEX MATCH "[0-9]+\\.[0-9]+" VERILATOR_VERSION "${VERILATOR_VERSION_LINE}")
if(VERILATOR_VERSION VERSION_LESS 5.006)
  message(FATAL_ERROR "Verilator ${VERILATOR_VERSION} found, 5.006 or newer is needed")
endif()

# Everything that is translated, without compiling it: for tools that only read the headers.
add_custom_target(verilated_sources)

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
add_library(verilated_runtime STATIC
  "${VERILATOR_ROOT}/include/verilated.cpp"
  "${VERILATOR_ROOT}/include/verilated_dpi.cpp"
  "${VERILATOR_ROOT}/include/verilated_threads.cpp"
  "${VERILATOR_ROOT}/include/verilated_fst_c.cpp")
target_include_directories(verilated_runtime SYSTEM PUBLIC
  "${VERILATOR_ROOT}/include" "${VERILATOR_ROOT}/include/vltstd")
# The headers depend on these, so everything that includes them sees the same values.
target_compile_definitions(verilated_runtime PUBLIC
  VM_COVERAGE=0 VM_SC=0 VM_TRACE=1 VM_TRACE_FST=1 VM_TRACE_VCD=0)
target_compile_options(verilated_runtime PRIVATE -w)
target_link_libraries(verilated_runtime PUBLIC Threads::Threads ZLIB::ZLIB)

function(mcnn_verilate TARGET)
  cmake_parse_arguments(PARSE_ARGV 1 V "TRACE" "PREFIX;TOP" "SOURCES;PARAMETERS;INCLUDES;ARGS")
  set(directory "${CMAKE_CURRENT_BINARY_DIR}/${V_PREFIX}")
  file(MAKE_DIRECTORY "${directory}")
  set(args --cc --prefix ${V_PREFIX} --top-module ${V_TOP} --Mdir "${directory}" -O3
      --x-assign unique --x-initial unique --assert --no-timing -Wall -MMD --compiler gcc
      --output-split 0)
  if(V_TRACE)
    list(APPEND args --trace-fst --trace-structs --trace-params)
  endif()
  if(MCNN_COVERAGE)
    set(coverage "${PROJECT_SOURCE_DIR}/tests/coverage")
    list(APPEND args --coverage-line --coverage-user)
    if(V_TOP MATCHES "^mcnn_(chip|tb)$")
      list(APPEND V_SOURCES "${coverage}/lint.vlt" "${coverage}/chip_cover.sv")
      list(APPEND V_INCLUDES "${PROJECT_SOURCE_DIR}/tests/formal")
    endif()
    # Bits that change, of whole chips in small ones alone: they are gigabytes of memory to compile.
    if(NOT V_TOP MATCHES "^mcnn_(chip|tb)$" OR V_PREFIX MATCHES "^Vmcnn_tiny.*_fast$")
      list(APPEND args --coverage-toggle)
    endif()
    list(APPEND args --x-initial fast +define+MCNN_COVERAGE)
  endif()
  foreach(parameter IN LISTS V_PARAMETERS)
    list(APPEND args "-G${parameter}")
  endforeach()
  foreach(include IN LISTS V_INCLUDES)
    list(APPEND args "-I${include}")
  endforeach()
  list(APPEND args ${V_ARGS} ${V_SOURCES})
  string(REPLACE ";" "|" packed "${args}")
  set(fast "${directory}/${V_PREFIX}_fast_all.cc")
  set(slow "${directory}/${V_PREFIX}_slow_all.cc")
  add_custom_command(
    OUTPUT "${fast}" "${slow}" "${directory}/${V_PREFIX}.h"
    COMMAND "${CMAKE_COMMAND}" "-DVERILATOR=${VERILATOR_BIN}" "-DPREFIX=${V_PREFIX}"
            "-DDIRECTORY=${directory}" "-DARGS=${packed}"
            -P "${PROJECT_SOURCE_DIR}/cmake/verilate_model.cmake"
    DEPENDS ${V_SOURCES} "${PROJECT_SOURCE_DIR}/cmake/verilate_model.cmake"
    DEPFILE "${directory}/${V_PREFIX}.d"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Verilating ${V_PREFIX}"
    VERBATIM)
  add_custom_target(${TARGET}_sources DEPENDS "${fast}" "${slow}" "${directory}/${V_PREFIX}.h")
  add_library(${TARGET} STATIC "${fast}" "${slow}" "${directory}/${V_PREFIX}.h")
  # Generated code: own warnings are not for it.
  target_compile_options(${TARGET} PRIVATE -w)
  set_source_files_properties("${slow}" PROPERTIES COMPILE_OPTIONS "-O1")
  target_include_directories(${TARGET} SYSTEM PUBLIC "${directory}")
  if(MCNN_COVERAGE)
    target_include_directories(${TARGET} PRIVATE "${coverage}")
  endif()
  target_link_libraries(${TARGET} PUBLIC verilated_runtime)
  add_dependencies(${TARGET} ${TARGET}_sources)
  add_dependencies(verilated_sources ${TARGET}_sources)
endfunction()

# mcnn_read_parameters(<file> <variable>): the Name=Value lines of a named configuration as a list.
function(mcnn_read_parameters FILE VARIABLE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${FILE}")
  file(STRINGS "${FILE}" lines REGEX "^[A-Za-z]+=[0-9]+$")
  set(${VARIABLE} "${lines}" PARENT_SCOPE)
endfunction()

# mcnn_netlist(<configuration> <variable>): the folder of its netlist of the kind that MCNN_NETLIST names.
function(mcnn_netlist CONFIGURATION VARIABLE)
  set(suffix "")
  if(MCNN_NETLIST STREQUAL "gated")
    set(suffix "-gated")
  elseif(NOT MCNN_NETLIST MATCHES "^(plain)?$")
    message(FATAL_ERROR "MCNN_NETLIST is '${MCNN_NETLIST}': plain, gated or empty")
  endif()
  set(${VARIABLE} "${PROJECT_SOURCE_DIR}/build/synth/${CONFIGURATION}${suffix}" PARENT_SCOPE)
endfunction()
