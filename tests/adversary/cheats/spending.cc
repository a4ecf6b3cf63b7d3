// Flawed twins of Claim, Settle and the spent-set that they work on.
#include <deque>

#include "tests/adversary/cheats/cheats.h"

namespace blindlend::test {

namespace {

// Looks, and then writes: two steps, each under its lock, in the place of one.
class CheckThenInsert : public MemoryBook {
 public:
  Claimed Claim(const Borrow& borrow, bool owner_lives, const ByteSource& source) override {
    const Bytes id = *TokenId(borrow.token);
    SpentSet seen;
    {
      const std::lock_guard lock(mutex_);
      const auto at = spent_.entries.find(id);
      if (at != spent_.entries.end()) seen.entries.insert(*at);
    }
    const Claimed claimed =
        blindlend::Claim(seen, id, borrow.token.key_id, borrow.digest, owner_lives, source).value();
    const std::lock_guard lock(mutex_);
    if (!claimed.claim_id.empty()) spent_.entries[id] = seen.entries.at(id);
    return claimed;
  }
};

// Keeps the newest thousand.
class Evicting : public MemoryBook {
 public:
  Claimed Claim(const Borrow& borrow, bool owner_lives, const ByteSource& source) override {
    const Claimed claimed = MemoryBook::Claim(borrow, owner_lives, source);
    if (claimed.verdict == Verdict::kFresh) order_.push_back(*TokenId(borrow.token));
    if (order_.size() > 1000) {
      const std::lock_guard lock(mutex_);
      spent_.entries.erase(order_.front());
      order_.pop_front();
    }
    return claimed;
  }

 private:
  std::deque<Bytes> order_;
};

// A list to which each new token is added at the end, as a table with rowids is.
class Ordered : public MemoryBook {
 public:
  Claimed Claim(const Borrow& borrow, bool owner_lives, const ByteSource& source) override {
    const Claimed claimed = MemoryBook::Claim(borrow, owner_lives, source);
    if (claimed.verdict == Verdict::kFresh) order_.push_back(*TokenId(borrow.token));
    return claimed;
  }
  std::string Contents() override {
    std::string all = MemoryBook::Contents();
    for (const Bytes& id : order_) all.append(id.begin(), id.end());
    return all;
  }

 private:
  std::vector<Bytes> order_;
};

// Settles whatever claim the token has.
class AnyClaim : public MemoryBook {
 public:
  bool Settle(const Borrow& borrow, View) override {
    const auto at = spent_.entries.find(*TokenId(borrow.token));
    return at != spent_.entries.end() && MemoryBook::Settle(borrow, at->second.claim_id);
  }
};

// Refunds without end.
class Generous : public MemoryBook {
 public:
  bool Release(const Borrow& borrow, View claim_id) override {
    const auto at = spent_.entries.find(*TokenId(borrow.token));
    if (at != spent_.entries.end()) at->second.refunds = 0;
    return MemoryBook::Release(borrow, claim_id);
  }
};

template <class Book>
Cheat Keeps(const std::string& name, const std::string& twin_of, const std::string& caught_by) {
  return {name, twin_of, {Part::kBook}, caught_by, [](const Bytes&) {
            Parties parties = Shipped();
            parties.open_book = [] { return std::make_unique<Book>(); };
            return parties;
          }};
}

}  // namespace

std::vector<Cheat> SpendingCheats() {
  return {
      Keeps<CheckThenInsert>("check-then-insert", "Claim", "spent: race"),
      Keeps<Evicting>("evicting spent-set", "Claim", "spent: eviction"),
      Keeps<Ordered>("spent-set with order", "Claim", "spent: order"),
      Keeps<AnyClaim>("stale attempts settle", "Settle", "spent: stale"),
      Keeps<Generous>("refunds without end", "Release", "spent: refunds"),
  };
}

}  // namespace blindlend::test
