# SPDX-License-Identifier: Apache-2.0
# Run by the build (cmake -P) for one Verilated model: translates the RTL, then gathers the generated C++ into two files
# of fixed names, so that the build knows its outputs beforehand.
#   VERILATOR, PREFIX, DIRECTORY, ARGS (a list with | between the items)
string(REPLACE "|" ";" ARGS "${ARGS}")
file(GLOB old "${DIRECTORY}/${PREFIX}*")
list(FILTER old EXCLUDE REGEX "\\.(o|d)$")
if(old)
  file(REMOVE ${old})
endif()
execute_process(COMMAND "${VERILATOR}" ${ARGS} COMMAND_ECHO NONE RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "Verilator failed on ${PREFIX}")
endif()

if("${ARGS}" MATCHES "--coverage-")
  execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/verilated_coverage.sh" "${DIRECTORY}" "${PREFIX}" COMMAND_ERROR_IS_FATAL ANY)
endif()

file(GLOB sources RELATIVE "${DIRECTORY}" "${DIRECTORY}/${PREFIX}*.cpp")
list(SORT sources)
set(fast "")
set(slow "")
foreach(source IN LISTS sources)
  if(source MATCHES "(__Slow|__Syms|__Dpi|__Trace.*Slow)\\.cpp$")
    string(APPEND slow "#include \"${source}\"\n")
  else()
    string(APPEND fast "#include \"${source}\"\n")
  endif()
endforeach()
file(WRITE "${DIRECTORY}/${PREFIX}_fast_all.cc" "${fast}")
file(WRITE "${DIRECTORY}/${PREFIX}_slow_all.cc" "${slow}")

# With --trace-depth the scopes below are still entered and left, with nothing in them: a call for every cell of a netlist, which
# takes the compiler gigabytes.
if("${ARGS}" MATCHES "--trace-depth")
  file(GLOB traces "${DIRECTORY}/${PREFIX}__Trace*Slow.cpp")
  foreach(trace IN LISTS traces)
    execute_process(COMMAND sed -i -z -E
        "s/ *tracep->pushNamePrefix\\(\"[^\"]*\"\\);\\n *tracep->popNamePrefix\\(1\\);\\n//g" "${trace}"
      COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endif()

# What the translation read, for the build's dependencies: Verilator's own list, with the name of our first output.
file(READ "${DIRECTORY}/${PREFIX}__ver.d" dependencies)
string(REGEX REPLACE "^[^:]*:" "" dependencies "${dependencies}")
file(WRITE "${DIRECTORY}/${PREFIX}.d" "${DIRECTORY}/${PREFIX}_fast_all.cc:${dependencies}")
