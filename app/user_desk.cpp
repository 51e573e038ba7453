#include "app/user_desk.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "db/user_lookup.hpp"
#include "protocol/auth/login_secret.hpp"

namespace pgsidecar::app {

namespace {

/// Who asks, and with which password.
config::Upstream asker(const config::Settings& settings, config::Upstream upstream,
                       const proxy::UserFile& users, std::string& problem) {
    const std::string& user = settings.auth.query_user;
    if (user.empty() || user == upstream.user) return upstream;
    auto listed = users.all().find(user);
    if (listed == users.all().end()) {
        problem = "auth.query_user \"" + user + "\" is not in auth.user_file; add its line there.";
        return upstream;
    }
    auto secret = protocol::LoginSecret::from_stored(listed->second);
    if (secret.scram_stored || !secret.md5.empty()) {
        problem = "auth.user_file has no password of auth.query_user \"" + user +
                  "\" but a digest of it, which cannot log in; write the password itself there.";
        return upstream;
    }
    upstream.user = user;
    upstream.password = secret.password;
    return upstream;
}

}  // namespace

struct UserDesk::Impl {
    explicit Impl(asio::io_context& given) : control(given) {}

    asio::io_context& control;
    proxy::DataPlane* plane = nullptr;
    std::unique_ptr<db::UserLookup> lookup;
};

UserDesk::UserDesk(asio::io_context& control, const config::Settings& settings,
                   const config::Upstream& upstream, const proxy::UserFile& users,
                   std::string& problem)
    : impl_(std::make_unique<Impl>(control)) {
    if (settings.auth.query.empty() || settings.auth.mode != config::AuthMode::Managed ||
        settings.database.mode == model::DatabaseMode::Mock)
        return;
    db::UserLookup::Options options;
    options.query = settings.auth.query;
    options.timeout_ms = settings.auth.query_timeout_ms;
    options.mode = settings.database.mode;
    impl_->lookup = std::make_unique<db::UserLookup>(
        control.get_executor(), asker(settings, upstream, users, problem), std::move(options));
}

UserDesk::~UserDesk() = default;

void UserDesk::start(proxy::DataPlane& plane) { impl_->plane = &plane; }

void UserDesk::stop() { impl_->lookup.reset(); }

void UserDesk::look_up(int worker, const std::string& user) {
    asio::post(impl_->control, [impl = impl_.get(), worker, user] {
        // Mode mock: there is nobody to ask.
        if (!impl->lookup) return impl->plane->user_answered(worker, user, {true, std::nullopt});
        impl->lookup->look_up(user, [impl, worker, user](const db::UserLookup::Answer& answer) {
            impl->plane->user_answered(worker, user, {answer.answered, answer.secret});
        });
    });
}

}  // namespace pgsidecar::app
