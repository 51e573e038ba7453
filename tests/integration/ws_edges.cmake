# The edges (ws/) against a backend played by ws_harness; driven by Python's raw sockets, by npm's ws and by Chromium.
# tests/browser/package-lock.json names the npm packages; scripts/install-deps or `npm ci` puts them there.
add_executable(ws_harness "${CMAKE_CURRENT_LIST_DIR}/ws_harness.cpp")
target_link_libraries(ws_harness PRIVATE pgs_ws pgs_warnings)

find_program(PYTHON3 NAMES python3 REQUIRED)
find_program(NODE NAMES node)
# psycopg belongs to Debian's python, which need not be the first in PATH.
find_program(DEBIAN_PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

foreach(topic contract bad_input feed desk)
    add_test(NAME integration_ws_${topic}
             COMMAND "${PYTHON3}" "${CMAKE_CURRENT_LIST_DIR}/ws_${topic}.py" $<TARGET_FILE:ws_harness>)
    list(APPEND edge_tests integration_ws_${topic})
endforeach()
add_test(NAME integration_ws_database
         COMMAND "${DEBIAN_PYTHON3}" "${CMAKE_CURRENT_LIST_DIR}/ws_database.py" $<TARGET_FILE:pgsidecar>)
list(APPEND edge_tests integration_ws_database)
if(NODE)
    add_test(NAME integration_ws_client COMMAND "${NODE}" --test "${CMAKE_CURRENT_LIST_DIR}/ws_client.mjs")
    foreach(topic page page_parts sidecar)
        add_test(NAME browser_${topic} COMMAND "${NODE}" --test "${CMAKE_SOURCE_DIR}/tests/browser/${topic}.test.mjs")
        set_tests_properties(browser_${topic} PROPERTIES LABELS browser TIMEOUT 240
                             ENVIRONMENT "WS_HARNESS=$<TARGET_FILE:ws_harness>;PGSIDECAR=$<TARGET_FILE:pgsidecar>")
    endforeach()
    list(APPEND edge_tests integration_ws_client)
else()
    message(WARNING "node is missing: the WebSocket client and browser tests are left out; install nodejs and npm")
endif()
set_tests_properties(${edge_tests} PROPERTIES LABELS integration TIMEOUT 240
                     ENVIRONMENT "WS_HARNESS=$<TARGET_FILE:ws_harness>")
