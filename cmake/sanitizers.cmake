# PGSIDECAR_SANITIZE: a comma-separated list for -fsanitize=, set by the presets.
set(PGSIDECAR_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")
if(PGSIDECAR_SANITIZE)
    add_compile_options(-fsanitize=${PGSIDECAR_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${PGSIDECAR_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        # clang 14 cannot assemble -fsanitize=function around coroutines.
        add_compile_options(-fno-sanitize=function)
    endif()
    if(PGSIDECAR_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
    if(PGSIDECAR_SANITIZE MATCHES "thread")
        # g++ warns about fences under TSan; Asio then uses none.
        add_compile_definitions(ASIO_DISABLE_FENCED_BLOCK BOOST_ASIO_DISABLE_FENCED_BLOCK)
        add_compile_options($<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-tsan>)
    endif()
endif()
