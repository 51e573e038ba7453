# clients/js: the npm package of the feed, with its unit tests and the suite against the real program.
add_test(NAME client_js COMMAND "${CMAKE_SOURCE_DIR}/clients/js/run-tests.sh")
set_tests_properties(client_js PROPERTIES LABELS "browser;js" TIMEOUT 600 SKIP_RETURN_CODE 77)
if(TARGET pgsidecar)
    set_tests_properties(client_js PROPERTIES ENVIRONMENT "PGSIDECAR=$<TARGET_FILE:pgsidecar>")
endif()
