// SPDX-License-Identifier: Apache-2.0
// A sweep on a cluster: a private Slurm of two nodes on this machine, one of which is killed in the
// middle, makes the file that one machine makes. Skipped where Slurm cannot start.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/system/command.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// munged, slurmctld and two slurmd, all as this user (root) without systemd, in a folder of their
// own, on ports that follow from the process: two tests at a time do not meet.
class PrivateSlurm {
 public:
  explicit PrivateSlurm(const fs::path& folder) : folder_(folder) {
    for (const char* name : {"munge", "state", "spool.n1", "spool.n2", "log"}) {
      fs::create_directories(folder_ / name);
    }
    write_file(config(), configuration());
    setenv("SLURM_CONF", config().c_str(), 1);
  }
  ~PrivateSlurm() {
    for (const char* name : {"slurmd.n1.pid", "slurmd.n2.pid", "ctld.pid", "munge/pid"}) {
      stop(name, SIGKILL);
    }
    unsetenv("SLURM_CONF");
  }
  PrivateSlurm(const PrivateSlurm&) = delete;
  PrivateSlurm& operator=(const PrivateSlurm&) = delete;

  // Why it cannot run here; empty when both nodes are idle.
  std::string start() {
    if (geteuid() != 0) return "needs root";
    for (const char* program : {"munged", "slurmctld", "slurmd", "sbatch"}) {
      if (!runs("command -v " + std::string(program))) {
        return std::string(program) + " is missing (scripts/install_dependencies.sh slurm)";
      }
    }
    const std::string munge = (folder_ / "munge").string();
    const bool begun =
        runs("head -c 1024 /dev/urandom > " + munge + "/key && chmod 700 " + munge +
             " && chmod 400 " + munge + "/key && munged --key-file=" + munge +
             "/key --socket=" + munge + "/socket --pid-file=" + munge + "/pid --log-file=" + munge +
             "/log --seed-file=" + munge + "/seed --num-threads=2 --force") &&
        runs("slurmctld -f " + config() + " -i") && runs("slurmd -f " + config() + " -N n1") &&
        runs("slurmd -f " + config() + " -N n2");
    if (!begun) return "its daemons do not start";
    for (int i = 0; i < 200; ++i) {
      if (output("sinfo -h -N -o %T") == "idle\nidle\n") return {};
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return "its nodes do not come up: " + output("sinfo -N");
  }

  // Kills a node with all that runs on it, as a power cut does: its daemon, the one that stands
  // above the job, and the job (the process with `running` in its command line).
  void kill_node(const std::string& name, const std::string& running) {
    stop("slurmd." + name + ".pid", SIGKILL);
    for (const pid_t process : processes_of(running)) {
      const std::string status = read_file("/proc/" + std::to_string(process) + "/status");
      const std::size_t parent = status.find("PPid:");
      if (parent != std::string::npos) {
        kill(static_cast<pid_t>(std::stol(status.substr(parent + 5))), SIGKILL);
      }
      kill(process, SIGKILL);
    }
  }

  static std::string output(const std::string& command) {
    const TemporaryFolder folder("mcnn_slurm_out");
    const std::string file = (folder / "out").string();
    if (std::system((command + " > '" + file + "' 2> /dev/null").c_str()) != 0) return {};
    return read_file(file);
  }
  static bool runs(const std::string& command) {
    return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
  }

 private:
  std::string config() const { return (folder_ / "slurm.conf").string(); }

  std::string configuration() const {
    std::string host = output("hostname -s");
    while (host.ends_with('\n')) host.pop_back();
    const int port = 20'000 + (3 * (getpid() % 10'000));
    const std::string in = folder_.string();
    std::ostringstream text;
    text << "ClusterName=mcnn\nSlurmctldHost=" << host << "(127.0.0.1)\n"
         << "SlurmUser=root\nSlurmdUser=root\nAuthType=auth/munge\nCredType=cred/munge\n"
         << "AuthInfo=socket=" << in << "/munge/socket\nSlurmctldPort=" << port << "\n"
         << "StateSaveLocation=" << in << "/state\nSlurmdSpoolDir=" << in << "/spool.%n\n"
         << "SlurmctldPidFile=" << in << "/ctld.pid\nSlurmdPidFile=" << in << "/slurmd.%n.pid\n"
         << "SlurmctldLogFile=" << in << "/log/ctld\nSlurmdLogFile=" << in << "/log/%n\n"
         << "ProctrackType=proctrack/pgid\nTaskPlugin=task/none\nMpiDefault=none\n"
         << "SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nReturnToService=2\n"
         << "JobRequeue=1\nSlurmdTimeout=2\nSlurmctldTimeout=2\nKillWait=2\n"
         << "SchedulerParameters=sched_interval=1,batch_sched_delay=0\n"
         << "AccountingStorageType=accounting_storage/none\n"
         << "JobAcctGatherType=jobacct_gather/none\n";
    for (int node = 1; node <= 2; ++node) {
      text << "NodeName=n" << node << " NodeHostname=" << host
           << " NodeAddr=127.0.0.1 Port=" << port + node
           << " CPUs=1 RealMemory=1000 State=UNKNOWN\n";
    }
    text << "PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP\n";
    return text.str();
  }

  void stop(const std::string& pid_file, int signal) const {
    std::istringstream text(read_file(folder_ / pid_file));
    pid_t process = 0;
    if (text >> process) kill(process, signal);
  }

  // The processes that have all of a text in their command line.
  static std::vector<pid_t> processes_of(const std::string& text) {
    std::vector<pid_t> found;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::string words = read_file(entry.path() / "cmdline");
      std::ranges::replace(words, '\0', ' ');
      const auto process = static_cast<pid_t>(std::stol(name));
      if (words.find(text) != std::string::npos && process != getpid()) found.push_back(process);
    }
    return found;
  }

  fs::path folder_;
};

class SlurmSweep : public ::testing::Test {
 protected:
  std::string out(const std::string& name) const { return (folder_ / name).string(); }

  Words words(const std::string& file) const {
    return {"sweep", "--vary", "seed=1:24", "--device", "yao2020", "--count",
            "1000",  "--jobs", "1",         "--out",    out(file)};
  }
  // What the status command prints.
  CommandResult status() const {
    Words status = words("rows.csv");
    status.insert(status.end(), {"--shards", "4", "--status"});
    return run_mcnn(status);
  }

  const TemporaryFolder folder_{"mcnn_slurm"};
};

TEST_F(SlurmSweep, AKilledNodeLosesNothing) {
  PrivateSlurm slurm(folder_ / "slurm");
  if (const std::string why = slurm.start(); !why.empty()) GTEST_SKIP() << "Slurm: " << why;

  Words submit = words("rows.csv");
  submit.insert(submit.end(), {"--shards", "4", "--submit", "slurm"});
  const CommandResult submitted = run_mcnn(submit);
  ASSERT_EQ(submitted.status, 0) << submitted.err;
  EXPECT_NE(submitted.out.find("Submitted batch job "), std::string::npos) << submitted.out;
  const std::string job = submitted.out.substr(submitted.out.rfind(' ') + 1);

  // Node n2 dies when its first shard is in the middle.
  const auto rows_of_shard = [&](const std::string& shard) {
    const std::string text = status().out;
    const std::size_t at = text.find("shard     " + shard);
    return at == std::string::npos ? 6L : std::stol(text.substr(at + 12));
  };
  std::string shard;
  bool killed = false;
  for (int i = 0; i < 600 && !killed; ++i) {
    std::istringstream running(PrivateSlurm::output("squeue -h -t R -w n2 -o '%K'"));
    if (running >> shard) {
      const long rows = rows_of_shard(shard);
      if (rows >= 1 && rows <= 4) {
        slurm.kill_node("n2", "--out " + out("rows.csv") + " --shard " + shard + "/4");
        killed = true;
        break;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(killed) << status().out;
  EXPECT_FALSE(fs::exists(out("rows." + shard + "-of-4.csv")));

  // The controller finds it dead, queues the shard again (for two minutes later; not here), and the
  // other node goes on with it.
  CommandResult done;
  bool queued_again = false;
  for (int i = 0; i < 1200; ++i) {
    done = status();
    if (done.status != 1 || PrivateSlurm::output("squeue -h").empty()) break;
    if (PrivateSlurm::output("squeue -h -t PD -o '%r'").find("BeginTime") != std::string::npos) {
      queued_again = true;
      PrivateSlurm::runs("scontrol update StartTime=now job=" + job);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  if (done.status == 1) done = status();
  ASSERT_EQ(done.status, 0) << done.out << done.err << PrivateSlurm::output("squeue");
  EXPECT_TRUE(queued_again);
  EXPECT_NE(read_file(out("rows.logs/" + shard + ".log")).find("6 runs, "), std::string::npos);
  EXPECT_EQ(read_file(out("rows.logs/" + shard + ".log")).find("6 runs, 6 of them"),
            std::string::npos)
      << "its rows were lost";

  ASSERT_EQ(run_mcnn(words("whole.csv")).status, 0);
  EXPECT_EQ(read_file(out("rows.csv")), read_file(out("whole.csv")));
}

}  // namespace
}  // namespace mcnn::testing
