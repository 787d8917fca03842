#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

namespace latchkey::test {

/// Gives up root's rights for its lifetime.
class Unprivileged {
 public:
  Unprivileged() : was_(::geteuid()) {
    if (was_ == 0) {
      EXPECT_EQ(::seteuid(65534), 0);
    }
  }
  ~Unprivileged() { EXPECT_EQ(::seteuid(was_), 0); }

 private:
  uid_t was_;
};

}  // namespace latchkey::test
