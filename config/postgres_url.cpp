#include "config/postgres_url.hpp"

#include <algorithm>
#include <array>

#include "config/connection_parameters.hpp"
#include "config/text.hpp"

namespace pgsidecar::config {
namespace {

constexpr auto kNpos = std::string_view::npos;
constexpr std::string_view kBadEscape =
    "it holds a broken percent escape (write % as %25; %00 is not allowed)";

bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Reads the parts of a URL in turn; the first thing wrong with it is kept.
class UrlParser {
public:
    UpstreamResult parse(std::string_view rest) {
        const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
        read_authority(rest.substr(0, authority_end));
        rest.remove_prefix(authority_end);
        const auto query = std::min(rest.find('?'), rest.size());
        read_path(rest.substr(0, query));
        if (query < rest.size()) read_query(rest.substr(query + 1));
        if (!error_.empty()) return ConfigError{error_};
        return parameters_.finish();
    }

private:
    void fail(std::string_view sentence) {
        if (error_.empty()) error_ = sentence;
    }

    std::string decoded(std::string_view text) {
        auto out = percent_decoded(text);
        if (!out) fail(kBadEscape);
        return out.value_or("");
    }

    void read_authority(std::string_view authority) {
        if (const auto at = authority.rfind('@'); at != kNpos) {
            const auto credentials = authority.substr(0, at);
            const auto colon = std::min(credentials.find(':'), credentials.size());
            parameters_.upstream().user = decoded(credentials.substr(0, colon));
            if (colon < credentials.size()) {
                parameters_.upstream().password = decoded(credentials.substr(colon + 1));
            }
            authority.remove_prefix(at + 1);
        }
        if (authority.empty()) return;
        for (auto host : split(authority, ',')) read_host(host);
    }

    void read_host(std::string_view text) {
        std::string_view host = text.substr(0, text.find(':'));
        if (text.starts_with('[')) {
            const auto close = text.find(']');
            if (close == kNpos) return fail("its IPv6 address has no closing bracket");
            host = text.substr(1, close - 1);
            text.remove_prefix(close + 1);
            if (!text.empty() && text[0] != ':') return fail("text follows its IPv6 address");
        } else {
            if (std::count(text.begin(), text.end(), ':') > 1) {
                return fail("an IPv6 address in it must stand in brackets, [::1]:5432");
            }
            text.remove_prefix(host.size());
        }
        parameters_.add_host(decoded(host), std::string(text.empty() ? text : text.substr(1)));
    }

    void read_path(std::string_view path) {
        // Only a password with an unencoded slash brings an @ here; going on would show it as a
        // name.
        if (path.find('@') != kNpos) {
            return fail(
                "an @ follows its host (a password that holds : / ? # @ or % must be "
                "percent-encoded)");
        }
        if (path.size() > 1) parameters_.upstream().database = decoded(path.substr(1));
    }

    void read_query(std::string_view query) {
        if (query.empty()) return;
        for (auto parameter : split(query, '&')) {
            const auto equals = std::min(parameter.find('='), parameter.size());
            const auto name = parameter.substr(0, equals);
            const bool plain = !name.empty() && name.size() <= 40 &&
                               std::all_of(name.begin(), name.end(), [](char c) {
                                   return is_alnum(c) || c == '_' || c == '-' || c == '.';
                               });
            if (!plain || equals == parameter.size()) {
                return fail("its part after the ? must be name=value pairs joined by &");
            }
            const auto value = decoded(parameter.substr(equals + 1));
            if (auto mistake = parameters_.take(name, value)) fail(*mistake);
        }
    }

    ConnectionParameters parameters_;
    std::string error_;
};

/// Reads "host=h password='a \'b'" as libpq's conninfo_parse does.
class KeywordParser {
public:
    explicit KeywordParser(std::string_view text) : rest_(text) {}

    UpstreamResult parse() {
        ConnectionParameters parameters;
        for (skip_space(); !rest_.empty(); skip_space()) {
            const auto name = read_name();
            const auto value = name.empty() ? std::nullopt : read_value();
            if (!value) {
                return ConfigError{
                    "it must be a postgres:// URL or keyword=value pairs (values with spaces in "
                    "single quotes)"};
            }
            if (auto mistake = parameters.take(name, *value)) return ConfigError{*mistake};
        }
        return parameters.finish();
    }

private:
    static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

    void skip_space() {
        while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
    }

    std::string_view read_name() {
        std::size_t length = 0;
        while (length < rest_.size() && (is_alnum(rest_[length]) || rest_[length] == '_')) ++length;
        const auto name = rest_.substr(0, length);
        rest_.remove_prefix(length);
        skip_space();
        if (rest_.empty() || rest_[0] != '=') return {};
        rest_.remove_prefix(1);
        skip_space();
        return name;
    }

    std::optional<std::string> read_value() {
        const bool is_quoted = rest_.starts_with('\'');
        if (is_quoted) rest_.remove_prefix(1);
        std::string value;
        while (!rest_.empty()) {
            char c = rest_[0];
            if (is_quoted ? c == '\'' : is_space(c)) break;
            rest_.remove_prefix(1);
            if (c == '\\' && !rest_.empty()) {
                c = rest_[0];
                rest_.remove_prefix(1);
            }
            value += c;
        }
        if (!is_quoted) return value;
        if (rest_.empty()) return std::nullopt;
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
};

bool is_scheme(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alnum(c) || c == '+' || c == '.' || c == '-' || c == '_' || c == ':';
    });
}

}  // namespace

std::optional<SslMode> ssl_mode_from(std::string_view text) {
    for (int i = 0; i <= static_cast<int>(SslMode::VerifyFull); ++i) {
        if (to_string(static_cast<SslMode>(i)) == text) return static_cast<SslMode>(i);
    }
    return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = digit(text[i + 1]), low = digit(text[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4U];
        out += kHex[byte & 0xFU];
    }
    return out;
}

UpstreamResult parse_upstream(std::string_view text) {
    if (text.find('\0') != kNpos) return ConfigError{"it holds a zero byte"};
    if (text.starts_with("jdbc:")) text.remove_prefix(5);
    const auto mark = text.find("://");
    if (mark == kNpos || !is_scheme(text.substr(0, mark))) return KeywordParser(text).parse();
    const auto scheme = text.substr(0, std::min(mark, text.find('+')));
    if (scheme != "postgres" && scheme != "postgresql") {
        return ConfigError{"it must begin with postgres:// or postgresql://"};
    }
    return UrlParser().parse(text.substr(mark + 3));
}

}  // namespace pgsidecar::config
