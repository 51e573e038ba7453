#include "sql/type_name.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sql/built_in_types.hpp"

namespace pgsidecar::sql {

namespace {

struct Alias {
    std::string_view keyword;
    std::string_view type;
};

/// Keywords that are not the type's name in pg_type.
constexpr std::array kAliases{
    Alias{"int", "int4"},        Alias{"integer", "int4"},    Alias{"smallint", "int2"},
    Alias{"bigint", "int8"},     Alias{"real", "float4"},     Alias{"boolean", "bool"},
    Alias{"decimal", "numeric"}, Alias{"dec", "numeric"},     Alias{"char", "bpchar"},
    Alias{"nchar", "bpchar"},    Alias{"character", "bpchar"}};

constexpr std::array<std::string_view, 6> kIntervalFields{"year", "month",  "day",
                                                          "hour", "minute", "second"};

/// More tokens in a type's parentheses than any built-in type takes.
constexpr int kMaxModifierTokens = 8;

class TypeNameReader {
public:
    explicit TypeNameReader(TokenReader& reader) : reader_(reader) {}

    std::uint32_t read() {
        std::string name;
        const bool keyword = reader_.at(TokenKind::Word);
        if (!read_name(name)) return 0;
        if (keyword && !qualified_) read_keyword(name);
        skip_modifier();
        if (keyword && !qualified_) read_zone(name);
        if (reader_.at_operator("%")) return 0;  // t.c%TYPE
        const bool array = read_array();
        return understood_ ? built_in_type(name, array) : 0;
    }

private:
    bool read_name(std::string& name) {
        while (reader_.at_name()) {
            const auto part = identifier(reader_.token());
            if (!part) return false;
            understood_ = understood_ && (!qualified_ || name == "pg_catalog");
            name = *part;
            reader_.advance();
            if (!reader_.take(TokenKind::Dot)) return true;
            qualified_ = true;
        }
        return false;
    }

    void read_keyword(std::string& name) {
        if (name == "national") {
            if (!reader_.take_word("character") && !reader_.take_word("char")) understood_ = false;
            name = "character";
        }
        if (name == "double") {
            understood_ = understood_ && reader_.take_word("precision");
            name = "float8";
        } else if (name == "character" || name == "char" || name == "nchar") {
            name = reader_.take_word("varying") ? "varchar" : "bpchar";
        } else if (name == "bit") {
            if (reader_.take_word("varying")) name = "varbit";
        } else if (name == "interval") {
            skip_interval_fields();
        } else if (name == "float") {
            name = float_type();
        }
        const auto* alias = std::find_if(kAliases.begin(), kAliases.end(),
                                         [&](const Alias& a) { return a.keyword == name; });
        if (alias != kAliases.end()) name = alias->type;
    }

    /// float(1) to float(24) are float4.
    std::string float_type() const {
        if (!reader_.at(TokenKind::Open)) return "float8";
        const TokenReader inside = reader_.after();
        const std::string digits(inside.token().text());
        const bool small = inside.at(TokenKind::Integer) && digits.size() <= 2 &&
                           digits.find_first_not_of("0123456789") == std::string::npos &&
                           std::stoi(digits) <= 24;
        return small ? "float4" : "float8";
    }

    bool at_interval_field() const {
        return std::any_of(kIntervalFields.begin(), kIntervalFields.end(),
                           [&](std::string_view field) { return reader_.at_word(field); });
    }

    void skip_interval_fields() {
        if (!at_interval_field()) return;
        reader_.advance();
        if (!reader_.take_word("to")) return;
        if (at_interval_field()) reader_.advance();
    }

    void read_zone(std::string& name) {
        if (name != "time" && name != "timestamp") return;
        const bool with = reader_.at_word("with");
        if (!with && !reader_.at_word("without")) return;
        TokenReader ahead = reader_.after();
        if (!ahead.take_word("time") || !ahead.take_word("zone")) return;
        reader_ = ahead;
        if (with) name += "tz";
    }

    /// (10, 2): what the parentheses hold does not matter for which type it is.
    void skip_modifier() {
        if (!reader_.at(TokenKind::Open)) return;
        TokenReader ahead = reader_.after();
        for (int i = 0; i < kMaxModifierTokens && !ahead.at_end(); ++i) {
            if (ahead.take(TokenKind::Close)) {
                reader_ = ahead;
                return;
            }
            if (ahead.at(TokenKind::Open)) break;
            ahead.advance();
        }
        understood_ = false;
    }

    /// [], [3], ARRAY, ARRAY[3]; more dimensions are the same type.
    bool read_array() {
        bool array = reader_.take_word("array");
        while (reader_.at(TokenKind::BracketOpen)) {
            TokenReader ahead = reader_.after();
            ahead.take(TokenKind::Integer);
            if (!ahead.take(TokenKind::BracketClose)) break;
            reader_ = ahead;
            array = true;
        }
        return array;
    }

    TokenReader& reader_;
    bool qualified_ = false, understood_ = true;
};

}  // namespace

std::uint32_t read_type_name(TokenReader& reader) { return TypeNameReader(reader).read(); }

}  // namespace pgsidecar::sql
