// SPDX-License-Identifier: BSD-3-Clause
#include <mpi.h>

#include <boost/mpi/environment.hpp>
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

}  // namespace
}  // namespace metriclab::mpi

extern "C" metriclab::Ranks* metriclab_join_ranks(const metriclab::RanksOptions& options) {
  using namespace metriclab::mpi;
  // An error in C++ ends its own rank, and what a lost one causes is to be returned, not fatal.
  auto environment = std::make_unique<bm::environment>(bm::threading::serialized, false);
  if (bm::environment::thread_level() < bm::threading::serialized)
    throw metriclab::Error("this MPI does not let another thread speak than the one that began");
  ::MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (bm::communicator().rank() == 0) return new Member<Leader>(std::move(environment), options);
  return new Member<Follower>(std::move(environment), options);
}
