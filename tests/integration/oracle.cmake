# The same SQL straight and through the sidecar, and random sessions over few connections; both in Python, without a
# library. PGS_POOL_MODE chooses the pool mode (auto).
find_program(PYTHON3 NAMES python3 REQUIRED)

function(pgs_sharing_test name timeout script)
    add_test(NAME integration_${name} COMMAND "${PYTHON3}" -B "${CMAKE_CURRENT_LIST_DIR}/${script}" ${ARGN})
    set_tests_properties(integration_${name} PROPERTIES LABELS integration TIMEOUT ${timeout}
                         ENVIRONMENT "PGS_TEST_BINARY=$<TARGET_FILE:pgsidecar>")
endfunction()

pgs_sharing_test(oracle 180 oracle/oracle.py)
pgs_sharing_test(oracle_session 180 oracle/oracle.py --mode session)
pgs_sharing_test(leak 180 leak/leak.py 5000 --seed 11,12)
# The proof that they would see something, and see nothing where nothing is. Mode transaction hides no temporary table.
pgs_sharing_test(oracle_sees_differences 120 oracle/oracle.py --mode transaction --must-differ
                 "${CMAKE_CURRENT_LIST_DIR}/oracle/scripts/temporary_tables.pgs")
pgs_sharing_test(oracle_reads_scripts 30 oracle/oracle_selftest.py)
pgs_sharing_test(leak_sees_leaks 180 leak/leak.py 6000 --seed 5 --control leaky)
pgs_sharing_test(leak_sees_nothing_without_proxy 120 leak/leak.py 6000 --control direct)
