#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <vector>

#include "agent/web/assets.h"
#include "core/usbkey/key_fault.h"

namespace latchkey::web {
namespace {

using testing::IsEmpty;
using Texts = std::map<std::string, std::string>;
using Keys = std::set<std::string>;

/// What the agent says in English itself: other languages have it by its code.
constexpr std::string_view kOfTheAgent = "api.";

Texts texts(const std::string& language) {
  for (const auto& asset : assets())
    if (asset.path == "strings/" + language + ".json")
      return nlohmann::json::parse(asset.plain).get<Texts>();
  return {};
}

std::string all_scripts() {
  std::string all;
  for (const auto& asset : assets())
    if (asset.path.ends_with(".js")) all.append(asset.plain).append("\n");
  return all;
}

Keys found(const std::string& text, const char* pattern) {
  Keys keys;
  const std::regex expression(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it)
    keys.insert((*it)[1]);
  return keys;
}

/// The texts' keys as the scripts name them: without the form that a number takes.
Keys names(const Texts& all) {
  static const std::regex form("\\.(zero|one|two|few|many|other)$");
  Keys keys;
  for (const auto& [key, text] : all)
    if (!key.starts_with(kOfTheAgent)) keys.insert(std::regex_replace(key, form, ""));
  return keys;
}

Keys placeholders(const std::string& text) { return found(text, "\\{(\\w+)\\}"); }

Keys without(const Keys& from, const Keys& those) {
  Keys rest;
  std::ranges::set_difference(from, those, std::inserter(rest, rest.end()));
  return rest;
}

TEST(Strings, BothLanguagesHaveEveryKey) {
  const auto english = names(texts("en")), chinese = names(texts("zh-CN"));
  ASSERT_FALSE(english.empty());
  EXPECT_THAT(without(english, chinese), IsEmpty()) << "only in en.json";
  EXPECT_THAT(without(chinese, english), IsEmpty()) << "only in zh-CN.json";
}

TEST(Strings, BothLanguagesFillInTheSame) {
  const auto english = texts("en");
  for (const auto& [key, text] : texts("zh-CN")) {
    EXPECT_FALSE(text.empty()) << key;
    const auto same = english.find(key);
    if (same == english.end()) continue;  // of the agent, or a form that only one language has
    EXPECT_EQ(placeholders(text), placeholders(same->second)) << key;
  }
}

TEST(Strings, EveryKeyThatAScriptNamesIsThere) {
  const auto scripts = all_scripts();
  const auto known = names(texts("en"));
  EXPECT_THAT(without(found(scripts, "\\btn?\\('([^']+)'"), known), IsEmpty());
  // `link.${…}`: at least one key begins so.
  for (const auto& prefix : found(scripts, "\\btn?\\(`([^`$]+)\\$\\{"))
    EXPECT_TRUE(std::ranges::any_of(known, [&](const auto& key) {
      return key.starts_with(prefix);
    })) << prefix;
}

TEST(Strings, NoKeyIsThereForNothing) {
  const auto scripts = all_scripts();
  const auto literals = found(scripts, "'([a-zA-Z0-9.-]+)'");
  const auto prefixes = found(scripts, "\\btn?\\(`([^`$]+)\\$\\{");
  Keys unused;
  for (const auto& key : names(texts("en")))
    if (!literals.contains(key) &&
        !std::ranges::any_of(prefixes, [&](const auto& prefix) { return key.starts_with(prefix); }))
      unused.insert(key);
  EXPECT_THAT(unused, IsEmpty());
}

TEST(Strings, EnglishLeavesTheAgentsWordsToTheAgent) {
  for (const auto& [key, text] : texts("en")) EXPECT_FALSE(key.starts_with(kOfTheAgent)) << key;
}

TEST(Strings, ChineseHasWhatTheAgentSaysByItsCodes) {  // SPEC KEY-3, LIC-5, ALERT-1
  const auto chinese = texts("zh-CN");
  std::vector<std::string> reasons{"never-inserted", "removed", "multiple-keys",
                                   "keys-on-both-nodes"};
  for (auto fault = KeyFault::not_genuine; fault <= KeyFault::wrong_key_id;
       fault = static_cast<KeyFault>(static_cast<int>(fault) + 1))
    reasons.emplace_back(to_string(fault));
  ASSERT_EQ(reasons.size(), 11U);
  for (const auto& reason : reasons)
    for (const char* group : {"api.reason.", "api.reason-cure."})
      EXPECT_TRUE(chinese.contains(group + reason)) << group << reason;
  for (const std::string code :
       {"invalid-format", "wrong-environment", "expired", "not-yet-valid", "unknown-object",
        "already-imported", "older-than-current", "base-missing", "key-not-inserted",
        "wrong-key-id", "untrusted-signer", "revoked"})
    for (const char* group : {"api.error.", "api.cure."})
      EXPECT_TRUE(chinese.contains(group + code)) << group << code;
  for (const std::string alert :
       {"license-expiring", "after-sales-expiring", "license-expired", "over-quota", "key-missing",
        "key-abnormal", "key-fault", "buffer-running", "buffer-over", "license-server-disconnected",
        "clock-ahead", "clock-behind", "peer-unreachable"})
    for (const char* group : {"api.alert.", "api.alert-cure."})
      EXPECT_TRUE(chinese.contains(group + alert)) << group << alert;
}

TEST(Page, LoadsEveryScriptAtOnceAndNothingFromElsewhere) {
  std::string page;
  Keys scripts;
  for (const auto& asset : assets()) {
    if (asset.path == "index.html") page = asset.plain;
    if (asset.path.ends_with(".js") && asset.path != "app.js")
      scripts.insert("/page/" + std::string(asset.path));
    if (!asset.path.ends_with(".svg")) {
      EXPECT_EQ(found(std::string(asset.plain), "(https?://(?!www\\.w3\\.org/)[a-z])"), Keys())
          << asset.path;
    }
  }
  EXPECT_EQ(found(page, "modulepreload\" href=\"([^\"]+)\""), scripts);
}

TEST(Page, MakesNoMarkupOfWhatTheAgentSays) {  // SPEC SEC-3
  for (const char* way :
       {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"})
    EXPECT_EQ(all_scripts().find(way), std::string::npos) << way;
}

}  // namespace
}  // namespace latchkey::web
