# Builds the page, as dashboard/ committed it, and the schema into the binary, as they are, with .incbin.
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
    list(APPEND _asset_depends "${_asset_path}")
    string(APPEND _asset_text
        "    .global pgs_asset_${_asset_name}_begin\n"
        "    .global pgs_asset_${_asset_name}_end\n"
        "pgs_asset_${_asset_name}_begin:\n    .incbin \"${_asset_path}\"\n"
        "pgs_asset_${_asset_name}_end:\n    .byte 0\n")
endwhile()
string(APPEND _asset_text "    .section .note.GNU-stack,\"\",%progbits\n")

file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/assets.S" CONTENT "${_asset_text}" @ONLY)
set_source_files_properties("${CMAKE_CURRENT_BINARY_DIR}/assets.S" PROPERTIES
    OBJECT_DEPENDS "${_asset_depends}")
target_sources(pgs_ws PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/assets.S")
