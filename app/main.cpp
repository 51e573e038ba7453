#include <iostream>

#include "app/application.hpp"
#include "app/cli/cli.hpp"

int main(int argc, char** argv) {
    auto cli =
        pgsidecar::app::run_cli(pgsidecar::app::process_input(argc, argv), std::cout, std::cerr);
    if (cli.exit_code) return *cli.exit_code;
    return pgsidecar::app::Application(std::move(cli.input), std::move(cli.loaded)).run();
}
