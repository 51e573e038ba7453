# Builds the page, as dashboard/ committed it, and the schema into the binary with .incbin: as they are, and by gzip.
find_program(PGSIDECAR_GZIP gzip REQUIRED)
set(_asset_files
    schema_json "${CMAKE_CURRENT_SOURCE_DIR}/schema/websocket.schema.json")
foreach(_asset index.html app.css icon.svg app.js)
    string(MAKE_C_IDENTIFIER "${_asset}" _asset_name)
    list(APPEND _asset_files ${_asset_name} "${CMAKE_SOURCE_DIR}/dashboard/dist/${_asset}")
endforeach()

set(_asset_text "    .section .rodata\n")
set(_asset_depends "")
while(_asset_files)
    list(POP_FRONT _asset_files _asset_name _asset_path)
    set(_asset_gz "${CMAKE_CURRENT_BINARY_DIR}/${_asset_name}.gz")
    add_custom_command(OUTPUT "${_asset_gz}" COMMAND "${PGSIDECAR_GZIP}" -9nc "${_asset_path}" > "${_asset_gz}"
                       DEPENDS "${_asset_path}" VERBATIM)
    list(APPEND _asset_depends "${_asset_path}" "${_asset_gz}")
    foreach(_label_path "${_asset_name}|${_asset_path}" "${_asset_name}_gz|${_asset_gz}")
        string(REPLACE "|" ";" _label_path "${_label_path}")
        list(GET _label_path 0 _label)
        list(GET _label_path 1 _path)
        string(APPEND _asset_text
            "    .global pgs_asset_${_label}_begin\n"
            "    .global pgs_asset_${_label}_end\n"
            "pgs_asset_${_label}_begin:\n    .incbin \"${_path}\"\n"
            "pgs_asset_${_label}_end:\n    .byte 0\n")
    endforeach()
endwhile()
string(APPEND _asset_text "    .section .note.GNU-stack,\"\",%progbits\n")

file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/assets.S" CONTENT "${_asset_text}" @ONLY)
set_source_files_properties("${CMAKE_CURRENT_BINARY_DIR}/assets.S" PROPERTIES
    OBJECT_DEPENDS "${_asset_depends}")
target_sources(pgs_ws PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/assets.S")
