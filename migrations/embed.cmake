# Builds the migrations into the program, as they are, with .incbin: a container needs no folder beside it.
file(GLOB _migrations CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_LIST_DIR}" "${CMAKE_CURRENT_LIST_DIR}/*.sql")
list(SORT _migrations)

set(_migration_text "    .section .rodata\n")
set(_migration_declarations "")
set(_migration_rows "")
set(_migration_depends "")
foreach(_migration IN LISTS _migrations)
    string(MAKE_C_IDENTIFIER "pgs_migration_${_migration}" _label)
    set(_path "${CMAKE_CURRENT_LIST_DIR}/${_migration}")
    list(APPEND _migration_depends "${_path}")
    string(APPEND _migration_text
        "    .global ${_label}_begin\n    .global ${_label}_end\n"
        "${_label}_begin:\n    .incbin \"${_path}\"\n${_label}_end:\n    .byte 0\n")
    string(APPEND _migration_declarations "extern \"C\" const char ${_label}_begin[], ${_label}_end[];\n")
    string(APPEND _migration_rows
        "    {\"${_migration}\", {${_label}_begin, static_cast<std::size_t>(${_label}_end - ${_label}_begin)}},\n")
endforeach()
string(APPEND _migration_text "    .section .note.GNU-stack,\"\",%progbits\n")

set(_folder "${CMAKE_CURRENT_BINARY_DIR}/migrations")
file(CONFIGURE OUTPUT "${_folder}/migrations.S" CONTENT "${_migration_text}" @ONLY)
file(CONFIGURE OUTPUT "${_folder}/embedded_migrations.cpp" @ONLY CONTENT
"#include <vector>

#include \"db/migration_source.hpp\"

${_migration_declarations}
std::span<const pgsidecar::db::EmbeddedMigration> pgsidecar::db::embedded_migrations() {
    static const std::vector<EmbeddedMigration> all{
${_migration_rows}    };
    return all;
}
")
set_source_files_properties("${_folder}/migrations.S" PROPERTIES OBJECT_DEPENDS "${_migration_depends}")
target_sources(pgs_db PRIVATE "${_folder}/migrations.S" "${_folder}/embedded_migrations.cpp")
# For the test that compares what is built in with the folder.
target_compile_definitions(pgs_db INTERFACE PGSIDECAR_MIGRATIONS_DIR="${CMAKE_CURRENT_LIST_DIR}")
