#include "app/plane_options.hpp"

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "app/cli/version.hpp"
#include "proxy/mock/table_book.hpp"

namespace pgsidecar::app {
namespace {

/// A sentence when it cannot be used.
std::string read_users(const std::string& path, proxy::UserFile& users) {
    std::ifstream file(path);
    if (!file) return "auth.user_file " + path + " cannot be read.";
    std::stringstream text;
    text << file.rdbuf();
    std::vector<proxy::UserFile::Problem> mistakes;
    users = proxy::UserFile::parse(text.str(), mistakes);
    if (mistakes.empty()) return {};
    return path + ":" + std::to_string(mistakes[0].line) + ": " + mistakes[0].message + ".";
}

}  // namespace

std::shared_ptr<proxy::Options> plane_options(const PlaneOptionsParts& parts,
                                              base::Entropy& entropy, proxy::UserFile& users,
                                              std::string& problem) {
    const config::Settings& settings = *parts.settings;
    const bool mock = settings.database.mode == model::DatabaseMode::Mock;
    auto options = std::make_shared<proxy::Options>();
    options->settings = parts.settings;
    options->upstream = parts.upstream;
    options->connection_id = parts.connection_id;
    options->progress = parts.progress;
    options->version = version();
    auto policy = std::make_shared<model::OutagePolicy>();
    problem = model::OutagePolicy::parse(settings.outage.policy, *policy);
    if (!problem.empty()) return nullptr;
    options->policy = std::move(policy);
    if (!settings.auth.user_file.empty()) problem = read_users(settings.auth.user_file, users);
    if (!problem.empty()) return nullptr;
    std::vector<std::string> bad_secrets;
    options->credentials = proxy::Credentials::build(
        parts.upstream.user, parts.upstream.password, users, entropy, bad_secrets,
        static_cast<std::uint32_t>(settings.auth.scram_iterations));
    if (!bad_secrets.empty()) {
        problem = "auth.user_file: " + bad_secrets[0];
        return nullptr;
    }
    if (mock) options->mock_tables = std::make_shared<proxy::mock::TableBook>();
    if (mock && parts.upstream.user.empty()) options->credentials.accept_anybody();
    if (parts.before) {
        // Sessions have their seats in it.
        options->census = parts.before->census;
        options->mock_tables = parts.before->mock_tables;
        options->credentials.keep_from(parts.before->credentials);
    }
    return options;
}

}  // namespace pgsidecar::app
