// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <mpi.h>

#include <array>
#include <boost/mpi/environment.hpp>
#include <cstdlib>
#include <memory>
#include <metriclab/mpi/follower.hpp>
#include <metriclab/mpi/leader.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab::mpi {
namespace {

namespace bm = boost::mpi;

/// MPI, from its beginning to its end, around one of the two.
template <class Role>
class Member final : public Ranks {
 public:
  Member(std::unique_ptr<bm::environment> environment, const RanksOptions& options)
      : environment_(std::move(environment)), role_(std::make_unique<Role>(options)) {}
  ~Member() override {
    const bool lost = role_->end();
    // MPI's farewell waits for every rank; where one is lost it is never over.
    if (lost) static_cast<void>(environment_.release());
  }
  bool leads() const override { return role_->leads(); }
  int jobs() const override { return role_->jobs(); }
  std::vector<Workplace*> places() override { return role_->places(); }
  bool serve(const std::atomic<bool>& interrupted) override { return role_->serve(interrupted); }

 private:
  std::unique_ptr<bm::environment> environment_;
  std::unique_ptr<Role> role_;
};

/// As the launchers of Open MPI and of MPICH and its kin tell it, whoever was built with what.
bool is_one_of_several() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMI_SIZE") != nullptr;
}

/// "Open MPI v4.1.4".
std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  ::MPI_Get_library_version(text.data(), &length);
  const std::string all(text.data());
  return all.substr(0, all.find_first_of(",\n"));
}

}  // namespace
}  // namespace metriclab::mpi

extern "C" metriclab::Ranks* metriclab_join_ranks(const metriclab::RanksOptions& options) {
  using namespace metriclab::mpi;
  // An error in C++ ends its own rank, and what a lost one causes is to be returned, not fatal.
  auto environment = std::make_unique<bm::environment>(bm::threading::serialized, false);
  if (bm::environment::thread_level() < bm::threading::serialized)
    throw metriclab::Error("this MPI does not let another thread speak than the one that began");
  ::MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (bm::communicator().size() == 1 && is_one_of_several())
    throw metriclab::Error(fmt::format(
        "the launcher has started several processes, and MPI knows of one; take the mpirun of the "
        "MPI that metriclab was built with ({})",
        library_version()));
  if (bm::communicator().rank() == 0) return new Member<Leader>(std::move(environment), options);
  return new Member<Follower>(std::move(environment), options);
}
