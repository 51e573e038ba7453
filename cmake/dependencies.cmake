# Everything comes from Debian 12's packages; scripts/install-deps names them.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)

find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
find_path(RAPIDJSON_INCLUDE_DIR rapidjson/document.h REQUIRED)
find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)
find_path(TOMLPP_INCLUDE_DIR toml++/toml.h REQUIRED)
find_path(PG_QUERY_INCLUDE_DIR pg_query.h REQUIRED)
find_path(LIBIDN_INCLUDE_DIR stringprep.h REQUIRED)
find_library(LIBIDN_LIBRARY idn REQUIRED)
find_library(PG_QUERY_LIBRARY NAMES libpg_query.a pg_query REQUIRED)

# The data plane uses standalone Asio; ws/ alone uses Boost.Asio. They never share a socket.
add_library(dep_asio INTERFACE)
target_include_directories(dep_asio SYSTEM INTERFACE "${ASIO_INCLUDE_DIR}")
# Asio 1.22.1 picks aligned_alloc or operator new by what was included before it; one choice for all files keeps
# memory from being taken by the one and returned to the other.
target_compile_definitions(dep_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_DISABLE_STD_ALIGNED_ALLOC)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Asio 1.22.1 does not detect coroutines under clang with libstdc++.
    target_compile_definitions(dep_asio INTERFACE ASIO_HAS_CO_AWAIT=1 ASIO_HAS_STD_COROUTINE=1)
endif()
target_link_libraries(dep_asio INTERFACE Threads::Threads)

add_library(dep_boost INTERFACE)
target_include_directories(dep_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_link_libraries(dep_boost INTERFACE Threads::Threads)

add_library(dep_rapidjson INTERFACE)
target_include_directories(dep_rapidjson SYSTEM INTERFACE "${RAPIDJSON_INCLUDE_DIR}")
target_compile_definitions(dep_rapidjson INTERFACE RAPIDJSON_HAS_STDSTRING=1)

add_library(dep_openssl INTERFACE)
target_link_libraries(dep_openssl INTERFACE OpenSSL::SSL OpenSSL::Crypto)

add_library(dep_cli11 INTERFACE)
target_include_directories(dep_cli11 SYSTEM INTERFACE "${CLI11_INCLUDE_DIR}")

add_library(dep_toml INTERFACE)
target_include_directories(dep_toml SYSTEM INTERFACE "${TOMLPP_INCLUDE_DIR}")

add_library(dep_pg_query INTERFACE)
target_include_directories(dep_pg_query SYSTEM INTERFACE "${PG_QUERY_INCLUDE_DIR}")
target_link_libraries(dep_pg_query INTERFACE "${PG_QUERY_LIBRARY}")

add_library(dep_libidn INTERFACE)
target_include_directories(dep_libidn SYSTEM INTERFACE "${LIBIDN_INCLUDE_DIR}")
target_link_libraries(dep_libidn INTERFACE "${LIBIDN_LIBRARY}")

add_library(dep_libpq INTERFACE)
target_link_libraries(dep_libpq INTERFACE PostgreSQL::PostgreSQL)

add_library(dep_prometheus INTERFACE)
target_link_libraries(dep_prometheus INTERFACE prometheus-cpp::core)

find_package(SQLite3 REQUIRED)
add_library(dep_sqlite INTERFACE)
target_link_libraries(dep_sqlite INTERFACE SQLite::SQLite3)
