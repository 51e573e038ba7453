"""Many connections at once: a thread for each, all of which are connected before the first one works."""

import os
import threading

CONNECTIONS = int(os.environ["APP_CONNECTIONS"])
ROUNDS = 20


def same(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def crowd(connect, work):
    """connect() -> a connection, in its thread; work(connection, number, round)."""
    barrier, failures = threading.Barrier(CONNECTIONS), []

    def one(number):
        try:
            connection = connect()
            barrier.wait(60)
            for turn in range(ROUNDS):
                work(connection, number, turn)
            barrier.wait(60)
        except BaseException as error:  # pylint: disable=broad-except
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in failures:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    assert not failures, failures
    print(f"{CONNECTIONS * ROUNDS} rounds ok")
