add_library(pgs_warnings INTERFACE)
target_compile_options(pgs_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
        -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual>)
if(PGSIDECAR_WERROR)
    target_compile_options(pgs_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(pgs_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-unused-command-line-argument>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 takes a coroutine frame's own operator new and delete, once inlined, for a mismatched pair.
    target_compile_options(pgs_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
endif()
