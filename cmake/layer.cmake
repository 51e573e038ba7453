# pgs_layer(<folder> DEPS <folders> THIRD_PARTY <targets>)
#
# One folder is one static library, pgs_<folder>, of all .cpp files in it and below it.
# DEPS and THIRD_PARTY become its link interface; tests/tidy/layering.py holds the includes to the same table.
function(pgs_layer name)
    cmake_parse_arguments(L "" "" "DEPS;THIRD_PARTY;PRIVATE_THIRD_PARTY" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
    list(TRANSFORM L_DEPS PREPEND pgs_)
    if(sources)
        add_library(pgs_${name} STATIC ${sources})
        target_include_directories(pgs_${name} PUBLIC "${CMAKE_SOURCE_DIR}")
        target_link_libraries(pgs_${name} PUBLIC ${L_DEPS} ${L_THIRD_PARTY}
                              PRIVATE pgs_warnings ${L_PRIVATE_THIRD_PARTY})
    else()
        add_library(pgs_${name} INTERFACE)
        target_include_directories(pgs_${name} INTERFACE "${CMAKE_SOURCE_DIR}")
        target_link_libraries(pgs_${name} INTERFACE ${L_DEPS} ${L_THIRD_PARTY})
    endif()
endfunction()
