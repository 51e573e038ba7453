#include "proxy/core/prepared_statements.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "base/assert.hpp"
#include "protocol/messages/frontend_rewrite.hpp"

namespace pgsidecar::proxy {

namespace {

std::uint64_t mix(std::uint64_t value) {
    __extension__ using Wide = unsigned __int128;
    Wide product = Wide{value} * 0x9e3779b97f4a7c15u;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* from, std::size_t count) {
    std::uint64_t value = 0;
    std::memcpy(&value, from, count);
    return value;
}

std::uint64_t hash_bytes(std::uint64_t hash, std::string_view bytes) {
    hash = mix(hash ^ bytes.size());
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) hash = mix(hash ^ load(bytes.data() + i, 8));
    return i < bytes.size() ? mix(hash ^ load(bytes.data() + i, bytes.size() - i)) : hash;
}

std::string server_name(std::uint64_t id) {
    std::array<char, 16> digits;
    auto end = std::to_chars(digits.begin(), digits.end(), id, 16).ptr;
    std::string name(PreparedStatements::kPrefix);
    return name.append(digits.data(), end);
}

}  // namespace

// ---- one statement

PreparedStatement::PreparedStatement(PreparedStatements* owner, std::uint64_t id,
                                     model::StatementShapePtr shape)
    : owner_(owner), id_(id), shape_(std::move(shape)) {}

PreparedStatement::~PreparedStatement() {
    if (owner_ != nullptr) owner_->gone(*this);
}

base::Bytes PreparedStatement::types() const {
    return whole_ ? base::as_bytes(message_).subspan(text_at() + text_size_ + 1 + 2)
                  : base::Bytes();
}

std::vector<std::uint32_t> PreparedStatement::type_oids() const {
    std::vector<std::uint32_t> oids;
    base::Bytes given = types();
    for (std::size_t i = 0; i + 4 <= given.size(); i += 4)
        oids.push_back(base::load_be32(given.data() + i));
    return oids;
}

bool PreparedStatement::is(const StatementKey& key) const {
    return whole_ && context_ == key.context && text() == key.text &&
           base::as_text(types()) == base::as_text(key.types);
}

base::Bytes PreparedStatement::parse_message() const {
    return whole_ ? base::as_bytes(message_) : base::Bytes();
}

void PreparedStatement::append_parse(std::string& out, std::string_view name) const {
    PGS_CHECK(protocol::append_parse(out, name, text(), types()).has_value());
}

void PreparedStatement::learn_parameters(base::Bytes payload) const {
    LearnedDescription* learned = to_learn(payload);
    if (learned == nullptr) return;
    learned->parameters = base::as_text(payload);
    measure();
}

bool PreparedStatement::learn_result(char type, base::Bytes payload) const {
    LearnedDescription* learned = to_learn(payload);
    if (learned == nullptr) return false;
    std::byte length[4];
    base::store_be32(length, static_cast<std::uint32_t>(payload.size() + 4));
    std::string message(1, type);
    message.append(base::as_text(length)).append(base::as_text(payload));
    bool changed = !learned->result.empty() && learned->result != message;
    learned->result = std::move(message);
    measure();
    return changed;
}

LearnedDescription* PreparedStatement::to_learn(base::Bytes payload) const {
    if (owner_ == nullptr || payload.size() > owner_->limits_.learned_bytes) return nullptr;
    if (!learned_) learned_ = std::make_unique<LearnedDescription>();
    return learned_.get();
}

void PreparedStatement::measure() const {
    std::size_t bytes = sizeof *this + message_.capacity();
    if (learned_)
        bytes += sizeof *learned_ + learned_->parameters.capacity() + learned_->result.capacity();
    if (owner_ != nullptr) {
        owner_->bytes_ += bytes - footprint_;
        if (owner_->is_recent(*this)) owner_->recent_bytes_ += bytes - footprint_;
    }
    footprint_ = bytes;
}

std::vector<std::uint32_t> PreparedStatement::learned_types() const {
    std::vector<std::uint32_t> oids;
    if (!learned_) return oids;
    base::ByteReader reader(base::as_bytes(learned_->parameters));
    reader.i16();
    while (auto oid = reader.i32()) oids.push_back(static_cast<std::uint32_t>(*oid));
    return oids;
}

// ---- all of them

PreparedStatements::PreparedStatements(std::uint64_t seed, Limits limits)
    : limits_(limits), seed_(mix(seed ^ 0x517cc1b727220a95u)) {}

PreparedStatements::~PreparedStatements() {
    trim_recent(0, 0);
    for (PreparedStatement* statement : table_) statement->owner_ = nullptr;
}

std::uint64_t PreparedStatements::hash_of(const StatementKey& key) const {
    std::uint64_t hash = hash_bytes(seed_ ^ mix(key.context), key.text);
    return key.types.empty() ? hash : hash_bytes(hash, base::as_text(key.types));
}

PreparedStatementPtr PreparedStatements::find(const StatementKey& key, std::uint64_t hash) {
    auto it = table_.find(Lookup{key, hash});
    if (it == table_.end()) return {};
    ++stats_.hits;
    PreparedStatementPtr found(*it);
    used_now(**it);
    return found;
}

PreparedStatementPtr PreparedStatements::make(const StatementKey& key, std::uint64_t hash,
                                              model::StatementShapePtr shape) {
    ++stats_.misses;
    std::string name = server_name(next_id_);
    std::string message;
    message.reserve(1 + 4 + name.size() + 1 + key.text.size() + 1 + 2 + key.types.size());
    // What a client sent under a short name can be too long under ours, or not come from a client.
    if (key.text.size() > 0xffffffff || !protocol::append_parse(message, name, key.text, key.types))
        return make_unshared(std::move(shape));
    auto* made = new PreparedStatement(this, next_id_++, std::move(shape));
    PreparedStatementPtr statement(made);
    made->hash_ = hash;
    made->context_ = key.context;
    made->settings_ = key.settings;
    made->message_ = std::move(message);
    made->name_size_ = static_cast<std::uint8_t>(name.size());
    made->text_size_ = static_cast<std::uint32_t>(key.text.size());
    made->whole_ = true;
    table_.insert(made);
    made->measure();
    used_now(*made);
    return statement;
}

PreparedStatementPtr PreparedStatements::make_unshared(model::StatementShapePtr shape) {
    auto* made = new PreparedStatement(nullptr, next_id_, std::move(shape));
    std::string name = server_name(next_id_++);
    made->message_.assign(PreparedStatement::kNameAt, '\0').append(name);
    made->message_.push_back('\0');
    made->name_size_ = static_cast<std::uint8_t>(name.size());
    return PreparedStatementPtr(made);
}

void PreparedStatements::gone(PreparedStatement& statement) {
    bytes_ -= statement.footprint();
    table_.erase(&statement);
}

// ---- recent ones

void PreparedStatements::used_now(PreparedStatement& statement) {
    if (recent_first_ == &statement || statement.footprint() > limits_.recent_bytes / 8) return;
    bool linked = is_recent(statement);
    if (linked) {
        unlink(statement);
    } else {
        statement.add_ref();
        ++recent_count_;
        recent_bytes_ += statement.footprint();
    }
    statement.recent_next_ = recent_first_;
    if (recent_first_ != nullptr) recent_first_->recent_prev_ = &statement;
    if (recent_last_ == nullptr) recent_last_ = &statement;
    recent_first_ = &statement;
    if (!linked) trim_recent(limits_.recent, limits_.recent_bytes);
}

void PreparedStatements::unlink(PreparedStatement& statement) {
    PreparedStatement* prev = statement.recent_prev_;
    PreparedStatement* next = statement.recent_next_;
    (prev != nullptr ? prev->recent_next_ : recent_first_) = next;
    (next != nullptr ? next->recent_prev_ : recent_last_) = prev;
    statement.recent_prev_ = statement.recent_next_ = nullptr;
}

void PreparedStatements::trim_recent(std::size_t count, std::size_t bytes) {
    while (recent_last_ != nullptr && (recent_count_ > count || recent_bytes_ > bytes)) {
        PreparedStatement* oldest = recent_last_;
        unlink(*oldest);
        --recent_count_;
        recent_bytes_ -= oldest->footprint();
        PreparedStatementPtr last_use(oldest);
        oldest->release_ref();  // the list's own
    }
}

}  // namespace pgsidecar::proxy
