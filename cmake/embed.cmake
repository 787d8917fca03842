# latchkey_embed(TARGET FOLDER): puts every file below FOLDER into TARGET, as it is and compressed; agent/web/assets.h
# reads them. Run as a script (-DFOLDER -DFILES -DOUTPUT) this file writes the source.
if(CMAKE_SCRIPT_MODE_FILE)
  find_program(GZIP gzip REQUIRED)
  cmake_path(GET OUTPUT PARENT_PATH packed)
  set(number 0)
  set(symbols "")
  set(rows "")
  foreach(file IN LISTS FILES)
    set(plain ${FOLDER}/${file})
    set(gzip ${packed}/${number}.gz)
    execute_process(COMMAND ${GZIP} -9n -c ${plain} OUTPUT_FILE ${gzip} COMMAND_ERROR_IS_FATAL ANY)
    file(SHA256 ${plain} hash)
    string(SUBSTRING ${hash} 0 16 hash)
    # The hash stands in the source, so that a changed file makes another source: compilers' caches see no .incbin.
    foreach(form plain gzip)
      set(name latchkey_asset_${number}_${form})
      file(SIZE ${${form}} size_${form})
      string(APPEND symbols "asm(\".pushsection .rodata\\n.globl ${name}\\n.hidden ${name}\\n${name}:\\n\"\n"
             "    \".incbin \\\"${${form}}\\\"  /* ${hash} */\\n.popsection\\n\");\n"
             "extern \"C\" const char ${name}[];\n")
    endforeach()
    string(APPEND rows "    {\"${file}\", \"${hash}\", {latchkey_asset_${number}_plain, ${size_plain}},\n"
           "     {latchkey_asset_${number}_gzip, ${size_gzip}}},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  file(WRITE ${OUTPUT} "// Made by cmake/embed.cmake from ${FOLDER}.\n#include \"agent/web/assets.h\"\n\n"
       "#include <array>\n\n${symbols}\nnamespace latchkey::web {\n\nstd::span<const Asset> assets() {\n"
       "  static const std::array<Asset, ${number}> all{{\n${rows}  }};\n  return all;\n}\n\n}  // namespace latchkey::web\n")
  return()
endif()

set(LATCHKEY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(latchkey_embed target folder)
  cmake_path(ABSOLUTE_PATH folder NORMALIZE)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*)
  set(sources ${files})
  list(TRANSFORM sources PREPEND ${folder}/)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_assets/assets.cpp)
  add_custom_command(OUTPUT ${output} VERBATIM DEPENDS ${sources} ${LATCHKEY_EMBED_SCRIPT}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} "-DFILES=${files}" -DOUTPUT=${output} -P ${LATCHKEY_EMBED_SCRIPT})
  target_sources(${target} PRIVATE ${output})
endfunction()
