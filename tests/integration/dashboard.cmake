# dashboard/: types, unit tests, and that the committed page is the one its sources build.
add_test(NAME dashboard_is_built COMMAND "${CMAKE_SOURCE_DIR}/dashboard/run-tests.sh")
set_tests_properties(dashboard_is_built PROPERTIES LABELS "browser;js" TIMEOUT 600 SKIP_RETURN_CODE 77)
