#!/usr/bin/env python3
"""Each rule of layering.py refuses a bad sample and leaves the good one alone."""

import tempfile
import unittest
from pathlib import Path

from layering import Layering, check_table, load_table

GOOD = {
    "base/clock.hpp": "#pragma once\n#include <chrono>\n#include <sys/random.h>\n",
    "protocol/framing/reader.hpp": '#include <span>\n#include "base/clock.hpp"\n// #include <asio.hpp>\n',
    "protocol/scram.cpp": '#include <openssl/evp.h>\n#include "protocol/framing/reader.hpp"\n',
    "sql/parse.cpp": "#include <pg_query.h>\n",
    "proxy/core/pool.cpp": '#include "protocol/framing/reader.hpp"\n/* steady_clock::now */ auto s = "read_clocks";\n',
    "proxy/io/socket.hpp": '#include <asio.hpp>\n#include <openssl/ssl.h>\n#include "proxy/core/pool.hpp"\n',
    "ws/server.hpp": "#include <boost/beast/core.hpp>\n#include <unistd.h>\n",
    "realtime/json.hpp": "#include <rapidjson/document.h>\n",
    "realtime/requests.hpp": '#include "realtime/json.hpp"\n',
    "realtime/hub.cpp": '#include "realtime/requests.hpp"\n',
    "app/main.cpp": '#include <CLI/CLI.hpp>\n#include "ws/server.hpp"\n',
    "tests/unit/x_test.cpp": '#include <anything/at_all.h>\n#include "ws/server.hpp"\n',
    "proxy/CMakeLists.txt": "pgs_layer(proxy DEPS base model protocol THIRD_PARTY dep_asio)\n",
}

# what is wrong: (file, text, a piece of the sentence)
BAD = [
    ("base/x.hpp", '#include "model/y.hpp"', "base/ must not include model/"),
    ("proxy/io/x.cpp", '#include "ws/server.hpp"', "proxy/ must not include ws/"),
    ("proxy/core/x.cpp", '#include "proxy/io/socket.hpp"', "proxy/core/ must not include"),
    ("model/x.cpp", '#include "app/main.hpp"', "model/ must not include app/"),
    ("model/x.cpp", '#include "y.hpp"', "start at the repository's root"),
    ("model/x.cpp", '#include "../base/y.hpp"', "start at the repository's root"),
    ("protocol/x.cpp", "#include <asio.hpp>", "standalone Asio is not for protocol/"),
    ("proxy/core/x.hpp", "#include <asio/buffer.hpp>", "standalone Asio is not for proxy/core/"),
    ("proxy/core/x.cpp", "#  include <openssl/rand.h>", "OpenSSL is not for proxy/core/"),
    ("protocol/x.cpp", "#include <openssl/rand.h>", "for one file of protocol/"),
    ("protocol/x.hpp", "#include <openssl/rand.h>", "belongs into a .cpp"),
    ("sql/other.cpp", "#include <pg_query.h>", "for one file of sql/"),
    ("sql/x.hpp", "#include <pg_query.h>", "belongs into a .cpp"),
    ("proxy/io/x.cpp", "#include <boost/asio.hpp>", "Boost.Asio and Beast is not for proxy/io/"),
    ("ws/x.cpp", "#include <asio/io_context.hpp>", "standalone Asio is not for ws/"),
    ("db/x.cpp", "#include <sqlite3.h>", "SQLite is not for db/"),
    ("proxy/io/x.cpp", "#include <libpq-fe.h>", "libpq is not for proxy/io/"),
    ("config/x.hpp", "#include <toml++/toml.h>", "belongs into a .cpp"),
    ("config/x.hpp", "#include <CLI/CLI.hpp>", "belongs into a .cpp"),
    ("app/x.hpp", "#include <CLI/CLI.hpp>", "sources only"),
    ("ws/x.cpp", '#include "realtime/json.hpp"', "private to realtime/"),
    ("ws/x.cpp", '#include "realtime/requests.hpp"', "private to realtime/"),
    ("config/x.cpp", "#include <rapidjson/document.h>", "RapidJSON is not for config/"),
    ("ws/x.cpp", "#include <prometheus/registry.h>", "prometheus-cpp is not for ws/"),
    ("model/x.cpp", "#include <fmt/format.h>", "does not know"),
    ("model/x.cpp", "#include <zlib.h>", "does not know"),
    ("protocol/x.cpp", "auto t = std::chrono::steady_clock::now();", "it is deterministic"),
    ("proxy/core/x.cpp", "std::random_device d;", "it is deterministic"),
    ("proxy/core/x.hpp", "auto n = base::read_clocks();", "it is deterministic"),
    ("sql/CMakeLists.txt", "pgs_layer(sql DEPS base model\n  proxy PRIVATE_THIRD_PARTY dep_pg_query)", "pgs_layer(sql)"),
]


def findings_in(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        return Layering(folder, load_table()).check()[0]


class LayeringSelfTest(unittest.TestCase):
    def test_good_sample_passes(self):
        self.assertEqual([], findings_in(GOOD))

    def test_each_bad_sample_is_refused_once(self):
        for name, text, sentence in BAD:
            with self.subTest(sample=f"{name}: {text}"):
                findings = findings_in({**GOOD, name: text})
                self.assertEqual(1, len(findings), findings)
                self.assertIn(sentence, findings[0].sentence)

    def test_a_table_that_goes_upward_is_refused(self):
        self.assertEqual([], list(check_table(load_table())))
        self.assertEqual(1, len(list(check_table({"folders": {"low": ["high"], "high": []}}))))


if __name__ == "__main__":
    unittest.main()
