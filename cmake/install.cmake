# Install rules. Destinations are relative to the root of the file system, because the parts of an agent lie in usr, etc
# and lib: `cmake --install build/dev --prefix / --component latchkey-agent`, or by packages (cmake/packages.cmake).
# A component is a Debian package.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set_property(CACHE CMAKE_INSTALL_PREFIX PROPERTY VALUE /)
endif()
set(LATCHKEY_LIBDIR usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})

# latchkey_install_gzip(COMPONENT FILE DESTINATION): packed as Debian wants it, the same bytes each time.
function(latchkey_install_gzip component file destination)
  cmake_path(GET file FILENAME name)
  set(packed ${PROJECT_BINARY_DIR}/packed/${component}/${name}.gz)
  add_custom_command(OUTPUT ${packed} COMMAND gzip -9nc ${file} > ${packed} DEPENDS ${file} VERBATIM)
  string(MAKE_C_IDENTIFIER pack_${component}_${name} target)
  add_custom_target(${target} ALL DEPENDS ${packed})
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/packed/${component})
  install(FILES ${packed} DESTINATION ${destination} COMPONENT ${component})
endfunction()

# latchkey_man(COMPONENT FILE): FILE ends in its section.
function(latchkey_man component file)
  cmake_path(GET file EXTENSION LAST_ONLY section)
  string(SUBSTRING ${section} 1 -1 section)
  latchkey_install_gzip(${component} ${file} usr/share/man/man${section})
endfunction()

# latchkey_documents(COMPONENT FILES...): what every Debian package has, and FILES.
function(latchkey_documents component)
  set(place usr/share/doc/${component})
  latchkey_install_gzip(${component} ${PROJECT_SOURCE_DIR}/tools/package/changelog ${place})
  install(FILES ${PROJECT_SOURCE_DIR}/tools/package/copyright ${ARGN} DESTINATION ${place} COMPONENT ${component})
endfunction()
