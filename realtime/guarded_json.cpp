#include "realtime/guarded_json.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <set>
#include <string>
#include <vector>

namespace pgsidecar::realtime {
namespace {

constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

/// Passes RapidJSON's events on to the document and stops the reader by answering false.
class Guard {
public:
    using Ch = char;
    using Size = rapidjson::SizeType;

    Guard(rapidjson::Document& out, int max_depth) : out_(out), max_depth_(max_depth) {}

    JsonFault fault() const { return fault_; }

    bool Null() { return out_.Null(); }
    bool Bool(bool v) { return out_.Bool(v); }
    bool Int(int v) { return out_.Int(v); }
    bool Uint(unsigned v) { return out_.Uint(v); }
    bool Int64(std::int64_t v) { return out_.Int64(v); }
    bool Uint64(std::uint64_t v) { return out_.Uint64(v); }
    bool Double(double v) { return out_.Double(v); }
    bool RawNumber(const Ch* s, Size n, bool copy) { return out_.RawNumber(s, n, copy); }
    bool String(const Ch* s, Size n, bool copy) { return out_.String(s, n, copy); }

    bool StartObject() {
        keys_.emplace_back();
        return deeper() && out_.StartObject();
    }
    bool Key(const Ch* s, Size n, bool copy) {
        if (!keys_.back().emplace(s, n).second) return stop(JsonFault::DuplicateKey);
        return out_.Key(s, n, copy);
    }
    bool EndObject(Size members) {
        keys_.pop_back();
        --depth_;
        return out_.EndObject(members);
    }
    bool StartArray() { return deeper() && out_.StartArray(); }
    bool EndArray(Size elements) {
        --depth_;
        return out_.EndArray(elements);
    }

private:
    bool deeper() { return ++depth_ <= max_depth_ || stop(JsonFault::TooDeep); }
    bool stop(JsonFault fault) {
        fault_ = fault;
        return false;
    }

    rapidjson::Document& out_;
    std::vector<std::set<std::string>> keys_;
    int max_depth_;
    int depth_ = 0;
    JsonFault fault_ = JsonFault::None;
};

}  // namespace

JsonFault parse_guarded(std::string_view text, int max_depth, rapidjson::Document& out) {
    JsonFault fault = JsonFault::None;
    auto generate = [&](rapidjson::Document& document) {
        Guard guard(document, max_depth);
        rapidjson::MemoryStream stream(text.data(), text.size());
        rapidjson::Reader reader;
        rapidjson::ParseResult result = reader.Parse<kFlags>(stream, guard);
        if (result.IsError()) {
            fault = guard.fault() == JsonFault::None ? JsonFault::Syntax : guard.fault();
        }
        return !result.IsError();
    };
    out.Populate(generate);
    return fault;
}

}  // namespace pgsidecar::realtime
