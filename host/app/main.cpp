#include "app/host.hpp"
#include "cli/command_line.hpp"

int main(int argc, char** argv) {
  return patchbay::cli::run(
      argc, argv, [](const patchbay::config::Config& config) { return patchbay::app::serve(config); });
}
