#include <iostream>

#include "tools/latchkey/context.h"

int main(int argc, char** argv) {
  return latchkey::cli::run(argc, argv, std::cout, std::cerr, latchkey::cli::wants_colour());
}
