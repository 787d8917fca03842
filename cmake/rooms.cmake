# latchkey_compile_together(NAME): for targets whose time goes into reading the same heavy headers (JSON, Asio, gmock)
# again for every file: 8 files are compiled as one, in a quarter of the time. What has a file's name only, in an
# anonymous namespace, needs a name of its own among these. -DLATCHKEY_UNITY=OFF compiles each file alone.
option(LATCHKEY_UNITY "compile files together where that pays" ON)
function(latchkey_compile_together name)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${LATCHKEY_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# latchkey_library(NAME DIRS... [DEPENDS libs...] [TOGETHER]): a static library of every .cpp directly inside DIRS.
function(latchkey_library name)
  cmake_parse_arguments(ARG "TOGETHER" "" "DIRS;DEPENDS" ${ARGN})
  set(globs)
  foreach(dir IN LISTS ARG_DIRS)
    list(APPEND globs ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.cpp)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${globs})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/main\\.cpp$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
    if(ARG_TOGETHER)
      latchkey_compile_together(${name})
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPENDS})
  endif()
endfunction()

# latchkey_test(NAME DIR [SOURCES files...] [DEPENDS libs...] [LABELS labels...] [WRAPPER command...] [TOGETHER]): a
# GoogleTest binary of every *_test.cpp directly inside DIR, one ctest entry.
function(latchkey_test name dir)
  cmake_parse_arguments(ARG "TOGETHER" "" "SOURCES;DEPENDS;LABELS;WRAPPER" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*_test.cpp)
  if(sources AND name MATCHES "${LATCHKEY_TESTS}")
    add_executable(${name} ${sources} ${ARG_SOURCES})
    # A test is compiled more often than it is run: unoptimised it compiles in 60 % of the time.
    target_compile_options(${name} PRIVATE -O0)
    if(ARG_TOGETHER)
      latchkey_compile_together(${name})
    endif()
    target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
    latchkey_add_test(${name} LABELS ${ARG_LABELS} COMMAND ${ARG_WRAPPER}
      ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${name}>)
  endif()
endfunction()

# latchkey_add_test(NAME [LABELS labels...] [TIMEOUT seconds] COMMAND command...): a ctest entry that carries its
# build's flavour in its name.
function(latchkey_add_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS;COMMAND" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 10")
  endif()
  set(entry ${LATCHKEY_FLAVOUR}${name})
  add_test(NAME ${entry} COMMAND ${ARG_COMMAND})
  set_tests_properties(${entry} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
