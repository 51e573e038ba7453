#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/outage_policy.hpp"

namespace pgsidecar::model {

/// Reads the text of outage.policy; for OutagePolicy alone.
class OutageRuleReader {
public:
    explicit OutageRuleReader(std::string_view text) : text_(text) {}

    /// Empty, or a sentence: where, what is wrong, what to do.
    std::string read(std::vector<OutageRule>& rules);

private:
    bool read_rule(OutageRule& rule);
    bool read_table(std::string& table);
    bool read_name(std::string& table);
    bool read_quoted(std::string& table);
    bool read_verb(std::string& verb);
    bool read_service(std::string& service);
    bool read_class(OutageClass& outage_class);
    bool check(const OutageRule& rule);

    void skip_space();
    bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
    bool at_end() const { return at_ >= text_.size(); }
    /// Up to one of these characters or the end, without the space around it.
    std::string_view take_until(std::string_view stops);
    /// False, for the callers to return.
    bool fail(std::size_t where, std::string sentence);

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t rule_begin_ = 0;
    std::size_t number_ = 0;  ///< of the rule, from 1
    std::string problem_;
};

}  // namespace pgsidecar::model
