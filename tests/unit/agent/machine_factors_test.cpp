#include "agent/identity/machine_factors.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace latchkey {
namespace {

using Values = std::map<std::string, std::string>;

class MachineFactorsTest : public testing::Test {
 protected:
  MachineFactorsTest() {
    std::filesystem::create_directories(sources_.dmi);
    std::filesystem::create_directories(sources_.credentials);
  }
  static void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  MachineFactors read() const { return read_machine_factors(sources_); }

  test::TempDir dir_;
  MachineSources sources_{dir_.path() / "machine-id", dir_.path() / "dmi", dir_.path() / "cred",
                          dir_.path() / "tpmrm0"};
};

TEST_F(MachineFactorsTest, AreReadAndTidied) {  // SPEC REQ-2
  write(sources_.machine_id, "0123456789abcdef0123456789abcdef\n");
  write(sources_.dmi / "product_uuid", "4C4C4544-0042-3510-8050-B4C04F4D4E32\n");
  write(sources_.dmi / "board_serial", " .6QX2Y. \n");
  // The machine's own id is not among them: as systemd-id128 --app-specific derives it.
  EXPECT_EQ(read().values, (Values{{"machine-id", "278ec7043afd4895bd0bd253832aa87a"},
                                   {"dmi-uuid", "4c4c4544-0042-3510-8050-b4c04f4d4e32"},
                                   {"board-serial", ".6qx2y."}}));
  EXPECT_TRUE(read().unreadable.empty());
}

TEST_F(MachineFactorsTest, WhatIsNotThereIsAbsent) {
  EXPECT_TRUE(read().values.empty());
  EXPECT_TRUE(read().unreadable.empty());
}

TEST_F(MachineFactorsTest, WhatEveryMachineSaysIsNoFactor) {
  for (const auto* text :
       {"", "\n", "None", "To Be Filled By O.E.M.\n", "Default string", "0", "0000000000",
        "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"}) {
    write(sources_.dmi / "product_uuid", text);
    write(sources_.dmi / "board_serial", text);
    write(sources_.machine_id, text);
    EXPECT_TRUE(read().values.empty()) << text;
  }
  for (const auto* text : {"uninitialized\n", "0123456789abcdef"}) {
    write(sources_.machine_id, text);
    EXPECT_TRUE(read().values.empty()) << text;
  }
}

TEST_F(MachineFactorsTest, SystemdMayHaveReadThemForUs) {  // SPEC SEC-1
  write(sources_.credentials / "product_uuid", "11111111-2222-3333-4444-555555555555\n");
  write(sources_.credentials / "board_serial", "None");  // its default where the file is missing
  write(sources_.dmi / "board_serial", "s1\n");
  EXPECT_EQ(read().values,
            (Values{{"dmi-uuid", "11111111-2222-3333-4444-555555555555"}, {"board-serial", "s1"}}));
}

TEST_F(MachineFactorsTest, WhatCannotBeReadIsSaid) {
  // A directory opens and does not read, for root as for anybody.
  std::filesystem::create_directory(sources_.dmi / "board_serial");
  write(sources_.dmi / "product_uuid", std::string(5000, 'x'));
  EXPECT_TRUE(read().values.empty());
  EXPECT_EQ(read().unreadable, (std::vector<std::string>{"dmi-uuid", "board-serial"}));
}

TEST_F(MachineFactorsTest, WhatSystemdReadForUsIsNotUnreadable) {  // SPEC REQ-2
  struct Row {
    std::string credential;  // empty: systemd handed over none
    std::vector<std::string> unreadable;
  };
  const std::vector<Row> rows{{"", {"board-serial"}},
                              {"None", {}},
                              {"Default string\n", {}},
                              {std::string(5000, 'x'), {"board-serial"}}};
  std::filesystem::create_directory(sources_.dmi / "board_serial");
  for (const auto& row : rows) {
    const auto file = sources_.credentials / "board_serial";
    std::filesystem::remove(file);
    if (!row.credential.empty()) write(file, row.credential);
    const auto factors = read();
    EXPECT_TRUE(factors.values.empty()) << row.credential;
    EXPECT_EQ(factors.unreadable, row.unreadable) << row.credential;
  }
}

}  // namespace
}  // namespace latchkey
