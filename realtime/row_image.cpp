#include "realtime/row_image.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

namespace pgsidecar::realtime {
namespace {

constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                            rapidjson::kParseNumbersAsStringsFlag;
constexpr int kMaxDepth = 64;
constexpr std::size_t kExactDigits = 15;
constexpr std::int64_t kLargestExact = 9'007'199'254'740'992;

using Buffer = rapidjson::StringBuffer;
using Writer = rapidjson::Writer<Buffer>;

void write_number(Writer& writer, std::string_view digits) {
    auto size = static_cast<rapidjson::SizeType>(digits.size());
    if (number_is_safe(digits)) {
        writer.RawValue(digits.data(), digits.size(), rapidjson::kNumberType);
    } else {
        writer.String(digits.data(), size);
    }
}

/// Takes the members of the outermost object apart and writes what is nested as it is.
class Splitter {
public:
    using Ch = char;
    using Size = rapidjson::SizeType;

    explicit Splitter(std::vector<RowField>& out) : out_(out) {}

    bool Null() {
        return scalar(RowField::Kind::Null, "null", [](Writer& w) { w.Null(); });
    }
    bool Bool(bool v) {
        return scalar(RowField::Kind::Bool, v ? "true" : "false", [v](Writer& w) { w.Bool(v); });
    }
    bool RawNumber(const Ch* s, Size n, bool) {
        std::string_view digits(s, n);
        return scalar(RowField::Kind::Number, digits,
                      [digits](Writer& w) { write_number(w, digits); });
    }
    bool String(const Ch* s, Size n, bool) {
        return scalar(RowField::Kind::String, {s, n}, [s, n](Writer& w) { w.String(s, n); });
    }
    // Numbers come as RawNumber.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    bool StartObject() {
        if (++depth_ > kMaxDepth) return false;
        keys_.emplace_back();
        if (depth_ == 2) begin();
        if (depth_ >= 2) writer_.StartObject();
        return true;
    }
    bool Key(const Ch* s, Size n, bool) {
        if (!keys_.back().emplace(s, n).second) return false;
        if (depth_ == 1) {
            out_.push_back({std::string(s, n), RowField::Kind::Null, {}});
        } else {
            writer_.Key(s, n);
        }
        return true;
    }
    bool EndObject(Size) {
        keys_.pop_back();
        if (depth_ >= 2) writer_.EndObject();
        return leave();
    }
    bool StartArray() {
        if (++depth_ > kMaxDepth || depth_ == 1) return false;
        if (depth_ == 2) begin();
        writer_.StartArray();
        return true;
    }
    bool EndArray(Size) {
        writer_.EndArray();
        return leave();
    }

private:
    template <class Write>
    bool scalar(RowField::Kind kind, std::string_view text, Write write) {
        if (depth_ == 0) return false;
        if (depth_ == 1) {
            out_.back().kind = kind;
            out_.back().text = text;
        } else {
            write(writer_);
        }
        return true;
    }
    void begin() {
        buffer_.Clear();
        writer_.Reset(buffer_);
    }
    bool leave() {
        if (depth_-- == 2) {
            out_.back().kind = RowField::Kind::Json;
            out_.back().text.assign(buffer_.GetString(), buffer_.GetSize());
        }
        return true;
    }

    std::vector<RowField>& out_;
    Buffer buffer_;
    Writer writer_{buffer_};
    std::vector<std::set<std::string>> keys_;
    int depth_ = 0;
};

}  // namespace

bool number_is_safe(std::string_view digits) {
    std::size_t significant = 0;
    bool integer = true;
    std::size_t end = std::min(digits.find_first_of("eE"), digits.size());
    if (end != digits.size()) integer = false;
    for (char c : digits.substr(0, end)) {
        if (c == '.') integer = false;
        if (c >= '0' && c <= '9' && (c != '0' || significant != 0)) ++significant;
    }
    if (significant <= kExactDigits) {
        if (end == digits.size()) return true;
        double value = std::strtod(std::string(digits).c_str(), nullptr);
        return value <= 1e300 && value >= -1e300;
    }
    std::int64_t value = 0;
    auto [stop, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return integer && fault == std::errc() && stop == digits.data() + digits.size() &&
           value <= kLargestExact && value >= -kLargestExact;
}

std::optional<RowImage> RowImage::parse(std::string_view json) {
    RowImage row;
    Splitter splitter(row.fields_);
    rapidjson::MemoryStream stream(json.data(), json.size());
    rapidjson::Reader reader;
    if (reader.Parse<kFlags>(stream, splitter).IsError()) return std::nullopt;
    return row;
}

const RowField* RowImage::find(std::string_view name) const {
    auto found = std::find_if(fields_.begin(), fields_.end(),
                              [&](const RowField& field) { return field.name == name; });
    return found == fields_.end() ? nullptr : &*found;
}

void RowImage::make_text(std::string_view name) {
    for (RowField& field : fields_) {
        if (field.name == name && field.kind == RowField::Kind::Number)
            field.kind = RowField::Kind::String;
    }
}

std::string RowImage::to_json(const std::vector<std::string>& select) const {
    Buffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    for (const RowField& field : fields_) {
        if (!select.empty() && std::find(select.begin(), select.end(), field.name) == select.end())
            continue;
        writer.Key(field.name.data(), static_cast<rapidjson::SizeType>(field.name.size()));
        switch (field.kind) {
            case RowField::Kind::Null: writer.Null(); break;
            case RowField::Kind::Bool: writer.Bool(field.text == "true"); break;
            case RowField::Kind::Number: write_number(writer, field.text); break;
            case RowField::Kind::String:
                writer.String(field.text.data(),
                              static_cast<rapidjson::SizeType>(field.text.size()));
                break;
            case RowField::Kind::Json:
                writer.RawValue(field.text.data(), field.text.size(), rapidjson::kObjectType);
                break;
        }
    }
    writer.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pgsidecar::realtime
