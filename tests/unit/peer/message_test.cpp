#include "agent/peer/message.h"

#include <gtest/gtest.h>

#include "core/base/sha256.h"
#include "tests/unit/peer/fake_host.h"

// The wire form of docs/protocol-peer.md, read as hostile input (SPEC SEC-3).
namespace latchkey::peer {
namespace {

using test::hash_of;
using test::id_of;

const ChainHeads kHeads{{id_of('1'), {7, hash_of('a')}}, {id_of('2'), {1, hash_of('b')}}};

const NodeTimes kTimes{Time(std::chrono::milliseconds(1'780'000'000'123)), Time{}};

std::vector<Message> one_of_each() {
  Facts facts{3, kHeads, {}};
  facts.batch.facts.push_back({R"({"at":"2026","kind":"x"})", {}});
  facts.batch.documents.push_back({{}, {0, 1, 255}});
  return {Hello{1, id_of('a'), "node-a", "10.0.0.1:8202", id_of('1'), kHeads},
          Hello{1, id_of('a'), "", "", "", {}},
          facts,
          Ack{0, kHeads},
          Synced{},
          Hello{1, id_of('a'), "", "", "", {}, kTimes},
          Heartbeat{},
          Heartbeat{kTimes},
          Locate{id_of('1'), {{1, hash_of('a')}, {9, hash_of('b')}}},
          Located{id_of('1'), 0},
          Refusal{{"chain-broken", "what happened", "what to do"}},
          PairRequest{1, id_of('0'), id_of('b'), "node-b", ":8202", hash_of('c')},
          PairChallenge{hash_of('c')},
          PairProof{hash_of('d')},
          PairGrant{hash_of('e'), id_of('a'), "node-a", {hash_of('f'), "PEM", {id_of('a')}}}};
}

TEST(PeerMessage, WhatIsWrittenIsReadBackTheSame) {
  for (const auto& message : one_of_each()) {
    const auto text = encode(message);
    const auto read = decode(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->index(), message.index());
    EXPECT_EQ(encode(*read), text);
  }
}

TEST(PeerMessage, HashesAreComputedFromWhatArrived) {
  Facts facts;
  facts.batch.facts.push_back({"the text", "a lie"});
  facts.batch.documents.push_back({"a lie", {1, 2, 3}});
  const auto read = std::get<Facts>(decode(encode(facts)).value());
  EXPECT_EQ(read.batch.facts[0].hash, content_hash(as_bytes("the text")));
  EXPECT_EQ(read.batch.documents[0].hash, content_hash(Bytes{1, 2, 3}));
}

/// Each valid message cut at every byte, and with every byte replaced, is refused or is another
/// valid message.
TEST(PeerMessage, EveryDamageIsRefusedOrReadAsSomethingElse) {
  std::size_t refused = 0;
  for (const auto& message : one_of_each()) {
    const auto text = encode(message);
    for (std::size_t i = 0; i < text.size(); ++i) {
      EXPECT_FALSE(decode(text.substr(0, i)));
      auto damaged = text;
      damaged[i] = '\x01';
      const auto read = decode(damaged);
      EXPECT_FALSE(read) << damaged;
      refused += read ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 1000U);
}

const char* const kMalformed[] = {
    "",
    "null",
    "[]",
    "{}",
    R"({"type":1})",
    R"({"type":"unheard-of"})",
    R"({"type":"synced","type":"synced"})",
    R"({"type":"ack","number":-1,"heads":{}})",
    R"({"type":"ack","number":1.5,"heads":{}})",
    R"({"type":"ack","number":"1","heads":{}})",
    R"({"type":"ack","number":1})",
    R"({"type":"ack","number":1,"heads":[]})",
    R"({"type":"ack","number":1,"heads":{"x":[1,"y"]}})",
    R"({"type":"ack","number":1,"heads":{"11111111111111111111111111111111":[0,"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]}})",
    R"({"type":"ack","number":1,"heads":{"11111111111111111111111111111111":[1,"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]}})",
    R"({"type":"ack","number":1,"heads":{"11111111111111111111111111111111":[1]}})",
    R"({"type":"facts","number":1,"heads":{},"facts":[1],"documents":[]})",
    R"({"type":"facts","number":1,"heads":{},"facts":[],"documents":["*"]})",
    R"({"type":"facts","number":1,"heads":{},"facts":{},"documents":[]})",
    R"({"type":"locate","chain":"11111111111111111111111111111111","points":[[[[[]]]]]})",
    R"({"type":"pair-challenge","nonce":""})",
};

TEST(PeerMessage, RefusesWhatIsMalformed) {
  for (const auto* text : kMalformed) {
    const auto read = decode(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, "message-invalid");
    EXPECT_NE(read.error().cure, "");
  }
}

/// One more than allowed, in each thing that is counted or measured.
TEST(PeerMessage, EverythingIsBounded) {
  const auto many_facts = [](std::size_t count, std::size_t size) {
    Facts facts;
    facts.batch.facts.resize(count, {std::string(size, 'x'), {}});
    return encode(facts);
  };
  EXPECT_TRUE(decode(many_facts(kFactsPerBatch, 10)));
  EXPECT_FALSE(decode(many_facts(kFactsPerBatch + 1, 10)));
  EXPECT_TRUE(decode(many_facts(1, kFactLimit)));
  EXPECT_FALSE(decode(many_facts(1, kFactLimit + 1)));
  const auto document = [](std::size_t size) {
    Facts facts;
    facts.batch.documents.push_back({{}, Bytes(size)});
    return encode(facts);
  };
  EXPECT_TRUE(decode(document(kDocumentLimit)));
  EXPECT_FALSE(decode(document(kDocumentLimit + 1)));
  const auto points = [](std::size_t count) {
    return encode(Locate{id_of('1'), std::vector(count, ChainHead{1, hash_of('a')})});
  };
  EXPECT_TRUE(decode(points(kPointsLimit)));
  EXPECT_FALSE(decode(points(kPointsLimit + 1)));
  EXPECT_TRUE(decode(encode(Synced{}) + std::string(kFrameLimit - 17, ' ')));
  EXPECT_FALSE(decode(encode(Synced{}) + std::string(kFrameLimit, ' ')));
}

TEST(PeerMessage, AMemberThatThisVersionDoesNotKnowIsNoFault) {
  EXPECT_TRUE(decode(R"({"type":"heartbeat","load":0.5})"));
}

}  // namespace
}  // namespace latchkey::peer
