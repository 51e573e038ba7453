#include "audit/schema_watch.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <charconv>
#include <map>
#include <utility>

#include "base/log.hpp"
#include "db/pg_pipeline.hpp"

namespace pgsidecar::audit {
namespace {

/// Bounds what a rule for all tables can make us keep.
constexpr std::string_view kMaxColumns = "20000";

bool same(const model::LearnedSchema& a, const model::LearnedSchema& b) {
    return std::ranges::equal(a.tables, b.tables, [](const auto& x, const auto& y) {
        return x.schema == y.schema && x.name == y.name && x.columns == y.columns;
    });
}

/// `column = $n`, or the beginning of it.
std::string condition(std::string_view column, std::string_view pattern,
                      std::vector<db::Value>& parameters) {
    const bool any_ending = pattern.ends_with('*');
    if (any_ending) pattern.remove_suffix(1);
    parameters.emplace_back(std::string(pattern));
    const std::string number = "$" + std::to_string(parameters.size()) + "::text";
    if (any_ending) {
        return "pg_catalog.starts_with(" + std::string(column) + "::text, " + number + ")";
    }
    return std::string(column) + "::text OPERATOR(pg_catalog.=) " + number;
}

}  // namespace

SchemaQuestion schema_question(const std::vector<std::string>& tables) {
    SchemaQuestion question;
    std::string which;
    for (const auto& table : tables) {
        const auto dot = table.find('.');
        if (!which.empty()) which += " OR ";
        which += "(";
        if (dot != std::string::npos) {
            which += condition("n.nspname", table.substr(0, dot), question.parameters) + " AND ";
        }
        const auto name = dot == std::string::npos ? table : table.substr(dot + 1);
        which += condition("c.relname", name, question.parameters) + ")";
    }
    question.sql =
        "SELECT n.nspname, c.relname, a.attname, a.atttypid FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid"
        " WHERE c.relkind IN ('r', 'p', 'v', 'f') AND a.attnum OPERATOR(pg_catalog.>) 0"
        " AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND (" +
        (which.empty() ? "false" : which) + ") ORDER BY n.nspname, c.relname, a.attnum LIMIT " +
        std::string(kMaxColumns);
    return question;
}

model::LearnedSchema learned_schema(std::string database, const db::Rows& rows) {
    model::LearnedSchema schema;
    schema.database = std::move(database);
    for (const auto& row : rows.rows) {
        if (row.size() != 4 || !row[0] || !row[1] || !row[2] || !row[3]) continue;
        const bool same_table = !schema.tables.empty() && schema.tables.back().schema == *row[0] &&
                                schema.tables.back().name == *row[1];
        if (!same_table) {
            auto& table = schema.tables.emplace_back();
            table.schema = *row[0];
            table.name = *row[1];
        }
        std::uint32_t type = 0;
        std::from_chars(row[3]->data(), row[3]->data() + row[3]->size(), type);
        schema.tables.back().columns.emplace_back(*row[2], type);
    }
    return schema;
}

class SchemaWatch::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(asio::any_io_executor ex, Options options, OnLearned on_learned)
        : executor(std::move(ex)),
          options_(std::move(options)),
          on_learned_(std::move(on_learned)),
          timer_(executor),
          databases_{options_.upstream.database} {}

    void set_usable(bool usable) {
        usable_ = usable;
        if (pipeline_ && !usable) pipeline_->interrupt();
        due_ = usable;
        if (!usable || stopping_) return;
        if (!running_) {
            running_ = true;
            asio::co_spawn(executor, run(shared_from_this()), asio::detached);
        } else {
            timer_.cancel();
        }
    }
    void add_database(std::string database) {
        if (std::ranges::find(databases_, database) != databases_.end()) return;
        databases_.push_back(std::move(database));
        if (usable_) set_usable(true);
    }
    void set_tables(std::vector<std::string> tables) {
        if (options_.tables == tables) return;
        options_.tables = std::move(tables);
        if (usable_) set_usable(true);
    }
    void stop(std::function<void()> done) {
        stopping_ = true;
        usable_ = false;
        timer_.cancel();
        if (pipeline_) pipeline_->interrupt();
        if (running_) {
            stopped_ = std::move(done);
        } else if (done) {
            done();
        }
    }
    void detach() {
        on_learned_ = nullptr;
        stop({});
    }

    const asio::any_io_executor executor;

private:
    static asio::awaitable<void> run(std::shared_ptr<Impl> self) {
        while (self->usable_) {
            if (std::exchange(self->due_, false)) {
                // By number: databases may be added meanwhile.
                for (std::size_t i = 0; i < self->databases_.size() && self->usable_; ++i) {
                    co_await self->learn(self->databases_[i]);
                }
                continue;
            }
            self->timer_.expires_after(std::chrono::milliseconds(self->options_.interval_ms));
            const auto [cancelled] =
                co_await self->timer_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
            if (!cancelled) self->due_ = true;
        }
        self->running_ = false;
        if (self->stopped_) std::exchange(self->stopped_, nullptr)();
    }

    asio::awaitable<void> learn(std::string database) {
        config::Upstream upstream = options_.upstream;
        upstream.database = database;
        pipeline_ =
            std::make_unique<db::PgPipeline>(executor, std::move(upstream), options_.tls_required);
        auto rows = co_await ask();
        pipeline_.reset();
        if (!rows) {
            base::log::debug("schema_watch", "The columns of queueable tables were not learned.",
                             {{"database", database}, {"why", rows.error().message}});
            co_return;
        }
        auto schema = std::make_shared<model::LearnedSchema>(learned_schema(database, *rows));
        auto& known = known_[database];
        if (known && same(*known, *schema)) co_return;
        known = schema;
        if (on_learned_) on_learned_(known);
    }

    asio::awaitable<db::Result<db::Rows>> ask() {
        auto connected = co_await pipeline_->connect(options_.timeout_ms);
        if (!connected) co_return connected.error();
        SchemaQuestion question = schema_question(options_.tables);
        auto rows = co_await pipeline_->execute(
            std::move(question.sql), std::move(question.parameters), options_.timeout_ms);
        co_return rows;
    }

    Options options_;
    OnLearned on_learned_;
    asio::steady_timer timer_;
    std::vector<std::string> databases_;
    std::map<std::string, model::LearnedSchemaPtr> known_;
    std::unique_ptr<db::PgPipeline> pipeline_;  ///< while something is being asked
    std::function<void()> stopped_;
    bool usable_ = false, due_ = false, running_ = false, stopping_ = false;
};

SchemaWatch::SchemaWatch(asio::any_io_executor executor, Options options, OnLearned on_learned)
    : impl_(
          std::make_shared<Impl>(std::move(executor), std::move(options), std::move(on_learned))) {}

SchemaWatch::~SchemaWatch() { impl_->detach(); }

void SchemaWatch::set_usable(bool usable) {
    asio::post(impl_->executor, [impl = impl_, usable] { impl->set_usable(usable); });
}

void SchemaWatch::add_database(std::string database) {
    asio::post(impl_->executor, [impl = impl_, database = std::move(database)]() mutable {
        impl->add_database(std::move(database));
    });
}

void SchemaWatch::set_tables(std::vector<std::string> tables) {
    asio::post(impl_->executor, [impl = impl_, tables = std::move(tables)]() mutable {
        impl->set_tables(std::move(tables));
    });
}

void SchemaWatch::stop(std::function<void()> done) {
    asio::post(impl_->executor,
               [impl = impl_, done = std::move(done)]() mutable { impl->stop(std::move(done)); });
}

}  // namespace pgsidecar::audit
