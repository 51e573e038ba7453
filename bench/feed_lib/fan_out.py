"""How fast the messages of one publisher reach many subscribers."""

import time

from .sockets import close, cpu_seconds, greeted, percentile, subscribed, watched


def fan_out(sidecar, subscribers, rate, seconds):
    listeners = [subscribed(sidecar.port, "room:bench") for _ in range(subscribers)]
    publisher = greeted(sidecar.port)
    poller, sockets = watched(listeners)
    pid = sidecar.process.pid
    latencies, sent, received = [], 0, 0
    cpu, begin = cpu_seconds(pid), time.monotonic()
    while received < rate * seconds * subscribers * 0.999 and time.monotonic() < begin + seconds * 5 + 10:
        due = min(int((time.monotonic() - begin) * rate), rate * seconds)
        for _ in range(due - sent):
            publisher.send('{"type":"publish","channel":"room:bench","payload":{"event":"e","data":{"t":%.6f}}}' % time.monotonic())
        sent = due
        for number, _ in poller.poll(0.001):
            data = sockets[number].recv(65536)
            arrived = time.monotonic()
            received += data.count(b'"t":')
            # One of each read: the oldest whole one of it, which waited longest.
            mark = data.find(b'"t":') + 4
            end = data.find(b"}", mark)
            if mark >= 4 and end > mark:
                latencies.append((arrived - float(data[mark:end])) * 1000)
    took = time.monotonic() - begin
    used = cpu_seconds(pid) - cpu
    close((*listeners, publisher))
    return {"messages_per_s": sent / took, "delivered": received, "sidecar_cpu_share": used / took,
            "p50_ms": percentile(latencies, 0.5), "p99_ms": percentile(latencies, 0.99), "most_ms": max(latencies)}
